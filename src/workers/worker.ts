// A worker thread: takes its slot, listens, serves until it is told to drain.

import { parentPort, workerData } from 'node:worker_threads';
import { createPlane } from '../connection/create.ts';
import { type Listener, listen } from '../connection/listener.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs only as a worker thread');

const start = workerData as WorkerStart;
const plane = createPlane(start);

let listener: Listener;
try {
  listener = await listen(plane, start.at);
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
