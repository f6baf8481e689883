// The kinds of option values, and how each is read from text. A mistake is reported in one line that names the option as
// the user wrote it.

import { platform } from 'node:os';
import { resolve } from 'node:path';
import { parseAllowedHost } from './app/allowed-hosts.ts';
import { PROXY_FIELDS, type ProxyField } from './connection/access.ts';
import { type Address, hostToListen } from './connection/address.ts';
import { STANDARD_OUTPUT } from './logs/access-file.ts';
import { escaped } from './one-line.ts';
import { isToken } from './protocol/token.ts';

/** A mistake in the options: its message is one line that names the option and the fix. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export interface OptionKind<T> {
  /** The value in the help: `N`, `HOST`, `wasm|js`; undefined for a flag without a value. */
  readonly value: string | undefined;
  readonly byDefault: T;
  /** The values that the option can have, where `value` does not list them. */
  readonly range?: string;
  /** A program may pass an array of texts, which is read as if they were joined by commas. */
  readonly list?: true;
  /** The base in which a program's number is written. */
  readonly radix?: number;
  /** The flag may be repeated: the values are joined by NUL, which no path contains. */
  readonly repeats?: true;
  /**
   * @param name of the option, as the user wrote it
   * @throws OptionError
   */
  read(text: string, name: string): T;
}

export function oneOf<T extends string | undefined>(choices: readonly T[], byDefault: T): OptionKind<T> {
  const listed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  return {
    value: choices.join('|'),
    byDefault,
    read: (text, name) => {
      const choice = choices.find((known) => known === text);
      if (choice === undefined) throw new OptionError(`${name} must be ${listed}, not '${escaped(text)}'`);
      return choice;
    },
  };
}

export function wholeNumber(least: number, most: number, byDefault: number): OptionKind<number> {
  return numberOf({ value: 'N', what: 'a whole number', least, most }, byDefault);
}

export function bytes(least: number, most: number, byDefault: number): OptionKind<number> {
  return numberOf({ value: 'BYTES', what: 'a whole number of bytes', least, most }, byDefault);
}

export function milliseconds(least: number, most: number, byDefault: number): OptionKind<number> {
  return numberOf({ value: 'MS', what: 'a whole number of milliseconds', least, most }, byDefault);
}

export function wholeNumberOrAuto(least: number, most: number): OptionKind<number | 'auto'> {
  const number: NumberKind = { value: 'N|auto', what: 'auto or a whole number', least, most };
  return {
    value: number.value,
    byDefault: 'auto',
    range: `auto, or ${least} to ${most}`,
    read: (text, name) => (text === 'auto' ? 'auto' : readNumber(text, name, number)),
  };
}

export function powerOfTwo(most: number, byDefault: number): OptionKind<number> {
  const number: NumberKind = { value: 'N', what: 'a whole number', least: 1, most };
  return {
    value: number.value,
    byDefault,
    range: `a power of two, 1 to ${most}`,
    read: (text, name) => {
      const size = readNumber(text, name, number);
      if (!Number.isInteger(Math.log2(size)))
        throw new OptionError(`${name} must be a power of two, such as 1024 or 4096, not '${text}'`);
      return size;
    },
  };
}

/** A flag that switches off a default; its texts are the `true` and `false` of a program. */
export const SWITCH_OFF: OptionKind<boolean> = { value: undefined, byDefault: true, read: readSwitch };

/** A flag that switches something on. */
export const SWITCH_ON: OptionKind<boolean> = { value: undefined, byDefault: false, read: readSwitch };

export const HOST: OptionKind<string> = {
  value: 'HOST',
  byDefault: '127.0.0.1',
  read: (text, name) => {
    if (text === '') throw new OptionError(`${name} needs an address, such as 127.0.0.1 or ::`);
    const host = hostToListen(text);
    if (host === undefined)
      throw new OptionError(
        `${name} must be an address or a name without a port, such as 127.0.0.1, :: or localhost, not '${escaped(text)}'`,
      );
    return host;
  },
};

export const FOLDER: OptionKind<string | undefined> = {
  value: 'DIR',
  byDefault: undefined,
  read: (text, name) => {
    if (text === '') throw new OptionError(`${name} needs the path of a folder`);
    return resolve(text);
  },
};

/** Separates the values of a repeated flag. */
export const NUL = '\0';

export const FILES: OptionKind<readonly string[] | undefined> = {
  value: 'FILE',
  byDefault: undefined,
  repeats: true,
  read: (text, name) => text.split(NUL).map((path) => fileOf(path, name)),
};

export const FILE: OptionKind<string | undefined> = {
  value: 'FILE',
  byDefault: undefined,
  read: fileOf,
};

export const SOCKET_PATH: OptionKind<string | undefined> = {
  value: 'PATH',
  byDefault: undefined,
  read: (text, name) => {
    if (/^[@\0]/.test(text))
      throw new OptionError(
        `${name} needs the path of a file, and has no abstract names: write ./@name for a file called @name`,
      );
    if (text === '' || text.includes(NUL)) throw new OptionError(`${name} needs the path of a socket`);
    // The path of a named pipe is absolute.
    return platform() === 'win32' ? text : resolve(text);
  },
};

