// The entry of a spare thread: loads the modules that a worker thread needs, waits for the data, and becomes a worker thread.

import { parentPort, workerData } from 'node:worker_threads';
import '../app/built-in.ts';
import '../app/dispatcher.ts';
import '../app/globals.ts';
import '../app/lifecycle.ts';
import '../app/load.ts';
import '../app/redirector.ts';
import '../app/server-view.ts';
import '../connection/create.ts';
import '../connection/listener.ts';
import '../connection/thread-figures.ts';
import '../state/threads.ts';
import '../tls/secure-contexts.ts';
import { prepareReports } from './imports.ts';
import type { WorkerData } from './messages.ts';
import './under-way.ts';

prepareReports();
parentPort?.once('message', (data: WorkerData) => {
  Object.assign(workerData as object, data);
  void import('./worker-main.ts');
});
