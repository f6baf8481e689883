// A worker thread: takes its slot, listens, serves until it is told to drain.

import { parentPort, workerData } from 'node:worker_threads';
import { type Listener, listen } from '../connection/listener.ts';
import { Log } from '../connection/log.ts';
import { Plane } from '../connection/plane.ts';
import { createJsCodec } from '../protocol/js/codec.ts';
import { createWasmCodec } from '../wasm/codec.ts';
import { instantiate } from '../wasm/instance.ts';
import { viewsOf } from '../wasm/memory.ts';
import { Slot } from '../wasm/slot.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs only as a worker thread');

const start = workerData as WorkerStart;
const { module, memory, slot: index, at, engine, io, log } = start;
const exports = instantiate(module, memory);
const views = viewsOf(memory);
const slot = new Slot(views, index);
const codec =
  engine === 'js'
    ? createJsCodec(views, slot.pointer, exports.counterAdd)
    : createWasmCodec(exports, slot.pointer);
const plane = new Plane(codec, slot, io, new Log(log), start.deadlines, start.limits);

let listener: Listener;
try {
  listener = await listen(plane, at);
  tell({ type: 'listening', port: listener.port });
} catch (error) {
  const { code = '', message } = error as NodeJS.ErrnoException;
  tell({ type: 'failed', code, message });
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'fail') throw new Error('told to fail');
  void drain();
});

async function drain(): Promise<void> {
  listener.close();
  await plane.drain();
  // Nothing is referenced any more: the thread ends by itself.
  port?.close();
}

function tell(message: FromWorker): void {
  port?.postMessage(message);
}
