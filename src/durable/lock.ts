// The lock of a state folder, so that only one server uses it. The owning server listens on a socket in the folder; a
// dead server's socket doesn't answer, so a crash leaves no lock behind.
//
// The sockets are called lock.1, lock.2, …, and the highest number counts. A server makes a socket and listens on it, then
// links it to the next number. link() fails when another server was faster. So a numbered socket answers as long as its
// server lives. The highest socket is removed only after a higher one exists. A server that then finds a higher number
// than its own had read an old list of names, and starts again.

import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import net, { type Server } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';

/** The lock of a folder, held until it is released or the server ends. */
export interface Lock {
  release(): Promise<void>;
}

/** The numbered sockets of a folder. Exported for tests, which use simulated ones. */
export interface Sockets {
  /** The highest number; 0 when there is none. */
  highest(): Promise<number>;
  /** Whether a server answers at the socket of this number. */
  answers(number: number): Promise<boolean>;
  /** Links this server's socket to a number; false when the number is taken. */
  link(number: number): Promise<boolean>;
  remove(number: number): Promise<void>;
}

/** All systems allow at least this size for the path of a socket: 104 bytes with the NUL at the end. */
const PATH_BYTES_MAX = 103;
const FRESH = 'lock.fresh-';
const FRESH_BYTES = FRESH.length + 9;
const NUMBERED = /^lock\.([1-9]\d*)$/;
/** With a new server every millisecond, this number would be reached after eleven days. */
const NUMBER_MAX = 1e9 - 1;
/** A server that fails this often competes with many others that start at the same moment. */
const TRIES_MAX = 100;
const ANSWER_MS = 1000;

/** Locks a folder. @throws Error in one line when another server uses the folder, or no socket can be made in it */
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

/** Takes the highest number, which locks the folder; undefined when another server has it. Exported for tests. */
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

/** Removes the sockets of dead servers. */
async function tidy(folder: string, own: number): Promise<void> {
  for (const name of readdirSync(folder)) {
    const [, number] = NUMBERED.exec(name) ?? [];
    const lower = number !== undefined && Number(number) < own;
    const path = join(folder, name);
    if (!lower && !(name.startsWith(FRESH) && !(await answers(path).catch(() => true)))) continue;
    // A folder of that name can't be from a server, and does no harm.
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

/** Whether a server may be listening on a socket: false only when none is, or when the file is not a socket. */
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

/** Listens on a path, without keeping the process alive. */
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

/** Sets the mode of a socket. Some file systems have no modes for sockets; there the mode of the folder must do. */
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
    `the state folder ${folder} is in use by another server: stop that server, or use another folder`,
  );
}

/** The name of this folder's pipe. Windows has no sockets in folders, and frees a pipe's name when its server ends. */
function pipeOf(folder: string): string {
  return `\\\\.\\pipe\\hotpath-${createHash('sha256').update(realpathSync(folder).toLowerCase()).digest('hex')}`;
}
