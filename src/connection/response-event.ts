// The event that the log gets for each response.

import type { RequestLine } from '../wasm/events.ts';
import type { Endpoint } from './endpoint.ts';
import type { HttpVersion } from './exchange.ts';

/** A response, or the part of one that was sent before it broke off. */
export interface ResponseEvent extends Answer {
  /** The listener that the connection came through. */
  endpoint: Endpoint;
  /** Address and port of the client. */
  peer: string;
  /** Undefined if no valid head has arrived. */
  request: RequestLine | undefined;
  httpVersion: HttpVersion;
  /**
   * From the turn that parsed the request's head until the last byte of the response was built. Without a request, it
   * counts from the last turn, or from when the connection began.
   */
  durationUs: number;
  /** False when the response broke off. */
  complete: boolean;
}

/** The response itself. */
export interface Answer {
  statusCode: number;
  /**
   * Size of head and content as sent, chunk sizes included; interim responses are not counted. In HTTP/2 the head counts
   * as it was before its compression, and frames are not counted.
   */
  bytes: number;
  /** For people: the text, or its beginning, or the bytes; undefined for a stream. */
  content: string | Uint8Array | undefined;
}
