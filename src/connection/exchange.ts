// A request that the application answers, and its response: an application layer sees only this of a connection. This layer
// works with bytes, field lines and status codes, never with Fetch.

import type { Duplex } from 'node:stream';
import { isReasonPhrase } from '../protocol/status.ts';
import type { TlsConnection } from '../tls/tls-connection.ts';
import type { ExchangeEvents } from './exchange-events.ts';

/** Most bytes of the status line and the field lines of a response together. */
export const FIELDS_BYTES_MAX = 32_768;
export const FIELDS_TOO_LARGE = `the fields of a response have at most ${FIELDS_BYTES_MAX} bytes together`;

/** The head of a request. Strings are made when they are read, or kept from an earlier request. */
export interface Head {
  readonly method: string;
  /** The request target as it was sent (RFC 9112 3.2), Latin-1. */
  readonly target: string;
  /** The value of Host; empty if the head has none. */
  readonly host: string;
  /** The target is a path, and perhaps a query: origin-form (RFC 9112 3.2.1). */
  readonly originForm: boolean;
  /** The minor version of HTTP/1: 0 or 1. */
  readonly versionMinor: number;
  readonly fieldCount: number;
  /** Returns the field name as it was sent. @param index from 0 to fieldCount - 1 */
  fieldName(index: number): string;
  /** Returns the field value without the white space around it, Latin-1. */
  fieldValue(index: number): string;
  /**
   * Returns the index of the first field line of this name at or behind `from`, or -1.
   * @param name in lower case; names are compared without regard to case
   */
  findField(name: string, from?: number): number;
}

/** The content of a request. It can be read once. */
export interface Content {
  /** The value of Content-Length; undefined if the content is chunked. */
  readonly length: number | undefined;
  /** Reads the whole content if it has all arrived and nothing has been read. Otherwise reads nothing and returns undefined. */
  takeWhole(): Uint8Array | undefined;
  /**
   * Reads the whole content as UTF-8 text, if all of it arrived with the head and none has been read. Otherwise reads
   * nothing and returns undefined. Malformed bytes become U+FFFD, and a byte order mark is removed.
   */
  takeText(): string | undefined;
  /**
   * Reads the next piece: the bytes are the caller's own. Resolves with undefined at the end. One call at a time. The
   * server reads from the peer at most a bounded window ahead.
   * Rejects if the content breaks off: the peer is gone, or the content is malformed, too large or too slow.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Reads all content that has not been read, in one piece: the bytes are the caller's own. Rejects as read() does. */
  readWhole(): Promise<Uint8Array>;
  /**
   * Makes sure that content that has arrived can be read after the response, too. Without this call, content is lost when
   * the application answers before it returns, and reading it rejects.
   */
  keep(): void;
  /** Discards the rest of the content. */
  cancel(): void;
  /** Calls `tell` once when the content has broken off, also when it is not being read. */
  whenBroken(tell: (reason: Error) => void): void;
  /** The trailer fields as [name, value] pairs, in order; empty before the end. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** Parts of a head that the application sets instead of the server. */
export interface HeadParts {
  /** Replaces the registered reason phrase; may be empty (RFC 9112 4). */
  readonly reasonPhrase: string | undefined;
  /** The value of Date, an IMF-fixdate (RFC 9110 5.6.7). */
  readonly date: string | undefined;
}

/** Checks that the parts fit a head: a Date of another length would overwrite the bytes behind it. */
export function areHeadParts({ reasonPhrase, date }: HeadParts): boolean {
  return (
    (reasonPhrase === undefined || isReasonPhrase(reasonPhrase)) &&
    (date === undefined || /^[\x20-\x7e]{29}$/.test(date))
  );
}

/** The versions of HTTP that a server speaks. */
export type HttpVersion = '1.0' | '1.1' | '2';

export interface Exchange {
  readonly head: Head;
  /** Pointer of the figures of the route that answers, as Figures.cellsOf() gives it; at first, of no route. */
  routeCells: number;
  /** The id of the request, once it is known. */
  requestId: string | undefined;
  /** The scheme of the listener: https if the connection is encrypted. */
  readonly scheme: 'http' | 'https';
  readonly httpVersion: HttpVersion;
  /** Describes the encryption of the connection; undefined if it has none. */
  readonly tls: TlsConnection | undefined;
  /** Undefined if the request has no content. */
  readonly content: Content | undefined;
  /** The address of the peer; empty on a unix socket; `unknown` if the peer was gone when it was first read. */
  readonly remoteAddress: string;
  /**
   * Set when the client seems not to wait for the response any more: the peer has closed at least its side, or a deadline
   * has passed. A response is still sent if possible: a peer that has closed its side may read it.
   */
  readonly aborted: Error | undefined;
  /** Called once, when `aborted` is set. */
  onAbort: ((reason: Error) => void) | undefined;
  /** The response is complete, or the connection has closed, so nothing more can be sent. Later calls do nothing. */
  readonly over: boolean;
  /** Called once, when the exchange is over without a complete response. */
  onGone: (() => void) | undefined;
  /** Adds a listener. It is called after `onAbort`, `onGone` or `onDrain`, for events from now on. */
  on<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void;
  off<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void;

