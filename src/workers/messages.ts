// What threads tell each other. Never on a request's way.

import type { PlaneStart } from '../connection/create.ts';
import type { ListenAt } from '../connection/listener.ts';
import type { ThreadState } from '../state/threads.ts';

/** What a worker thread is started with. */
export interface WorkerStart extends PlaneStart {
  /** Which of its generation it is. */
  ordinal: number;
  /** As clients are told it. */
  host: string;
  /** The named state of the process. */
  state: ThreadState;
}

/** Control plane to worker. */
export type ToWorker =
  /** Once it is ready, or after it has been told to stop listening. */
  | { type: 'listen'; at: ListenAt }
  | { type: 'stop-listening' }
  /** All threads of its generation listen: that has this number in the named state. */
  | { type: 'in-force'; generation: number }
  /** Stops listening and finishes what is under way. */
  | { type: 'drain'; closeIdle: boolean }
  /** Closes all connections at once, before the thread is ended. */
  | { type: 'cut' }
  /** Fails as a defect would. For tests. */
  | { type: 'fail' };

/** Worker to control plane. */
export type FromWorker =
  /** Has loaded its application and waits for its place. */
  | { type: 'ready' }
  | { type: 'listening'; port: number }
  | { type: 'stopped-listening' }
  /** Nothing is under way any more: it ends, unless its application keeps it. */
  | { type: 'drained' }
  | { type: 'failed'; code: string; message: string };
