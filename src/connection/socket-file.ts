// The file of a unix socket. A server that was killed leaves its file behind, and binding fails while the file is
// there. Connecting shows whether a server still listens. On Windows a path is that of a named pipe, which has no file
// and ends with its server.
//
// A socket is bound at a name beside its path. When it has its mode, and threads listen, its file moves to the path: no
// client meets a file with the wrong mode, and no server takes another one for dead that does not listen yet.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type BigIntStats, chmodSync, lstatSync, renameSync, statSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { UnixAddress } from './address.ts';

/** The longest path of a socket: sun_path without its zero byte. Node 20 cuts longer ones off in silence. */
const PATH_BYTES_MAX = platform() === 'linux' ? 107 : 103;

/**
 * Returns the name at which the socket of a path is bound, until it is published.
 * @throws Error as checkPath() does
 */
export async function nameBeside(path: string): Promise<string> {
  await checkPath(path);
  return besideOf(path, randomBytes(4).toString('hex'));
}

/** Returns another name in the folder of a path, which is no longer than a socket's path may be. @param random hexadecimal digits */
export function besideOf(path: string, random: string): string {
  const name = `${path}.${random}`;
  if (Buffer.byteLength(name) <= PATH_BYTES_MAX) return name;
  // The path has a name of one byte at least, so there is room for one.
  const folder = dirname(path);
  const room = PATH_BYTES_MAX - Buffer.byteLength(join(folder, '/'));
  const short = join(folder, random.slice(0, room));
  return short === join(path) ? join(folder, 'x'.repeat(random.length).slice(0, room)) : short;
}

/** Gives the file of a bound socket its mode, if one is asked for. */
export function setMode(boundAt: string, { mode }: UnixAddress): void {
  if (mode !== undefined) chmodSync(boundAt, mode);
}

/**
 * Moves the file of a bound socket to the path where clients look for it. Threads must listen on it by now: a server
 * that starts would take this one for dead if connecting failed.
 * @returns a function that removes the file, unless another server has put its own there. Call it while the socket is
 *   open: until then no other file gets the number of this one
 * @throws Error as checkPath() does
 */
export async function publishSocket(boundAt: string, path: string): Promise<() => void> {
  await checkPath(path);
  renameSync(boundAt, path);
  const { ino, dev } = statOf(path) as BigIntStats;
  let removed = false;
  return () => {
    if (removed) return;
    removed = true;
    const now = statOf(path);
    if (now?.ino === ino && now.dev === dev) unlinkSync(path);
  };
}

/** Returns the error of binding the socket of a path. @param error the number that the system gave */
export function bindFailed(path: string, error: number): Error {
  const [code, why] = getSystemErrorMap().get(error) ?? ['', `error ${error}`];
  return Object.assign(new Error(`can't make the socket ${path}: ${why}`), { code });
}

/**
 * Checks that a socket may be published at a path: nothing is there, or the file of a dead server's socket.
 * @throws Error with the code EADDRINUSE if a server listens there or the file is no socket; Error for a path that is
 *   too long or in no folder
 */
async function checkPath(path: string): Promise<void> {
  if (platform() === 'win32') return;
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new Error(
      `the path of a socket has at most ${PATH_BYTES_MAX} bytes, not ${path}: choose a shorter one`,
    );
  const found = whatIsAt(path);
  if (found === undefined) return;
  if (found.isSymbolicLink())
    throw inUse(path, 'it is a link, and links are not followed: give the path that it leads to');
  if (found.isDirectory())
    throw inUse(path, `it is a folder: name a socket in it, such as ${join(path, 'app.sock')}`);
  if (!found.isSocket()) throw inUse(path, 'it is no socket: choose another path, or remove the file');
  if (await isListenedAt(path)) throw inUse(path, 'another server listens there: choose another path');
}

function whatIsAt(path: string): BigIntStats | undefined {
  const folder = dirname(path);
  try {
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return statOf(path);
  } catch (error) {
    throw bindFailed(path, (error as NodeJS.ErrnoException).errno ?? 0);
  }
  throw new Error(`there is no folder ${folder} for the socket ${path}: create it first`);
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

async function isListenedAt(path: string): Promise<boolean> {
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // Any other failure, such as a full queue or missing rights, may come from a listening server.
    return !['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    socket.destroy();
  }
}

function inUse(path: string, why: string): Error {
  return Object.assign(new Error(`address already in use ${path}: ${why}`), { code: 'EADDRINUSE' });
}
