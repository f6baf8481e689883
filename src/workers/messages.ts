// The messages between the control plane and a worker thread. No request waits for one.

import type { MessagePort } from 'node:worker_threads';
import type { StopReason } from '../app/types.ts';
import type { ListenerOptions } from '../connection/address.ts';
import type { PlaneStart } from '../connection/create.ts';
import type { ListenAt } from '../connection/listener.ts';
import type { ThreadState } from '../state/threads.ts';
import type { TlsMaterial } from '../tls/material.ts';

/** The data that starts a worker thread. */
export interface WorkerStart extends PlaneStart {
  /** The index of the thread in its generation. */
  ordinal: number;
  /** Only this thread prints and reports the output and failure of loading, since all threads load the same module. */
  first: boolean;
  /** The addresses of the server; a port is 0 while no thread has picked it. */
  listeners: readonly ListenerOptions[];
  /** The named state of the process. */
  state: ThreadState;
}

/** WorkerStart with the thread's end of the channel to the control plane. */
export interface WorkerData extends WorkerStart {
  channel: MessagePort;
}

/** Control plane to worker. */
export type ToWorker =
  /** Begins to listen for the listener with this index: sent when the thread is ready, or after `stop-listening`. */
  | { type: 'listen'; listener: number; at: ListenAt }
  | { type: 'stop-listening'; listeners: number[] }
  /** All threads of the generation listen. The named state knows the generation by this number. */
  | { type: 'in-force'; generation: number }
  /**
   * Stops listening, finishes requests under way, cuts the others after `timeoutMs`, and calls the application's stop().
   * `closeIdle`: idle connections close at once, not after `timeoutMs`.
   */
  | { type: 'drain'; closeIdle: boolean; timeoutMs: number; reason: StopReason }
  /** Replaces the certificates. Open connections go on with the old ones. */
  | { type: 'tls'; material: TlsMaterial }
  /** Throws an exception, as a defect would. For tests. */
  | { type: 'fail' };

/** Worker to control plane. */
export type FromWorker =
  /** The thread has imported the application, and calls its start() next. */
  | { type: 'imported' }
  /** The application is loaded. The thread waits for `listen`. */
  | { type: 'ready' }
  | { type: 'listening'; listener: number; port: number }
  /** With --watch: the thread imports these files, or would if they existed. @param atMs before they are read */
  | { type: 'imports'; files: string[]; atMs: number }
  /** With --watch in Node 20: the loader thread reports imports on this port. */
  | { type: 'loader'; port: MessagePort }
  /** The answer to `stop-listening` and to `tls`. */
  | { type: 'done' }
  /** The immediate answer to `drain`. */
  | { type: 'draining' }
  /** All requests are over, and the thread ends. `cut` connections were cut. */
  | { type: 'drained'; cut: number }
  | { type: 'failed'; code: string; message: string }
  /** An exception ends the thread. `told`: the thread has printed it. */
  | { type: 'crashed'; told: boolean }
  /** The thread ends by itself. These requests are under way. */
  | { type: 'exiting'; code: number; requests: string[] }
  /** A line for the log. */
  | { type: 'warning'; text: string };
