// Makes a data plane and the set of its connections from values that can be sent to another thread. There it takes its slot
// and its engine.

import type { LogFormat } from '../logs/formats.ts';
import { viewsOf } from '../memory/views.ts';
import type { EngineName } from '../protocol/codec.ts';
import { createJsCodec } from '../protocol/js/codec.ts';
import type { TlsStart } from '../tls/material.ts';
import { createWasmCodec } from '../wasm/codec.ts';
import { instantiate, type WasmMemory, type WasmModule } from '../wasm/instance.ts';
import { Slot } from '../wasm/slot.ts';
import type { Access } from './access.ts';
import { AccessLog, type AccessLogStart } from './access-log.ts';
import { AddressCounts, type AddressLimit } from './addresses.ts';
import { Connections } from './connections.ts';
import type { Deadlines } from './deadlines.ts';
import type { Io } from './endpoint.ts';
import type { ConnectionLimits } from './limits.ts';
import { type LogLevel, logOf } from './log.ts';
import { Plane } from './plane.ts';

/** Plain values, and the module and the memory that all threads share. */
export interface PlaneStart {
  module: WasmModule;
  memory: WasmMemory;
  /** The index of a slot that no other plane uses. */
  slot: number;
  engine: EngineName;
  /** How plain sockets are read and written. */
  io: Io;
  log: LogLevel;
  logFormat?: LogFormat;
  deadlines: Deadlines;
  limits: ConnectionLimits;
  /** Counts the connections of each client address, if they have a limit. */
  addresses?: AddressLimit;
  access: Access;
  /** The access log, if the server has one. */
  accessLog?: AccessLogStart | undefined;
  /** Certificates, for listeners of HTTPS. */
  tls?: TlsStart | undefined;
  /** The application that the thread loads; without it the built-in one answers. */
  app?: AppStart;
}

/** An application, in the form that is sent to another thread. */
export interface AppStart {
  /** URL of its module. */
  file: string;
  /** The light classes become globals of the thread. */
  globals: boolean;
  /** The thread reports the files that it imports. */
  watch: boolean;
  /** Failures are shown to clients. */
  dev: boolean;
}

/** @param worker index of the thread */
export function createConnections(
  { module, memory, slot: index, ...start }: PlaneStart,
  worker = 0,
): Connections {
  const exports = instantiate(module, memory);
  const views = viewsOf(memory);
  const slot = new Slot(views, index);
  const codec =
    start.engine === 'js'
      ? createJsCodec(views, slot.pointer, exports.counterAdd)
      : createWasmCodec(exports, slot.pointer);
  const accessLog = start.accessLog && new AccessLog(start.accessLog, index, slot, start.access, worker);
  const plane = new Plane(
    codec,
    slot,
    logOf({ log: start.log, logFormat: start.logFormat ?? 'text' }),
    start.deadlines,
    start.limits,
    undefined,
    accessLog,
  );
  return new Connections(plane, start.addresses && new AddressCounts(start.addresses, index));
}
