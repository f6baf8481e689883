// One server a state folder: who has it listens at a socket in it. A server that has ended, in whatever way, does not
// answer there any more, so nothing can be left over that keeps others out.
//
// The sockets are called lock.1, lock.2, …, and the highest counts. A server makes a socket that answers, then gives
// it the next number by link(), which fails where somebody was faster: so no socket with a number is without an
// answer while its server lives. The highest is removed only for a higher one; who finds a higher one than its own
// has gone by an old list of names, and begins again.

import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import net, { type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';

/** A folder that is this server's, until it ends or lets go. */
export interface Lock {
  release(): Promise<void>;
}

/** The numbered sockets of a folder. Tests put others in their place. */
export interface Sockets {
  /** The highest number, 0 where there is none. */
  highest(): Promise<number>;
  /** Whether a server answers at the socket of this number. */
  answers(number: number): Promise<boolean>;
  /** Gives the own socket a number; false when another has it. */
  link(number: number): Promise<boolean>;
  remove(number: number): Promise<void>;
}

/** The least that a system allows for a socket's path, with a NUL at the end: 104. */
const PATH_BYTES_MAX = 103;
const FRESH = 'lock.fresh-';
const FRESH_BYTES = FRESH.length + 9;
const NUMBERED = /^lock\.([1-9]\d*)$/;
/** A server a millisecond would take eleven days to get here. */
const NUMBER_MAX = 1e9 - 1;
/** A server that fails to get a number so often is slower than as many others that start now. */
const TRIES_MAX = 100;
const ANSWER_MS = 1000;

/** @throws Error in one line when another server has the folder, or no socket can be made in it */
export async function lockFolder(folder: string): Promise<Lock> {
  if (platform() === 'win32') return { release: closing(await listenAt(pipeOf(folder), folder)) };
  if (Buffer.byteLength(folder) + FRESH_BYTES > PATH_BYTES_MAX)
    throw new Error(
      `the state folder ${folder} can't hold a socket: its path has more than ${PATH_BYTES_MAX - FRESH_BYTES} bytes`,
    );
  const fresh = join(folder, `${FRESH}${randomBytes(4).toString('hex')}`);
  const server = await listenAt(fresh, folder);
  try {
    allowOwnerOnly(fresh);
    const number = await takeNumber(socketsIn(folder, fresh));
    if (number === undefined) throw inUse(folder);
    await tidy(folder, number);
  } catch (error) {
    await closing(server)();
    throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  return { release: closing(server) };
}

/** The number that makes the folder one's own; undefined when it is another's. */
export async function takeNumber(sockets: Sockets): Promise<number | undefined> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const highest = await sockets.highest();
    if (highest > 0 && (await sockets.answers(highest))) return undefined;
    const own = highest + 1;
    if (!(await sockets.link(own))) continue;
    if ((await sockets.highest()) === own) return own;
    await sockets.remove(own);
  }
  return undefined;
}

function socketsIn(folder: string, fresh: string): Sockets {
  const path = (number: number): string => join(folder, `lock.${number}`);
  return {
    highest: async () => numbersIn(folder).reduce((high, number) => Math.max(high, number), 0),
    answers: (number) => answers(path(number)),
    link: async (number) => {
      if (number > NUMBER_MAX) throw tooHigh(folder, `${NUMBER_MAX}`);
      try {
        linkSync(fresh, path(number));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw new Error(`no socket can be linked in the state folder: ${(error as Error).message}`);
      }
    },
    remove: async (number) => rmSync(path(number), { force: true }),
  };
}

/** Removes the sockets of servers that are gone. */
async function tidy(folder: string, own: number): Promise<void> {
  for (const name of readdirSync(folder)) {
    const [, number] = NUMBERED.exec(name) ?? [];
    const lower = number !== undefined && Number(number) < own;
    const path = join(folder, name);
    if (!lower && !(name.startsWith(FRESH) && !(await answers(path).catch(() => true)))) continue;
    // A folder is nothing that a server left, and does no harm.
    if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { force: true });
  }
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const [, number] = NUMBERED.exec(name) ?? [];
    if (number === undefined) return [];
    if (Number(number) <= NUMBER_MAX) return [Number(number)];
    throw tooHigh(folder, number);
  });
}

/** Only a socket at which no server listens, and a file that is no socket, are known not to answer. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return resolve(false);
    const socket = net.connect({ path });
    const tell = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => tell(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      code === 'EACCES'
        ? reject(new Error(`${path} is another user's: remove it when no server uses the folder`))
        : tell(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
    socket.setTimeout(ANSWER_MS, () => tell(true));
  });
}

/** Listens without keeping the program alive. */
function listenAt(path: string, folder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      reject(
        code === 'EADDRINUSE'
          ? inUse(folder)
          : new Error(`no socket can be made in the state folder ${folder}: ${message}`),
      ),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

/** The folder keeps others out as well: some file systems have no modes for sockets. */
function allowOwnerOnly(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {}
}

function closing(server: Server): () => Promise<void> {
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function tooHigh(folder: string, number: string): Error {
  return new Error(
    `the state folder ${folder} has a lock.${number}, whose number is too high: remove it when no server uses the folder`,
  );
}

function inUse(folder: string): Error {
  return new Error(
    `the state folder ${folder} is another server's: stop that one, or give this one another folder`,
  );
}

/** Windows has no sockets in folders, and frees the name of a pipe when its server ends. */
function pipeOf(folder: string): string {
  return `\\\\.\\pipe\\hotpath-${createHash('sha256').update(realpathSync(folder).toLowerCase()).digest('hex')}`;
}
