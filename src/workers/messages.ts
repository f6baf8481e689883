// What threads tell each other. Never on a request's way.

import type { MessagePort } from 'node:worker_threads';
import type { StopReason } from '../app/types.ts';
import type { ListenerOptions } from '../connection/address.ts';
import type { PlaneStart } from '../connection/create.ts';
import type { ListenAt } from '../connection/listener.ts';
import type { ThreadState } from '../state/threads.ts';

/** What a worker thread is started with. */
export interface WorkerStart extends PlaneStart {
  /** Which of its generation it is. */
  ordinal: number;
  /** It alone says what loading the application prints and reports: the others load the same. */
  first: boolean;
  /** Where the server listens; a port is 0 while no thread has picked it. */
  listeners: readonly ListenerOptions[];
  /** The named state of the process. */
  state: ThreadState;
}

/** The same, with the thread's end of the channel to the control plane. */
export interface WorkerData extends WorkerStart {
  channel: MessagePort;
}

/** Control plane to worker. */
export type ToWorker =
  /** Starts to listen for the listener with this index: when the thread is ready, or after `stop-listening`. */
  | { type: 'listen'; listener: number; at: ListenAt }
  | { type: 'stop-listening'; listeners: number[] }
  /** All threads of its generation listen: that has this number in the named state. */
  | { type: 'in-force'; generation: number }
  /**
   * Stops listening, finishes what is under way within `timeoutMs`, cuts the rest, and has the application stop.
   * `closeIdle`: idle connections close at once; else they are left until then.
   */
  | { type: 'drain'; closeIdle: boolean; timeoutMs: number; reason: StopReason }
  /** Fails as a defect would. For tests. */
  | { type: 'fail' };

/** Worker to control plane. */
export type FromWorker =
  /** Has imported its application, whose start() is next. */
  | { type: 'imported' }
  /** Has loaded its application and waits for its places. */
  | { type: 'ready' }
  | { type: 'listening'; listener: number; port: number }
  | { type: 'stopped-listening' }
  /** Has heard that it shall drain. */
  | { type: 'draining' }
  /** Nothing is under way any more, and the thread ends: `cut` connections were broken off. */
  | { type: 'drained'; cut: number }
  | { type: 'failed'; code: string; message: string }
  /** An exception ends the thread; `told`: the thread has printed it. */
  | { type: 'crashed'; told: boolean }
  /** The thread ends by itself, with these requests under way. */
  | { type: 'exiting'; code: number; requests: string[] }
  /** A line for the log. */
  | { type: 'warning'; text: string };
