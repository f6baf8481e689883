// Recognises whether the files of an application have changed, by their paths, sizes and times.

import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Most files that are looked at. */
const FILES_MAX = 10_000;

/**
 * Returns a text that changes with the files of an application: all files of the folder that has its package.json, or else
 * of its own folder, without node_modules and folders that begin with a dot. Undefined if they are too many, or if a link
 * leads to another folder: then a change could go unnoticed.
 * @param app URL of its module
 * @param except paths of files that do not count
 */
export async function fingerprintOf(app: string, except: readonly string[]): Promise<string | undefined> {
  const file = fileURLToPath(app);
  try {
    const folder = await folderOf(dirname(file));
    const others = new Set(except);
    const hash = createHash('sha256').update(await realpath(folder));
    let count = 0;
    for await (const path of filesIn(folder)) {
      if (++count > FILES_MAX || path === undefined) return undefined;
      if (others.has(path)) continue;
      const { size, mtimeMs, ctimeMs } = await stat(path);
      hash.update(`\0${path}\0${size}\0${mtimeMs}\0${ctimeMs}`);
    }
    return hash.digest('hex');
  } catch {
    // A file has gone meanwhile, or can't be read.
    return undefined;
  }
}

/** Finds the nearest folder with a package.json. */
async function folderOf(own: string): Promise<string> {
  for (let folder = own; ; folder = dirname(folder)) {
    try {
      await access(join(folder, 'package.json'));
      return folder;
    } catch {
      if (dirname(folder) === folder) return own;
    }
  }
}

/** Lists all files in a folder, in an order that stays; undefined in place of a link to a folder. */
async function* filesIn(folder: string): AsyncGenerator<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort(byName);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) yield* filesIn(path);
    } else if (entry.isSymbolicLink() && entry.name !== 'node_modules' && (await stat(path)).isDirectory())
      yield undefined;
    else yield path;
  }
}

function byName(one: Dirent, other: Dirent): number {
  return one.name < other.name ? -1 : 1;
}
