// Starts the writer of the access log, a thread of the server process, and ends it when all lines are in the file.

import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { LATE, within } from '../within.ts';
import { createLogMemory, LogControl, type LogMemory } from './ring.ts';
import type { FromWriter, WriterStart } from './writer-messages.ts';

/** Milliseconds for the last lines to reach the file. */
const END_MS = 2000;

/** A running access log. */
export interface AccessLogWriter {
  /** The rings of the threads, by the index of their slot. */
  readonly memory: LogMemory;
  /** Opens the file at its path anew. @throws Error of one line; then the old file is written on */
  reopen(): Promise<void>;
  /** Ends the thread when all lines are in the file. Call it when no thread adds lines any more. */
  stop(): Promise<void>;
}

/**
 * Opens the access log.
 * @param path or `-` for standard output
 * @param ringCount one for each slot
 * @param note called with a line for the log
 * @throws the error of opening the file
 */
export async function writeAccessLog(
  path: string,
  ringCount: number,
  note: (text: string) => void,
): Promise<AccessLogWriter> {
  const memory = createLogMemory(ringCount);
  const control = new LogControl(memory);
  const workerData: WriterStart = { memory, path };
  const thread = new Worker(new URL('./writer-main.js', import.meta.url), { workerData });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  const waiting = new Map<number, (error: string | undefined) => void>();
  await new Promise<void>((resolve, reject) => {
    thread.on('message', (message: FromWriter) => {
      if (message.type === 'ready') resolve();
      else if (message.type === 'note') note(message.text);
      else {
        // A request answers those before it, too.
        for (const [request, answer] of waiting) if (request <= message.request) answer(message.error);
      }
    });
    thread.on('error', (error: Error) => {
      reject(error);
      control.end();
      note(`The writer of the access log failed: ${error.message}. Requests are logged no more`);
    });
  });
  // A program that has nothing else to do may end.
  thread.unref();
  const finish = (): void => {
    control.stop();
    control.awaitEnd(END_MS);
  };
  process.on('exit', finish);
  return {
    memory,
    reopen: async () => {
      const request = control.reopen();
      const error = await new Promise<string | undefined>((answer) => {
        waiting.set(request, answer);
        void ended.then(() => answer('the server has stopped'));
      });
      waiting.delete(request);
      if (error !== undefined) throw new Error(`The access log ${path} can't be opened anew: ${error}`);
    },
    stop: async () => {
      thread.ref();
      control.stop();
      if ((await within(END_MS, ended)) === LATE) {
        note(`The last lines of the access log ${path} could not be written within ${END_MS} ms`);
        void thread.terminate();
      }
      process.off('exit', finish);
    },
  };
}
