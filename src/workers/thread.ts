// A worker thread as the control plane sees it. They talk over a channel of their own: on `parentPort` anything
// that the application has loaded may post, close and listen.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerData, WorkerStart } from './messages.ts';

export class Thread {
  /** Once the thread has ended, Node no longer knows it. */
  readonly id: number;
  /** Resolves when the thread has ended and each of its messages has been heard. */
  readonly ended: Promise<void>;
  /** The exception that nothing in the thread caught. */
  private error: Error | undefined;
  private failure: Error | undefined;
  private ending: Promise<number> | undefined;
  private readonly worker: Worker;
  private readonly port: MessagePort;

  /** @param hear called with each message of the thread */
  constructor(start: WorkerStart, hear: (message: FromWorker) => void) {
    const { port1, port2 } = new MessageChannel();
    const workerData: WorkerData = { ...start, channel: port2 };
    this.worker = new Worker(new URL('./worker-main.js', import.meta.url), {
      workerData,
      transferList: [port2],
    });
    this.id = this.worker.threadId;
    this.port = port1;
    port1.on('message', hear);
    // The worker keeps its program alive, so the channel need not.
    port1.unref();
    this.worker.on('error', (error: unknown) => {
      this.error ??= error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', () => {
        // Node reports the end without regard to what still is in the channel.
        for (let left = receiveMessageOnPort(port1); left !== undefined; left = receiveMessageOnPort(port1))
          hear(left.message as FromWorker);
        port1.close();
        resolve();
      });
    });
  }

  /** Why it ended, as far as an error did it. */
  get cause(): Error | undefined {
    return this.failure ?? this.error;
  }

  tell(message: ToWorker): void {
    this.port.postMessage(message);
  }

  /** Ends the thread in the middle of whatever it does. @param cause why, if it failed */
  async terminate(cause?: Error): Promise<void> {
    this.failure ??= cause;
    this.ending ??= this.worker.terminate();
    await this.ending;
  }
}
