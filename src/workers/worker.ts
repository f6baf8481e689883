// A worker thread: takes its slot, loads the application, listens, serves until it is told to drain.

import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { serveBuiltIn } from '../app/built-in.ts';
import { type AppStart, createPlane } from '../connection/create.ts';
import { type ListenAt, type Listener, listen, urlOf } from '../connection/listener.ts';
import { setGeneration } from '../state/shared.ts';
import { takeState } from '../state/threads.ts';
import { readStatistics } from '../wasm/memory.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs only as a worker thread');

const start = workerData as WorkerStart;
takeState(start.state);
const plane = createPlane(start);
let listener: Listener | undefined;
/** Of the listener; an application may ask for it before there is one. */
let portNumber = 0;
let draining = false;

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'listen':
      void attempt(() => listenAt(message.at));
      break;
    case 'stop-listening':
      listener?.close();
      tell({ type: 'stopped-listening' });
      break;
    case 'in-force':
      setGeneration(message.generation);
      break;
    case 'drain':
      void drain(message.closeIdle);
      break;
    case 'cut':
      plane.destroy();
      break;
    case 'fail':
      throw new Error('told to fail');
  }
});

// Whatever ends the thread: where it came from is told.
process.on('uncaughtExceptionMonitor', (error) => plane.log.failed(`Worker ${start.ordinal} failed`, error));

// The system would close the connections as if their responses were complete.
process.on('exit', () => plane.destroy());

const loaded = attempt(async () => {
  if (start.app !== undefined) await load(start.app);
  else serveBuiltIn(plane, start.access);
  tell({ type: 'ready' });
});

/** Imports only here what a server without an application has no use for. */
async function load({ file, globals }: AppStart): Promise<void> {
  const { installGlobals } = await import('../app/globals.ts');
  const { attach } = await import('../app/application.ts');
  const { loadApp } = await import('../app/load.ts');
  if (globals) installGlobals();
  const server = {
    get url() {
      return urlOf(start.host, portNumber);
    },
    get port() {
      return portNumber;
    },
    stats: () => readStatistics(plane.slot.views),
  };
  await attach(plane, await loadApp(file), { worker: start.ordinal, server, ...start.access });
}

async function listenAt(at: ListenAt): Promise<void> {
  listener = await listen(plane, at);
  portNumber = listener.port;
  if (draining) listener.close();
  else tell({ type: 'listening', port: portNumber });
}

async function drain(closeIdle: boolean): Promise<void> {
  draining = true;
  listener?.close();
  // A thread that ends while it reads its modules leaves their files open.
  await loaded;
  await plane.drain({ closeIdle });
  tell({ type: 'drained' });
  // Nothing of the server's is referenced any more: the thread ends by itself.
  port?.close();
}

async function attempt(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    tell({ type: 'failed', code, message });
  }
}

function tell(message: FromWorker): void {
  port?.postMessage(message);
}
