// Named state for tests, and threads that share it with the test.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { beginLoad, type SharedState, shareState } from '../../src/state/shared.ts';
import { threadEnded } from '../../src/state/threads.ts';
import { compileModule } from '../../src/wasm/instance.ts';
import { smallMemory } from './memory.ts';

const module = compileModule();

/** Gives this thread fresh named state in place of its earlier one. */
export function freshState(): SharedState {
  forgetState();
  return shareState({ module, memory: smallMemory() });
}

export function forgetState(): void {
  delete (globalThis as { [place: symbol]: unknown })[Symbol.for('hotpath')];
}

/** Starts a thread that does a job of state-thread.js. When the thread ends, reports that as a server would. */
export function startThread(state: SharedState, job: string, data: object = {}): Worker {
  const workerData = { state, job, ...data };
  const thread = new Worker(new URL('./state-thread.js', import.meta.url), { workerData });
  const { threadId } = thread;
  thread.once('exit', () => threadEnded(threadId));
  return thread;
}

/** Has threads do a job at the same time; resolves with the first message of each when all have ended. */
export async function storm(
  state: SharedState,
  threads: number,
  job: string,
  data: object = {},
): Promise<unknown[]> {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  return await Promise.all(
    Array.from({ length: threads }, async () => {
      const thread = startThread(state, job, { ...data, gate, threads });
      let told: unknown;
      thread.once('message', (message) => (told = message));
      const [code] = await once(thread, 'exit');
      if (code !== 0) throw new Error(`a thread ended with ${code}`);
      return told;
    }),
  );
}

/** Resolves with the next message of a thread. */
export async function toldBy(thread: Worker): Promise<unknown> {
  return (await once(thread, 'message'))[0];
}

/** Resolves when a thread ends, or if it has ended already. */
export async function endOf(thread: Worker): Promise<void> {
  if (thread.threadId !== -1) await once(thread, 'exit');
}

/** Moves this thread to the next generation, as a reload does. */
export function beginGeneration(): void {
  beginLoad().commit();
}
