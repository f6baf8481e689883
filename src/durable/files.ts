// Files that survive a power loss: a file is written beside the one it replaces and synced, then renamed, and the folder
// is synced. All calls are synchronous, since they run only in the keeper's thread, where nothing else waits.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { platform } from 'node:os';
import { dirname } from 'node:path';
import { ROOT, serverUser, WRITABLE_BY_GROUP_OR_OTHERS } from './server-user.ts';

/** The calls to the file system, as in node:fs. Tests replace it by a file system that fails. */
export interface Files {
  /**
   * Reads a file.
   * @throws Error with the code ENOENT when there is no such file
   * @throws Error in one line when it is not a regular file, is larger than `bytesMax`, or another user could change it
   */
  read(path: string, bytesMax: number): Buffer;
  /** Opens a folder (`r`), or removes the file of this name and makes a new one (`w`). @returns a descriptor */
  open(path: string, flags: 'w' | 'r'): number;
  /** Writes bytes. @returns how many were written */
  write(descriptor: number, bytes: Uint8Array): number;
  sync(descriptor: number): void;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

const OWNER_ONLY = 0o600;
// With these flags, opening neither follows a symbolic link nor waits for a pipe. Windows has neither flag.
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

export const SYSTEM_FILES: Files = {
  read: readRegular,
  open: (path, flags) => (flags === 'w' ? openFresh(path) : openSync(path, O_RDONLY)),
  write: (descriptor, bytes) => writeSync(descriptor, bytes),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
};

/** Reads a file; returns undefined when there is none. @throws the error of reading */
export function readIfThere(files: Files, path: string, bytesMax: number): Buffer | undefined {
  try {
    return files.read(path, bytesMax);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces the content of a file by these pieces. Once this has returned, a power loss leaves the new file; before that, it
 * leaves the old file or the new one, never a mixture.
 * @throws the error of the file system
 */
export function replaceFile(files: Files, path: string, pieces: readonly Uint8Array[]): void {
  const fresh = `${path}.new`;
  try {
    withOpen(files, fresh, 'w', (descriptor) => {
      for (const bytes of pieces) {
        let written = 0;
        while (written < bytes.length) written += files.write(descriptor, bytes.subarray(written));
      }
      files.sync(descriptor);
    });
    files.rename(fresh, path);
  } catch (error) {
    // After a failed sync, a later one may succeed although the bytes are not on the disk.
    attempt(() => files.remove(fresh));
    throw error;
  }
  syncFolder(files, dirname(path));
}

/** Syncs a folder, so that the names in it survive a power loss. Windows has no such call. */
export function syncFolder(files: Files, path: string): void {
  if (platform() !== 'win32') withOpen(files, path, 'r', (descriptor) => files.sync(descriptor));
}

/** Makes a new file. Removes a former file of that name, left by a server that crashed while it wrote. */
function openFresh(path: string): number {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY);
}

function readRegular(path: string, bytesMax: number): Buffer {
  // Checked before it is opened, since opening a device may have side effects.
  checkRegular(path, lstatSync(path), bytesMax);
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    checkRegular(path, stats, bytesMax);
    const bytes = Buffer.allocUnsafe(stats.size);
    let size = 0;
    for (let read = 1; read > 0 && size < bytes.length; size += read)
      read = readSync(descriptor, bytes, size, bytes.length - size, null);
    return bytes.subarray(0, size);
  } finally {
    closeSync(descriptor);
  }
}

function checkRegular(path: string, stats: Stats, bytesMax: number): void {
  if (stats.isSymbolicLink()) throw new Error(`${path} is a symbolic link, and must be a file: remove it`);
  if (!stats.isFile()) throw new Error(`${path} is not a regular file: remove it`);
  const user = serverUser();
  if (user !== undefined) {
    if (stats.uid !== user && stats.uid !== ROOT)
      throw new Error(
        `${path} belongs to user ${stats.uid} and the server runs as user ${user}: run chown ${user} ${path}`,
      );
    if ((stats.mode & WRITABLE_BY_GROUP_OR_OTHERS) !== 0)
      throw new Error(`other users can write to ${path}: run chmod 600 ${path}`);
  }
  if (stats.size > bytesMax)
    throw new Error(`${path} has ${stats.size} bytes, and can't be hotpath's: at most ${bytesMax} are read`);
}

function withOpen(files: Files, path: string, flags: 'w' | 'r', act: (descriptor: number) => void): void {
  const descriptor = files.open(path, flags);
  try {
    act(descriptor);
  } catch (error) {
    attempt(() => files.close(descriptor));
    throw error;
  }
  files.close(descriptor);
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}
