// What threads tell each other. Never on a request's way.

import type { Deadlines } from '../connection/deadlines.ts';
import type { ConnectionLimits } from '../connection/limits.ts';
import type { ListenAt } from '../connection/listener.ts';
import type { LogLevel } from '../connection/log.ts';
import type { Io } from '../connection/plane.ts';
import type { EngineName } from '../protocol/codec.ts';
import type { WasmMemory, WasmModule } from '../wasm/instance.ts';

/** What a worker thread is started with. */
export interface WorkerStart {
  module: WasmModule;
  memory: WasmMemory;
  slot: number;
  at: ListenAt;
  engine: EngineName;
  io: Io;
  log: LogLevel;
  deadlines: Deadlines;
  limits: ConnectionLimits;
}

/** Control plane to worker. */
export type ToWorker = { type: 'drain' } /** Fails as a defect would. For tests. */ | { type: 'fail' };

/** Worker to control plane. */
export type FromWorker =
  | { type: 'listening'; port: number }
  | { type: 'failed'; code: string; message: string };
