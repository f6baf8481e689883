// The file of a unix socket. A server that was killed leaves its file behind, and binding fails while the file is
// there. Connecting shows whether a server still listens. On Windows a path is that of a named pipe, which has no file
// and ends with its server.
//
// The file has the rights that the umask leaves. To give it others, change them before publishSocket().

import { once } from 'node:events';
import { type BigIntStats, existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { platform } from 'node:os';
import { dirname } from 'node:path';

/** The longest path of a socket: sun_path without its zero byte. Node 20 cuts longer ones off in silence. */
const PATH_BYTES_MAX = platform() === 'linux' ? 107 : 103;

/**
 * Removes the file of a socket on which no server listens any more.
 * @throws Error with the code EADDRINUSE if a server listens there or the file is no socket; Error for a path that is
 *   too long or in no folder
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if (await isStale(path)) unlinkSync(path);
}

/**
 * Moves the file of a bound socket to the path where clients look for it. Threads must listen on it by now: a server
 * that starts would take this one for dead if connecting failed.
 * @returns a function that removes the file, unless another server has put its own there
 * @throws Error as removeStaleSocket() does
 */
export async function publishSocket(from: string, path: string): Promise<() => void> {
  await isStale(path);
  renameSync(from, path);
  const { ino, dev } = statOf(path) as BigIntStats;
  return () => {
    const now = statOf(path);
    if (now?.ino === ino && now.dev === dev) unlinkSync(path);
  };
}

/** Whether the file of a dead server's socket is there. @throws Error as removeStaleSocket() does */
export async function isStale(path: string): Promise<boolean> {
  if (platform() === 'win32') return false;
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new Error(`the path of a socket has at most ${PATH_BYTES_MAX} bytes, not ${path}`);
  const folder = dirname(path);
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder} for the socket ${path}`);
  const found = statOf(path);
  if (found === undefined) return false;
  if (!found.isSocket()) throw inUse(path, 'it is no socket');
  if (await isListenedAt(path)) throw inUse(path, 'another server listens there');
  return true;
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
