// A request and its response as the access log records them, and the interface of the formats of its lines.

import { type KeptBytes, keepLatin1 } from '../wasm/slot.ts';
import type { Line } from './line.ts';

/** An address, which is the same for many requests. */
export class LoggedAddress {
  /** The address as the format writes it, from its first line on. */
  kept: KeptBytes | undefined = undefined;

  /** @param text empty for a client of a unix socket */
  constructor(readonly text: string) {}
}

/** The figures of a message that is refused before its head has been read. */
export const NO_HEAD = -1;

export interface Entry {
  /** When the response was complete, in whole milliseconds since 1970. */
  readonly epochMs: number;
  /** The bytes that hold method and target. */
  readonly source: Uint8Array;
  readonly methodStart: number;
  /** NO_HEAD if no valid head has arrived. */
  readonly methodEnd: number;
  readonly targetStart: number;
  readonly targetEnd: number;
  readonly protocol: Protocol;
  readonly statusCode: number;
  /** Bytes of content that were sent. */
  readonly contentBytes: number;
  readonly durationMs: number;
  readonly address: LoggedAddress;
  /** Pointer of the figures of the route that has answered. */
  readonly cells: number;
  /** The id of the request; undefined: the log makes one. */
  readonly id: string | undefined;
  /** Why the message was refused. */
  readonly reason: string | undefined;
  /** The whole response has been passed on. */
  readonly complete: boolean;
  /** The values of Referer and User-Agent, where the format needs them; empty without the field. */
  readonly referer: string;
  readonly agent: string;
}

export const PROTOCOLS = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0'] as const;
export type Protocol = 0 | 1 | 2;

/** The status in the log if the client was gone before the response began, as nginx writes it. */
export const CLIENT_GONE = 499;

export interface LineFormat {
  /** Needs the fields Referer and User-Agent. */
  readonly needsFields: boolean;
  /** Writes a line with its end. No line is longer than LINE_BYTES_MAX. */
  write(line: Line, entry: Entry): void;
}

/** The values that all lines of a thread share. */
export interface LineContext {
  pid: number;
  hostname: string;
  /** Index of the thread. */
  worker: number;
  /** Write the query of a target, too. */
  query: boolean;
  /** Returns the name of a route. @param cells pointer of its figures */
  routeOf(cells: number): string;
  /** Makes an id. */
  nextId(): KeptBytes;
}

/** Most bytes of parts of a line from outside, escaped. Together they are less than LINE_BYTES_MAX. */
export const METHOD_BYTES_MAX = 256;
export const TARGET_BYTES_MAX = 16_384;
export const FIELD_BYTES_MAX = 4096;
export const ID_BYTES_MAX = 256;
const NAME_CHARACTERS_MAX = 256;

const QUESTION = 0x3f;

/** Where the part of a target ends that is logged. */
export function endOfTarget({ source, targetStart, targetEnd }: Entry, query: boolean): number {
  if (query) return targetEnd;
  let end = targetStart;
  while (end < targetEnd && source[end] !== QUESTION) end++;
  return end;
}

/** The part of a URL that is logged. */
export function loggedUrl(url: string, query: boolean): string {
  const end = query ? -1 : url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/** A short text of the server's own, as JSON in ASCII, without the quotes around it. */
export function keptJson(text: string): KeptBytes {
  const json = JSON.stringify(text.slice(0, NAME_CHARACTERS_MAX)).slice(1, -1);
  return keepLatin1(
    json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/** A short text of the server's own in ASCII: other bytes of its UTF-8 are escaped as in lines of text. */
export function keptText(text: string): KeptBytes {
  const bytes = Buffer.from(text.slice(0, NAME_CHARACTERS_MAX));
  return keepLatin1(
    bytes
      .toString('latin1')
      .replace(
        /[^\x20-\x7e]|["\\]/g,
        (unit) => `\\x${unit.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
      ),
  );
}

/** Keeps the texts of routes, by the pointers of their figures. */
export class KeptRoutes {
  private readonly kept = new Map<number, KeptBytes>();

  constructor(private readonly keep: (cells: number) => KeptBytes) {}

  of(cells: number): KeptBytes {
    let kept = this.kept.get(cells);
    if (kept === undefined) {
      kept = this.keep(cells);
      this.kept.set(cells, kept);
    }
    return kept;
  }
}
