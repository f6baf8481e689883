// What threads tell each other. Never on a request's way.

import type { PlaneStart } from '../connection/create.ts';
import type { ListenAt } from '../connection/listener.ts';

/** What a worker thread is started with. */
export interface WorkerStart extends PlaneStart {
  at: ListenAt;
}

/** Control plane to worker. */
export type ToWorker = { type: 'drain' } /** Fails as a defect would. For tests. */ | { type: 'fail' };

/** Worker to control plane. */
export type FromWorker =
  | { type: 'listening'; port: number }
  | { type: 'failed'; code: string; message: string };
