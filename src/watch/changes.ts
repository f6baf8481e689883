// Notices changes of single files. Editors replace files by renaming, so the folders of the files are watched, by name. A
// folder that is missing is awaited in the nearest folder above it.

import { existsSync, type FSWatcher, lstatSync, realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** A watched folder. */
interface Folder {
  watcher: FSWatcher | undefined;
  /** The entries that count. */
  readonly names: Set<string>;
}

export class Changes {
  /** The files, and whether each existed when it was looked at last. */
  private readonly files = new Map<string, boolean>();
  private readonly folders = new Map<string, Folder>();
  private readonly root: string;
  private warned = false;

  /**
   * @param root folder of the application: below it, folders may be replaced, too
   * @param changed called with the path of a file that was written, created, deleted or replaced
   * @param warn called with a line for the log
   */
  constructor(
    root: string,
    private readonly changed: (path: string) => void,
    private readonly warn: (text: string) => void,
  ) {
    this.root = realPathOf(root);
  }

  /** Watches a file, or the place of a missing one. If links lead to the file, watches the links. */
  add(path: string): void {
    for (const one of [...linksIn(path), realPathOf(path)]) {
      this.files.set(one, existsSync(one));
      this.look(one);
    }
  }

  /** Watches these files alone. */
  keepOnly(paths: readonly string[]): void {
    this.files.clear();
    for (const { names } of this.folders.values()) names.clear();
    for (const path of paths) this.add(path);
    for (const [path, { names }] of this.folders) if (names.size === 0) this.forget(path);
  }

  close(): void {
    for (const path of [...this.folders.keys()]) this.forget(path);
  }

  /** Watches the folder of a file, and the folders above it as far as these may be replaced. */
  private look(file: string, again = true): void {
    let missing: string | undefined;
    for (let path = file; dirname(path) !== path; path = dirname(path)) {
      const folder = dirname(path);
      const exists = this.watchFolder(folder, basename(path));
      // From here on the creation of the missing folder is noticed. It may have happened before.
      if (exists && missing !== undefined && again && existsSync(missing)) {
        this.look(file, false);
        return;
      }
      missing = exists ? undefined : folder;
      if (exists && !folder.startsWith(this.root + sep)) return;
    }
  }

  /** @returns whether there is such a folder */
  private watchFolder(path: string, name: string): boolean {
    const known = this.folders.get(path);
    if (known !== undefined) {
      known.names.add(name);
      return true;
    }
    try {
      // A file can be watched, too.
      if (!statSync(path).isDirectory()) return false;
      const watcher = watch(path, { persistent: false }, (event, entry) => this.hear(path, event, entry));
      watcher.on('error', () => this.renew(path));
      this.folders.set(path, { watcher, names: new Set([name]) });
      return true;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      this.warnOnce(path, code === 'ENOSPC' ? 'raise fs.inotify.max_user_watches (sysctl)' : message);
      this.folders.set(path, { watcher: undefined, names: new Set([name]) });
      return true;
    }
  }

  private hear(folder: string, event: string, entry: string | null): void {
    const names = this.folders.get(folder)?.names ?? new Set();
    for (const name of entry === null ? names : [entry]) {
      // The folder itself has gone.
      if (event === 'rename' && name === basename(folder)) this.renew(folder);
      if (!names.has(name)) continue;
      const path = join(folder, name);
      if (this.files.has(path)) this.changed(path);
      if (event === 'rename') this.renew(path);
    }
  }

  /** A folder was created, deleted or replaced, and the files below it with it. */
  private renew(path: string): void {
    const below = path + sep;
    for (const folder of [...this.folders.keys()])
      if (folder === path || folder.startsWith(below)) this.forget(folder);
    for (const [file, existed] of [...this.files].filter(([one]) => one.startsWith(below))) {
      this.look(file);
      const exists = existsSync(file);
      this.files.set(file, exists);
      if (existed || exists) this.changed(file);
    }
  }

  private forget(path: string): void {
    this.folders.get(path)?.watcher?.close();
    this.folders.delete(path);
  }

  private warnOnce(path: string, why: string): void {
    if (!this.warned) this.warn(`Can't watch ${path} for changes: ${why}`);
    this.warned = true;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** The links on the way to a file. */
function linksIn(path: string): string[] {
  const links: string[] = [];
  for (let part = path; dirname(part) !== part; part = dirname(part)) if (isLink(part)) links.push(part);
  return links;
}
