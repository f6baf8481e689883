// One request that is answered from outside of the engine, and its response: what an application layer
// sees of a connection. It speaks of bytes, field lines and status codes, never of Fetch.

import { isReasonPhrase } from '../protocol/status.ts';
import type { ExchangeEvents } from './exchange-events.ts';

/** The most bytes of the status line and the field lines of a response together. */
export const FIELDS_BYTES_MAX = 32_768;
export const FIELDS_TOO_LARGE = `the fields of a response have at most ${FIELDS_BYTES_MAX} bytes together`;

/** The head of a request. Nothing becomes a string before it is asked for; each call makes it anew. */
export interface Head {
  readonly method: string;
  /** As it was sent (RFC 9112 3.2), Latin-1. */
  readonly target: string;
  /** The target is a path, and perhaps a query: origin-form (RFC 9112 3.2.1). */
  readonly originForm: boolean;
  /** 0 or 1, of HTTP/1. */
  readonly versionMinor: number;
  readonly fieldCount: number;
  /** As it was sent. @param index from 0 to fieldCount - 1 */
  fieldName(index: number): string;
  /** Without the white space around it, Latin-1. */
  fieldValue(index: number): string;
  /**
   * The first field line of this name at or behind `from`, or -1.
   * @param name in lower case; names are compared without regard to case
   */
  findField(name: string, from?: number): number;
}

/** The content of a request, to be read once. */
export interface Content {
  /** As Content-Length told it; undefined when it is chunked. */
  readonly length: number | undefined;
  /** All of it, when it is all here and nothing has been read yet; else undefined, and nothing is read. */
  takeWhole(): Uint8Array | undefined;
  /**
   * The next piece, the caller's own bytes; undefined at the end. One call at a time. Nothing more is read
   * from the peer than a bounded window ahead of this.
   * Rejects when the content breaks off: the peer is gone, sent it malformed, too large or too slowly.
   */
  read(): Promise<Uint8Array | undefined>;
  /** All of it, or all that has not been read, in one piece, the caller's own bytes. Rejects as read() does. */
  readWhole(): Promise<Uint8Array>;
  /** Nobody wants the rest. */
  cancel(): void;
  /** Calls `tell` once when the content has broken off, whether somebody reads it or not. */
  whenBroken(tell: (reason: Error) => void): void;
  /** The trailer fields as [name, value] pairs, in order; empty before the end. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** The parts of a head that an application sets in the place of the server. */
export interface HeadParts {
  /** In the place of the standard one; it may be empty (RFC 9112 4). */
  readonly reasonPhrase: string | undefined;
  /** The value of Date, an IMF-fixdate (RFC 9110 5.6.7). */
  readonly date: string | undefined;
}

/** Whether the parts fit a head: a Date of another length would overwrite what is behind it. */
export function areHeadParts({ reasonPhrase, date }: HeadParts): boolean {
  return (
    (reasonPhrase === undefined || isReasonPhrase(reasonPhrase)) &&
    (date === undefined || /^[\x20-\x7e]{29}$/.test(date))
  );
}

export interface Exchange {
  readonly head: Head;
  /** Undefined when the request has none. */
  readonly content: Content | undefined;
  readonly remoteAddress: string;
  /**
   * Why nobody seems to wait for the response any more: the peer has closed its side at least, or a deadline has
   * passed. A response is sent all the same if it can be: a peer that has closed its side may still read.
   */
  readonly aborted: Error | undefined;
  /** Told once, when `aborted` is set. */
  onAbort: ((reason: Error) => void) | undefined;
  /** Nothing can be sent any more: the response is complete, or the connection closed. Later calls do nothing. */
  readonly over: boolean;
  /** Told once, when it is over without a complete response. */
  onGone: (() => void) | undefined;
  /** Adds a listener, which is told after `onAbort`, `onGone` or `onDrain`. What was before, it is not told. */
  on<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void;
  off<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void;

  /**
   * Sends an informational response (RFC 9110 15.2), such as 103 with Link fields, at once. While it is sent, the handler
   * timeout begins anew. 100 asks the client for the content; reading the content does so, too.
   * @param statusCode from 100 to 199, but not 101
   * @param fields as in respond()
   * @returns false when nothing is sent: the client speaks HTTP/1.0, or the response has begun
   */
  inform(statusCode: number, fields: string): boolean;

  /** Parts of the head that respond() or begin() sends; what is undefined, the server says. These throw when it does not fit. */
  headParts: HeadParts | undefined;

  /**
   * Sends a whole response.
   * @param statusCode from 200 to 599
   * @param fields field lines, each with its CRLF, valid, without those that are the server's own: Connection,
   *   Content-Length, Date, Keep-Alive, Transfer-Encoding, Upgrade
   * @param content a string goes out as UTF-8; bytes must not change until they have gone
   * @param close the connection shall be closed after this response
   */
  respond(statusCode: number, fields: string, content: string | Uint8Array, close: boolean): void;

  /** Sends prepared response `index` of the plane. */
  answer(index: number): void;

  /**
   * Sends the head of a response whose content follows by write() and end().
   * @param length of the content in bytes, when it is known; else it goes out chunked
   * @returns false when no content may follow, since the method or the status has none: end() is next
   */
  begin(statusCode: number, fields: string, length: number | undefined, close: boolean): boolean;
  /**
   * Sends a piece of content. After false, wait for onDrain before the next one.
   * @param lasting the bytes don't change until they have gone; by default what can't go at once is copied
   * @param written called once, not within this call: when the kernel has taken the bytes, or with an error when it never will
   * @throws RangeError when there is more than was told in begin()
   */
  write(bytes: Uint8Array, lasting?: boolean, written?: (error?: Error) => void): boolean;
  onDrain: (() => void) | undefined;
  /**
   * The content is complete. One that is shorter than was told breaks the connection off.
   * @param trailers field lines for the trailer section of a chunked response, each with its CRLF
   */
  end(trailers: string): void;
  /**
   * Takes back a response that begin() has started, if nothing of it has gone out: another one may be sent.
   * @returns false when it is too late
   */
  withdraw(): boolean;
  /**
   * The response can't be completed: the connection is broken off, so that nobody takes it for whole. Where nothing
   * of it has gone out yet, a 500 does.
   */
  breakOff(): void;
}

/** What answers the requests that the engine does not. */
export type Application = (exchange: Exchange) => void;
