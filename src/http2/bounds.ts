// What a client of HTTP/2 may make this server do, each bound with the attack that it stops. Node's documentation of
// http2.createServer() explains the options; nghttp2 below it has bounds of its own, such as 8 CONTINUATION frames a head.

import type { SecureServerOptions } from 'node:http2';
import type { MessageLimits } from '../wasm/header.ts';

/** Requests of one connection at a time. */
export const STREAMS_MAX = 128;

/** Bytes of content that a client may send ahead of the application, for each request, before those that wait here. */
const WINDOW_BYTES = 65_535;

/** Bytes of a response that wait in the session for the client's window, for each request. */
export const SLICE_BYTES = 65_536;

/** Requests that a client may take back at once, and how many more each second (rapid reset, CVE-2023-44487). */
export const RESETS: Allowance = { burst: 200, perSecond: 50 };

/** PING and SETTINGS frames together (CVE-2019-9512, CVE-2019-9515): each of them has to be acknowledged. */
export const CONTROL_FRAMES: Allowance = { burst: 1000, perSecond: 100 };

/** What a client may do at once, and how much more each second. */
export interface Allowance {
  burst: number;
  perSecond: number;
}

/** The options of a session. @param limits those of requests in any protocol */
export function sessionOptions({ headBytesMax, fieldCountMax }: MessageLimits): SessionOptions {
  return {
    // A client that opens too many streams: they are refused one by one, and then the session ends.
    maxSessionRejectedStreams: 100,
    // Frames that are no frames at all, and DATA without a byte and without an end (CVE-2019-9518): then the session ends.
    maxSessionInvalidFrames: 100,
    // Many small things that together take much memory, in megabytes: no new streams beyond it. It has room for a slice of
    // every response.
    maxSessionMemory: 16,
    // A head of countless fields: its stream is reset. The factor lets the server answer 431 to those slightly too large,
    // and cookies may come in one field each (RFC 9113 8.2.3).
    maxHeaderListPairs: 2 * fieldCountMax + 32,
    // Entries in a SETTINGS frame (CVE-2020-11080).
    maxSettings: 32,
    // This server sends no PING, and SETTINGS once.
    maxOutstandingPings: 1,
    maxOutstandingSettings: 2,
    // A client that asks for a huge HPACK table to be kept for it.
    maxDeflateDynamicTableSize: 4096,
    // Larger response heads fail before anything of them is sent. Fields have at most 32 KiB; see exchange.ts.
    maxSendHeaderBlockLength: 131_072,
    // The server pushes nothing.
    peerMaxConcurrentStreams: 0,
    // Node 24 counts what RESETS counts in any version, before JavaScript hears of it.
    streamResetBurst: RESETS.burst,
    streamResetRate: RESETS.perSecond,
    // Fields that occur twice are joined before Node sees them.
    strictSingleValueFields: false,
    settings: {
      enablePush: false,
      // More streams are refused, and the client may try them again.
      maxConcurrentStreams: STREAMS_MAX,
      initialWindowSize: WINDOW_BYTES,
      maxFrameSize: 16_384,
      // The HPACK table that this server keeps for a client. A field of 4 KiB in it can be repeated for a byte (an HPACK bomb),
      // but no more often than maxHeaderListPairs says; then the head gets a 431.
      headerTableSize: 4096,
      // Tells clients what is too large. Each field counts 32 bytes more than it has (RFC 9113 6.5.2). Node does not check
      // it: a head that is larger gets a 431 from the engine.
      maxHeaderListSize: 2 * headBytesMax + 64 * fieldCountMax,
      enableConnectProtocol: false,
    },
  };
}

/** Its types lack these options. Those that a version of Node does not have are ignored. */
type SessionOptions = SecureServerOptions & {
  maxOutstandingSettings: number;
  streamResetBurst: number;
  streamResetRate: number;
  strictSingleValueFields: boolean;
};

/** Counts what a client does against its allowance. */
export class Tally {
  private left: number;
  private sinceMs: number;

  constructor(
    private readonly allowance: Allowance,
    nowMs: number,
  ) {
    this.left = allowance.burst;
    this.sinceMs = nowMs;
  }

  /** Counts one. @returns false if that is too many */
  take(nowMs: number): boolean {
    const { burst, perSecond } = this.allowance;
    this.left = Math.min(burst, this.left + ((nowMs - this.sinceMs) * perSecond) / 1000);
    this.sinceMs = nowMs;
    this.left--;
    return this.left >= 0;
  }
}
