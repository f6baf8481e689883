// Opens the state folder: makes it if it is missing, and rejects it when another user could change its content or replace
// the folder.

import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SYSTEM_FILES, syncFolder } from './files.ts';
import { ROOT, serverUser, WRITABLE_BY_GROUP_OR_OTHERS } from './server-user.ts';

const OWNER_ONLY = 0o700;
const WRITABLE_BY_OTHERS = 0o002;
/** In a folder with this bit, such as /tmp, a user can't rename or remove the files of other users. */
const STICKY = 0o1000;

/**
 * Makes the folder, and the folders above it, if they are missing, so that they survive a power loss.
 * @returns its path without symbolic links, since the path of a socket must be short
 * @throws Error in one line when the folder can't be made, or another user could change its content
 */
export function openStateFolder(path: string): string {
  try {
    makeFolder(path);
    checkWay(path);
    return realpathSync(path);
  } catch (error) {
    throw new Error(`the state folder ${path} can't be used: ${(error as Error).message}`);
  }
}

function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) {
    // Without `recursive`, which never returns where no folder can be made, such as below /proc.
    mkdirSync(folder, { mode: OWNER_ONLY });
    syncFolder(SYSTEM_FILES, dirname(folder));
  }
  if (!statSync(path).isDirectory()) throw new Error('it is not a folder');
}

/**
 * Checks the owner and the mode of the folder and of every folder above it: a user who may rename a folder on the path can
 * replace it. A folder above may be writable by its group, as umask 002 makes them. Windows has no such modes.
 */
function checkWay(path: string): void {
  const user = serverUser();
  if (user === undefined) return;
  const folder = realpathSync(path);
  for (const [place, { uid, mode }, isLink] of [...wayTo(resolve(path)), ...wayTo(folder)]) {
    if (uid !== user && uid !== ROOT)
      throw new Error(
        `${place} belongs to user ${uid} and the server runs as user ${user}: use a folder below folders of user ${user}`,
      );
    if (isLink) continue;
    if (place === folder && (mode & WRITABLE_BY_GROUP_OR_OTHERS) !== 0)
      throw new Error(`other users can write to it: run chmod 700 ${place}, or use another folder`);
    if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0)
      throw new Error(`other users can write to ${place}: run chmod o-w ${place}, or use another folder`);
  }
}

/** Everything that the system visits to resolve this absolute path: folders and symbolic links, with their state. */
function* wayTo(path: string): Generator<[place: string, stats: Stats, isLink: boolean]> {
  const above = dirname(path);
  if (above !== path) yield* wayTo(above);
  const stats = lstatSync(path);
  yield [path, stats, stats.isSymbolicLink()];
  if (stats.isSymbolicLink()) yield* wayTo(resolve(realpathSync(above), readlinkSync(path)));
}
