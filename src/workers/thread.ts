// A worker thread as the control plane sees it. Control plane and thread have a channel of their own, since any module of
// the application may post on `parentPort`, close it, or listen on it.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerData, WorkerStart } from './messages.ts';
import type { SpareThreads } from './spare-threads.ts';

export class Thread {
  /** The id of the thread, kept here since Node forgets it when the thread ends. */
  readonly id: number;
  /** Resolves when the thread has ended and all its messages have been handled. */
  readonly ended: Promise<void>;
  /** The exception that ended the thread. */
  private error: Error | undefined;
  /** The reason for which the control plane ended the thread. */
  private failure: Error | undefined;
  private ending: Promise<number> | undefined;
  private readonly worker: Worker;
  private readonly port: MessagePort;

  /**
   * @param hear called with each message of the thread
   * @param spares threads that wait for their data, if there are any
   */
  constructor(
    start: WorkerStart,
    private readonly hear: (message: FromWorker) => void,
    spares?: SpareThreads,
  ) {
    const { port1, port2 } = new MessageChannel();
    const workerData: WorkerData = { ...start, channel: port2 };
    this.worker =
      spares?.start(workerData, [port2]) ??
      new Worker(new URL('./worker-main.js', import.meta.url), { workerData, transferList: [port2] });
    this.id = this.worker.threadId;
    this.port = port1;
    port1.on('message', hear);
    // The worker keeps its program alive, so the channel need not do so.
    port1.unref();
    this.worker.on('error', (error: unknown) => {
      this.error ??= error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', () => {
        // Node may report the end while messages are left in the channel.
        for (let left = receiveMessageOnPort(port1); left !== undefined; left = receiveMessageOnPort(port1))
          hear(left.message as FromWorker);
        port1.close();
        resolve();
      });
    });
  }

  /** The error that ended the thread, if one did. */
  get cause(): Error | undefined {
    return this.failure ?? this.error;
  }

  /** Hears the messages of another port, too, until the thread ends. */
  hearAt(port: MessagePort): void {
    port.on('message', this.hear);
    port.unref();
  }

  tell(message: ToWorker): void {
    this.port.postMessage(message);
  }

  /** Ends the thread at once, even in the middle of requests. @param cause becomes `cause` */
  async terminate(cause?: Error): Promise<void> {
    this.failure ??= cause;
    this.ending ??= this.worker.terminate();
    await this.ending;
  }
}
