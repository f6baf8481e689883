// Threads that have loaded hotpath's own modules and wait for their data. With --watch the next reload uses them, since these
// modules take most of the time of a thread's start.

import { type Transferable, Worker } from 'node:worker_threads';
import type { WorkerData } from './messages.ts';

export class SpareThreads {
  private readonly waiting: Worker[] = [];
  private closed = false;

  /** @param count how many threads wait */
  constructor(private readonly count: number) {}

  /** Starts threads for the next reload. */
  refill(): void {
    while (!this.closed && this.waiting.length < this.count) this.waiting.push(this.boot());
  }

  /** Gives a waiting thread its data. @returns undefined if none waits */
  start(data: WorkerData, transferList: Transferable[]): Worker | undefined {
    const worker = this.waiting.shift();
    worker?.ref();
    worker?.postMessage(data, transferList);
    return worker;
  }

  close(): void {
    this.closed = true;
    for (const worker of this.waiting.splice(0)) void worker.terminate();
  }

  private boot(): Worker {
    const worker = new Worker(new URL('./spare-main.js', import.meta.url), { workerData: {} });
    const gone = (): void => {
      const at = this.waiting.indexOf(worker);
      if (at >= 0) this.waiting.splice(at, 1);
    };
    worker.on('error', gone).once('exit', gone);
    worker.unref();
    return worker;
  }
}
