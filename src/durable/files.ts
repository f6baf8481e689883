// Files that must be there after power loss: written beside the one they replace, made durable, then put in its
// place, which is made durable, too. Synchronous, since only the keeper's thread does it, and nothing there waits.

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

/** What is asked of the file system, as node:fs has it. Tests put one in its place that fails. */
export interface Files {
  /**
   * Reads a file.
   * @throws an Error with the code ENOENT when there is no such file
   * @throws an Error in one line when it is no regular file, has more than `bytesMax`, or another user could change it
   */
  read(path: string, bytesMax: number): Buffer;
  /** Opens a folder (`r`), or makes a file of this name that was not there before (`w`), in the place of an old one. */
  open(path: string, flags: 'w' | 'r'): number;
  /** How many of the bytes it wrote. */
  write(descriptor: number, bytes: Uint8Array): number;
  sync(descriptor: number): void;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

const OWNER_ONLY = 0o600;
// A link or a pipe that lies where a file should be is neither followed nor waited for. Windows has neither flag.
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

/** The file, or undefined when there is none. @throws what reading fails with */
export function readIfThere(files: Files, path: string, bytesMax: number): Buffer | undefined {
  try {
    return files.read(path, bytesMax);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces a file by one of these pieces: when this returns, the new one is there whatever happens. Until then the old one is, or the new.
 * @throws what the file system fails with
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
    // What could not be made durable may seem to be, to the next who tries.
    attempt(() => files.remove(fresh));
    throw error;
  }
  syncFolder(files, dirname(path));
}

/** Makes the names in a folder durable. Windows has no such thing. */
export function syncFolder(files: Files, path: string): void {
  if (platform() !== 'win32') withOpen(files, path, 'r', (descriptor) => files.sync(descriptor));
}

/** Makes a new file. A file that is left of a server that ended while it wrote is removed. */
function openFresh(path: string): number {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY);
}

function readRegular(path: string, bytesMax: number): Buffer {
  // Opening a device may do something to it.
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