  /**
   * Sends an informational response (RFC 9110 15.2) at once, such as 103 with Link fields. The handler timeout starts anew.
   * 100 asks the client for the content; reading the content does so, too.
   * @param statusCode from 100 to 199, but not 101
   * @param fields as in respond()
   * @returns false if nothing is sent: the client speaks HTTP/1.0, or the response has begun
   * @throws RangeError for another status code, or fields that are too large
   */
  inform(statusCode: number, fields: string): boolean;

  /** Parts of the head that respond() or begin() sends; the server sets those that are undefined. Both throw a RangeError if a
   * part is not valid. */
  headParts: HeadParts | undefined;

  /**
   * Sends a whole response.
   * @param statusCode from 200 to 599
   * @param fields valid field lines, each with its CRLF, without the fields that the server sets: Connection,
   *   Content-Length, Date, Keep-Alive, Transfer-Encoding, Upgrade
   * @param content a string is sent as UTF-8; bytes must not change until they have left
   * @param close closes the connection after this response
   */
  respond(statusCode: number, fields: string, content: string | Uint8Array, close: boolean): void;

  /** Sends prepared response `index` of the plane. */
  answer(index: number): void;

  /**
   * Sends the head of a response whose content follows by write() and end().
   * @param length of the content in bytes, if it is known; otherwise the content is sent in chunks
   * @returns false if the method or the status has no content: then only end() may follow
   */
  begin(statusCode: number, fields: string, length: number | undefined, close: boolean): boolean;
  /**
   * Sends a piece of content. After false, wait for onDrain before the next piece.
   * @param lasting the bytes don't change until they have left; by default bytes that can't leave at once are copied
   * @param written called once, never within this call: when the kernel has taken the bytes, or with an error if it never will
   * @throws RangeError if there is more content than begin() said
   */
  write(bytes: Uint8Array, lasting?: boolean, written?: (error?: Error) => void): boolean;
  onDrain: (() => void) | undefined;
  /**
   * Ends the content. If it is shorter than begin() said, the connection is broken off.
   * @param trailers field lines for the trailer section of a chunked response, each with its CRLF
   */
  end(trailers: string): void;
  /**
   * Gives the connection away for another protocol (RFC 9110 7.8). Sends nothing: the new owner answers the request. The
   * responses to earlier requests have been handed to the kernel before.
   *
   * The connection counts as open until its socket has closed. No timeout applies to it any more; a drain waits for it, and
   * closes it at the drain timeout.
   * @param take called once, when the turn has ended, with the socket as an ordinary stream (allowHalfOpen) whose first
   *   bytes are those behind the request; not called if the client has gone before
   * @throws Error if a response has begun, or if content of the request is still to come
   */
  upgrade(take: (socket: Duplex) => void): void;
  /**
   * Takes back a response that begin() has started, if nothing of it has left: then another response may be sent.
   * @returns false if a part has left
   */
  withdraw(): boolean;
  /**
   * Gives up a response that can't be completed: the connection is broken off, so that the client doesn't take the response
   * for complete. If nothing of it has left yet, a 500 is sent instead.
   */
  breakOff(): void;
}

/** Answers the requests that the engine does not. */
export type Application = (exchange: Exchange) => void;
