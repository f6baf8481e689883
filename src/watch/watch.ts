// Reloads the application whenever a file that it imports has changed. The threads report what they import. A change
// that comes during a reload is followed by another reload, so that the last change is always the one that serves.

import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeOfSyntaxError } from '../app/load.ts';
import { plural } from '../plural.ts';
import { Changes } from './changes.ts';

/** Editors write several times: a change is over when it has been quiet for this time. */
const QUIET_MS = 30;
/** Changes without a pause are loaded after this time. */
const RESTLESS_MS = 500;
/** A load that takes longer is ended when a file has changed. Most loads end sooner, and the next one follows. */
const PATIENCE_MS = 1000;
/** Time for a file that was deleted to come back, as some editors do when they save. */
const ABSENT_MS = 150;
/** The times of files are coarse: a file may have been written this long after the time that it has. */
const COARSE_MS = 15;

/** Finding a syntax error takes a process for each file, so no more files are searched. */
const SEARCHED_MAX = 20;

/** Loads the application, on behalf of the watch. */
export interface Loader {
  /** Replaces the threads. @throws the error of loading; then the old threads go on */
  reload(): Promise<void>;
  /** Ends the load under way, since a newer one will follow. */
  abandon(): void;
}

export interface WatchOptions {
  /** URL of the application's module. */
  app: string;
  note: (text: string) => void;
  warn: (text: string) => void;
}

export class Watch {
  private readonly changes: Changes;
  private loader: Loader | undefined;
  /** The files, each with the last load that imported it. */
  private readonly files = new Map<string, number>();
  /** Files that count whatever the application imports. */
  private readonly always: string[];
  /** Files that have changed since the last load began. */
  private readonly pending = new Set<string>();
  private sinceMs = 0;
  private timer: NodeJS.Timeout | undefined;
  /** The pending changes have been quiet. */
  private quiet = false;
  private serves = false;
  private running = false;
  /** When the load under way began. */
  private loadMs = performance.now();
  private patience: NodeJS.Timeout | undefined;
  /** Ends the wait after a failed start. */
  private proceed: (() => void) | undefined;

  constructor(private readonly options: WatchOptions) {
    const app = fileURLToPath(options.app);
    const manifest = nearestManifest(dirname(app));
    // "type" and "imports" of package.json decide how files are loaded. Installing a package writes it, too.
    this.always = [app, ...(manifest === undefined ? [] : [manifest])];
    const root = dirname(manifest ?? app);
    this.changes = new Changes(root, (path) => this.touched(path), options.warn);
    this.changes.keepOnly(this.always);
  }

  /** A file has changed since the last load began. */
  get changed(): boolean {
    return this.pending.size > 0;
  }

  attach(loader: Loader): void {
    this.loader = loader;
  }

  /** The server serves: from now on each change reloads it. */
  begin(): void {
    this.serves = true;
    clearTimeout(this.patience);
    void this.run();
  }

  /**
   * A thread imports these files.
   * @param load counts the generations of threads
   * @param atMs before the thread has read the files
   */
  imported(load: number, files: readonly string[], atMs: number): void {
    for (const file of files) {
      const before = this.files.get(file);
      this.files.set(file, Math.max(load, before ?? 0));
      if (before !== undefined) continue;
      this.changes.add(file);
      // A change since then would have been missed.
      if (changeTimeOf(file) > atMs - COARSE_MS) this.touched(file);
    }
  }

  /** All threads of a load serve: files that only earlier loads imported no longer count. */
  loaded(load: number): void {
    for (const [file, last] of this.files) if (last < load) this.files.delete(file);
    this.changes.keepOnly([...this.always, ...this.files.keys()]);
  }

  /** The application has failed to load at the first start. Resolves at the next change. */
  async failed(error: Error): Promise<void> {
    if (!this.changed)
      this.options.warn(
        `Could not start: ${withPlace(error.message, [...this.files.keys()])}; waiting for a change`,
      );
    if (!this.quiet) await new Promise<void>((resolve) => (this.proceed = resolve));
    this.proceed = undefined;
    this.take();
  }

  /** Tries a failed start again. */
  retry(): void {
    this.proceed?.();
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.patience);
    this.serves = false;
    this.changes.close();
  }

  private touched(path: string): void {
    const now = performance.now();
    if (!this.changed) this.sinceMs = now;
    this.pending.add(path);
    this.quiet = false;
    this.wait(Math.min(QUIET_MS, this.sinceMs + RESTLESS_MS - now));
    clearTimeout(this.patience);
    if (!this.serves || this.running)
      this.patience = setTimeout(() => this.loader?.abandon(), this.loadMs + PATIENCE_MS - now);
  }

  private wait(ms: number, absent = false): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (!absent && [...this.pending].some((path) => !existsSync(path))) {
        this.wait(ABSENT_MS, true);
        return;
      }
      this.quiet = true;
      this.proceed?.();
      void this.run();
    }, ms);
  }

  /** Reloads as long as there are changes. */
  private async run(): Promise<void> {
    if (this.running || !this.serves) return;
    this.running = true;
    while (this.quiet && this.serves) {
      const { text, files, sinceMs } = this.take();
      try {
        await this.loader?.reload();
        this.options.note(`${text}: reloaded in ${Math.round(performance.now() - sinceMs)} ms`);
      } catch (error) {
        // The line about the newer change will say how things are.
        if (!this.changed && this.serves)
          this.options.warn(
            `${text}: could not reload: ${withPlace((error as Error).message, files)}; the old workers keep serving`,
          );
      }
    }
    clearTimeout(this.patience);
    this.running = false;
  }

  /** Takes the pending changes: what comes from now on needs another load. */
  private take(): { text: string; files: string[]; sinceMs: number } {
    const files = [...this.pending];
    const [first = '', ...more] = files;
    const text =
      more.length === 0
        ? `${shown(first)} has changed`
        : `${shown(first)} and ${plural(more.length, 'other file')} have changed`;
    this.pending.clear();
    this.quiet = false;
    clearTimeout(this.patience);
    this.loadMs = performance.now();
    return { text, files, sinceMs: this.sinceMs };
  }
}

/** Adds the place of a syntax error to its message, which names none if an imported file has the error. */
function withPlace(message: string, files: string[]): string {
  if (!/: SyntaxError: (?!.*\(.*:\d+\))/.test(message)) return message;
  for (const file of files.filter((one) => /\.[cm]?js$/.test(one)).slice(0, SEARCHED_MAX)) {
    const place = placeOfSyntaxError(file);
    if (place !== undefined) return `${message} (${place})`;
  }
  return message;
}

function nearestManifest(folder: string): string | undefined {
  const path = join(folder, 'package.json');
  if (existsSync(path)) return path;
  return dirname(folder) === folder ? undefined : nearestManifest(dirname(folder));
}

/** The time of the last change, in milliseconds since 1970; 0 if there is no such file. */
function changeTimeOf(file: string): number {
  try {
    return statSync(file).ctimeMs;
  } catch {
    return 0;
  }
}

/** A path as the log shows it: from the working directory if it is below that. */
function shown(path: string): string {
  const short = relative('', path);
  return short === '..' || short.startsWith(`..${sep}`) ? path : short;
}
