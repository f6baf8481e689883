// The file that the access log is written to. Opening and writing never wait: a pipe that nobody reads refuses bytes.

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';

/** Stands for standard output in the place of a file. */
export const STANDARD_OUTPUT = '-';

/** Owner and group read; the process writes. */
const MODE = 0o640;
const { O_APPEND, O_CREAT, O_NONBLOCK = 0, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const STDOUT_DESCRIPTOR = 1;
/** The same pipe, opened again: the descriptor that other processes share stays as it is. */
const STDOUT_AGAIN = '/proc/self/fd/1';
/** No other writer's bytes come between those of one write to a pipe of at most so many (POSIX: PIPE_BUF). */
const PIPE_BYTES = 4096;
/** Bytes of one write to a file: after it the ring has room again. */
const FILE_BYTES = 262_144;
const LF = 0x0a;

export class AccessFile {
  /** The last line has been written in part only. */
  midLine = false;

  private constructor(
    private readonly descriptor: number,
    /** Most bytes of one write. */
    readonly pieceBytes: number,
  ) {}

  /** Opens the file for appending. @param path or `-` for standard output @throws the error of the system */
  static open(path: string): AccessFile {
    if (path === STANDARD_OUTPUT) return AccessFile.standardOutput();
    const known = statSync(path, { throwIfNoEntry: false });
    if (known?.isFIFO()) return new AccessFile(openSync(path, O_RDWR | O_NONBLOCK), PIPE_BYTES);
    const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, MODE);
    const file = new AccessFile(descriptor, FILE_BYTES);
    // A process that was killed may have left a part of a line.
    if (known !== undefined && endsWithinLine(path, known)) file.write(Uint8Array.of(LF));
    return file;
  }

  private static standardOutput(): AccessFile {
    const stats = fstatSync(STDOUT_DESCRIPTOR);
    if (!stats.isFIFO()) return new AccessFile(STDOUT_DESCRIPTOR, stats.isSocket() ? PIPE_BYTES : FILE_BYTES);
    try {
      return new AccessFile(openSync(STDOUT_AGAIN, O_WRONLY | O_NONBLOCK), PIPE_BYTES);
    } catch {
      return new AccessFile(STDOUT_DESCRIPTOR, PIPE_BYTES);
    }
  }

  /**
   * Writes a part of these bytes.
   * @returns how many; 0 if the file takes none at the moment
   * @throws the error of the system
   */
  write(bytes: Uint8Array): number {
    try {
      const written = writeSync(this.descriptor, bytes);
      if (written > 0) this.midLine = bytes[written - 1] !== LF;
      return written;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }

  close(): void {
    if (this.descriptor === STDOUT_DESCRIPTOR) return;
    try {
      closeSync(this.descriptor);
    } catch {
      // A file system of a network may report an earlier failure now.
    }
  }
}

function endsWithinLine(path: string, { size }: Stats): boolean {
  if (size === 0) return false;
  try {
    const descriptor = openSync(path, O_RDONLY | O_NONBLOCK);
    try {
      const last = new Uint8Array(1);
      return readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== LF;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

/**
 * Opens the file and closes it, so that a mistake shows before the server starts.
 * @param called the name of the option, as the user writes it
 * @throws Error of one line
 */
export function checkAccessLog(path: string, called: string): void {
  try {
    AccessFile.open(path).close();
  } catch (error) {
    throw new Error(`${called} ${path}: ${reasonOf(error)}`);
  }
}

/** Says why a file can't be written, and how to fix it. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'its folder does not exist: create it, or choose another file';
    case 'ENOTDIR':
      return 'a part of its path is not a folder: choose another file';
    case 'EISDIR':
      return 'this is a folder: give the path of a file';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user may not write it: change its permissions, or choose another file';
    case 'ENXIO':
      return 'this is a socket: give the path of a file';
    case 'ENOSPC':
      return 'no space is left on the device';
    case 'EPIPE':
      return 'its reader has gone';
    default:
      return message;
  }
}
