// Named state for tests, and threads that share it with the test.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { beginLoad, type SharedState, shareState } from '../../src/state/shared.ts';
import { threadEnded } from '../../src/state/threads.ts';
import { compileModule } from '../../src/wasm/instance.ts';
import { smallMemory } from './memory.ts';

const module = compileModule();

/** Makes fresh named state that of this thread, in the place of what was there. */
export function freshState(): SharedState {
  forgetState();
  return shareState({ module, memory: smallMemory() });
}

export function forgetState(): void {
  delete (globalThis as { [place: symbol]: unknown })[Symbol.for('hotpath')];
}

/** Starts a thread that does a job of state-thread.js. When it ends, that is told as a server would. */
export function startThread(state: SharedState, job: string, data: object = {}): Worker {
  const workerData = { state, job, ...data };
  const thread = new Worker(new URL('./state-thread.js', import.meta.url), { workerData });
  const { threadId } = thread;
  thread.once('exit', () => threadEnded(threadId));
  return thread;
}

/** Has threads do the same at the same time; resolves with what each told first, when all have ended. */
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

/** The next message of a thread. */
export async function toldBy(thread: Worker): Promise<unknown> {
  return (await once(thread, 'message'))[0];
}

/** The end of a thread, which may have ended already. */
export async function endOf(thread: Worker): Promise<void> {
  if (thread.threadId !== -1) await once(thread, 'exit');
}

/** From now on this thread belongs to one more generation, as after a reload in it. */
export function beginGeneration(): void {
  beginLoad().commit();
}
