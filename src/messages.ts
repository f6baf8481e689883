// What the supervisor and the server process tell each other over IPC.

import type { Io } from './connection/endpoint.ts';
import type { ServerOptions } from './options.ts';
import type { Times } from './times.ts';
import type { Statistics } from './wasm/statistics.ts';
import type { Death } from './workers/generation.ts';

export type ToServer =
  /** `address`: where threads bind for themselves; without it they are given sockets. */
  | { type: 'start'; options: ServerOptions; times: Times; address?: { host: string; port: number } }
  /** Comes with a handle: a fresh duplicate of the socket that was asked for. */
  | { type: 'socket'; request: number }
  | { type: 'drain'; timeoutMs: number }
  | { type: 'reload'; timeoutMs: number }
  /** Ends a thread as a crash would. For tests. */
  | { type: 'kill-worker'; ordinal: number; how?: Death };

export type ToSupervisor =
  | { type: 'take'; request: number; ordinal: number }
  | { type: 'listening'; port: number; who: string; io: Io }
  | { type: 'failed'; code: string | undefined; message: string }
  | { type: 'note'; text: string }
  | { type: 'warning'; text: string }
  /** `late`: connections that had to be cut. */
  | { type: 'drained'; statistics: Statistics; late: number };