export const LOG_FILE: OptionKind<string | undefined> = {
  value: 'FILE|-',
  byDefault: undefined,
  read: (text, name) => (text === STANDARD_OUTPUT ? text : fileOf(text, name)),
};

export const FIELD_NAME: OptionKind<string> = {
  value: 'NAME',
  byDefault: 'x-request-id',
  read: (text, name) => {
    if (!isToken(text)) throw new OptionError(`${name} must be the name of a field, not '${escaped(text)}'`);
    return text.toLowerCase();
  },
};

/** HOST:PORT, or the path of a unix socket. */
export const ADMIN_ADDRESS: OptionKind<Address | undefined> = {
  value: 'HOST:PORT|PATH',
  byDefault: undefined,
  read: (text, name) => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
    const known = hostToListen(host);
    if (known !== undefined) return { host: known, port: readNumber(port, `the port of ${name}`, PORTS) };
    if (/[/\\]/.test(text) && !text.includes(NUL))
      return { path: platform() === 'win32' ? text : resolve(text) };
    throw new OptionError(
      `${name} must be an address and a port, such as 127.0.0.1:9090, or the path of a socket, such as ./admin.sock, not '${escaped(text)}'`,
    );
  },
};

const OCTAL = 8;

export const FILE_MODE: OptionKind<number | undefined> = {
  value: 'MODE',
  byDefault: undefined,
  radix: OCTAL,
  range: '000 to 777, octal',
  read: (text, name) => {
    if (platform() === 'win32')
      throw new OptionError(`${name} has no effect on Windows, where a named pipe has no mode: leave it out`);
    if (!/^0?[0-7]{3}$/.test(text))
      throw new OptionError(
        `${name} must be an octal mode such as 660, or 0o660 in a program, not '${escaped(text)}'`,
      );
    return Number.parseInt(text, OCTAL);
  },
};

const PORTS: NumberKind = { value: 'PORT', what: 'a whole number', least: 0, most: 65_535 };

export const PORT: OptionKind<number | undefined> = {
  ...numberOf(PORTS, 0),
  byDefault: undefined,
};

/** The error does not repeat the value, which may contain a password. */
export const REDIS_URL: OptionKind<string | undefined> = {
  value: 'URL',
  byDefault: undefined,
  read: (text, name) => {
    const mayTell = !/[@?#]/.test(text);
    if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text))
      throw new OptionError(
        `${name} must be a URL such as redis://127.0.0.1:6379${mayTell ? `, not '${escaped(text)}'` : ': write /, ?, # and @ of a password as %2F, %3F, %23 and %40'}`,
      );
    const { username, password, hostname, pathname } = new URL(text);
    if (hostname === '') throw new OptionError(`${name} needs a host, as in redis://127.0.0.1:6379`);
    if (!/^(?:\/\d{0,9})?$/.test(pathname))
      throw new OptionError(`${name} must end in the number of a database, as in redis://127.0.0.1:6379/0`);
    for (const part of [username, password])
      try {
        decodeURIComponent(part);
      } catch {
        throw new OptionError(`${name} has a % in its user or password that must be written as %25`);
      }
    return text;
  },
};

export const PROXY_FIELD_LIST: OptionKind<readonly ProxyField[]> = {
  value: 'FIELDS',
  byDefault: ['x-forwarded-for'],
  list: true,
  read: (text, name) => {
    const fields = itemsOf(text.toLowerCase());
    const known = PROXY_FIELDS.filter((field) => fields.includes(field));
    if (new Set(fields).size !== known.length || (known.includes('forwarded') && known.length > 1))
      throw new OptionError(
        `${name} must be x-forwarded-for, x-forwarded-for,x-forwarded-proto or forwarded, not '${escaped(text)}'`,
      );
    return known;
  },
};

export const HOST_LIST: OptionKind<readonly string[] | undefined> = {
  value: 'HOSTS',
  byDefault: undefined,
  list: true,
  read: (text, name) => {
    const hosts = itemsOf(text);
    for (const host of hosts)
      try {
        parseAllowedHost(host);
      } catch (error) {
        throw new OptionError(`${name}: ${escaped((error as Error).message)}`);
      }
    return hosts;
  },
};

function readSwitch(text: string, name: string): boolean {
  if (text !== 'true' && text !== 'false')
    throw new OptionError(`${name} must be true or false, not '${escaped(text)}'`);
  return text === 'true';
}

function fileOf(path: string, name: string): string {
  if (path === '') throw new OptionError(`${name} needs the path of a file`);
  return resolve(path);
}

function itemsOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

interface NumberKind {
  value: string;
  what: string;
  least: number;
  most: number;
}

function numberOf(number: NumberKind, byDefault: number): OptionKind<number> {
  const { value, least, most } = number;
  return {
    value,
    byDefault,
    range: `${least} to ${most}`,
    read: (text, name) => readNumber(text, name, number),
  };
}

function readNumber(text: string, name: string, { what, least, most }: NumberKind): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new OptionError(`${name} must be ${what} from ${least} to ${most}, not '${escaped(text)}'`);
  return value;
}
