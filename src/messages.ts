// What the supervisor and the server process tell each other over IPC.

import type { Address, ListenerOptions } from './connection/address.ts';
import type { SocketWay } from './connection/bind.ts';
import type { Io } from './connection/endpoint.ts';
import type { ServerOptions } from './options.ts';
import type { Times } from './times.ts';
import type { Statistics } from './wasm/statistics.ts';
import type { Kill } from './workers/generation.ts';

export type ToServer =
  /** `ways` has that of each listener. The ports of the listeners are known, if threads don't bind them for themselves. */
  | { type: 'start'; options: ServerOptions; times: Times; listeners: ListenerOptions[]; ways: SocketWay[] }
  /** Comes with a handle: a fresh duplicate of the socket that was asked for. */
  | { type: 'socket'; request: number }
  | { type: 'drain'; timeoutMs: number }
  | { type: 'reload'; timeoutMs: number }
  /** Ends a thread as a crash would. For tests. */
  | { type: 'kill-worker'; ordinal: number; how?: Kill };

export type ToSupervisor =
  /** Asks for the socket of thread `ordinal` for the listener with this index. */
  | { type: 'take'; request: number; listener: number; ordinal: number }
  /** Every thread listens at all these addresses. */
  | { type: 'listening'; addresses: Address[]; who: string; io: Io }
  | { type: 'failed'; code: string | undefined; message: string }
  | { type: 'note'; text: string }
  | { type: 'warning'; text: string }
  /** `late`: connections that had to be cut. */
  | { type: 'drained'; statistics: Statistics; late: number };
