// The messages between supervisor and server process, over IPC.

import type { Address, ListenerOptions } from './connection/address.ts';
import type { SocketWay } from './connection/bind.ts';
import type { Io } from './connection/endpoint.ts';
import type { ServerOptions } from './options.ts';
import type { Times } from './times.ts';
import type { Statistics } from './wasm/statistics.ts';
import type { Kill } from './workers/generation.ts';

export type ToServer =
  | ServerStart
  /** The answer to `take`. Its handle is a new duplicate of the socket. */
  | { type: 'socket'; request: number }
  /** The server will be told to drain soon, and is not ready from now on. */
  | { type: 'stopping' }
  | { type: 'drain'; timeoutMs: number }
  | { type: 'reload'; timeoutMs: number }
  /** Asks for a `pong`. */
  | { type: 'ping' }
  /** Opens the file of the access log anew. */
  | { type: 'reopen-logs' }
  /** Ends a thread as a crash would. For tests only. */
  | { type: 'kill-worker'; ordinal: number; how?: Kill };

export interface ServerStart {
  type: 'start';
  options: ServerOptions;
  times: Times;
  listeners: ListenerOptions[];
  /** How threads share the socket of each listener. */
  ways: SocketWay[];
  /** The admin listener; its index is the count of the others. */
  admin?: { address: Address; way: SocketWay } | undefined;
}

export type ToSupervisor =
  /** Asks for a socket of the listener with this index. */
  | { type: 'take'; request: number; listener: number; socket: number }
  /** The admin listener is open. */
  | { type: 'administered'; url: string }
  /** Every thread listens for all these listeners. */
  | { type: 'listening'; listeners: readonly ListenerOptions[]; who: string; io: Io }
  /** A reload has ended, whether it succeeded or failed. */
  | { type: 'reloaded' }
  /** The answer to `ping`. */
  | { type: 'pong' }
  | { type: 'failed'; code: string | undefined; message: string }
  | { type: 'note'; text: string }
  | { type: 'warning'; text: string }
  /** `late` connections, processes or threads had not finished at the drain timeout. */
  | { type: 'drained'; statistics: Statistics; late: number };
