// Files that must be there after power loss: written beside the one they replace, made durable, then put in its
// place, which is made durable, too. Synchronous, since only the keeper's thread does it, and nothing there waits.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { platform } from 'node:os';
import { dirname, resolve } from 'node:path';

/** What is asked of the file system, as node:fs has it. Tests put one in its place that fails. */
export interface Files {
  /** @throws an Error with the code ENOENT when there is no such file */
  read(path: string): Buffer;
  open(path: string, flags: 'w' | 'r'): number;
  /** How many of the bytes it wrote. */
  write(descriptor: number, bytes: Uint8Array): number;
  sync(descriptor: number): void;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

export const SYSTEM_FILES: Files = {
  read: (path) => readFileSync(path),
  open: openSync,
  write: (descriptor, bytes) => writeSync(descriptor, bytes),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
};

/** The file, or undefined when there is none. @throws what reading fails with */
export function readIfThere(files: Files, path: string): Buffer | undefined {
  try {
    return files.read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Replaces a file: when this returns, the new one is there whatever happens. Until then the old one is, or the new.
 * @throws what the file system fails with
 */
export function replaceFile(files: Files, path: string, bytes: Uint8Array): void {
  const fresh = `${path}.new`;
  try {
    withOpen(files, fresh, 'w', (descriptor) => {
      let written = 0;
      while (written < bytes.length) written += files.write(descriptor, bytes.subarray(written));
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

/** Makes the folder, and those above it, so that they are there after power loss. @throws what it fails with */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) {
    // Not `recursive`, which goes on for ever where nobody can make a folder, such as below /proc.
    mkdirSync(folder, { mode: 0o700 });
    syncFolder(SYSTEM_FILES, dirname(folder));
  }
  if (!statSync(path).isDirectory()) throw new Error('it is not a folder');
}

/** Makes the names in a folder durable. Windows has no such thing. */
function syncFolder(files: Files, path: string): void {
  if (platform() !== 'win32') withOpen(files, path, 'r', (descriptor) => files.sync(descriptor));
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
