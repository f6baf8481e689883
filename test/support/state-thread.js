// A thread that does one of these jobs with the named state of the thread that started it.

import { parentPort, workerData } from 'node:worker_threads';
import { gauge, histogram, mutex } from '#dist/index.js';
import { shareState } from '#dist/state/shared.js';

const { state, job, gate, threads, rounds = 0, words, holdMs = 0 } = workerData;
shareState(state);
const tell = (message) => parentPort.postMessage(message);

/** Waits until all threads have arrived: a thread that finished before the next one starts would prove nothing. */
function meet() {
  if (Atomics.add(gate, 0, 1) + 1 < threads) Atomics.wait(gate, 1, 0);
  else {
    Atomics.store(gate, 1, 1);
    Atomics.notify(gate, 1);
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const JOBS = {
  add() {
    meet();
    const level = gauge('level');
    for (let i = 0; i < rounds; i++) {
      level.add(3);
      level.add(-1);
    }
  },

  record() {
    const sizes = histogram('sizes');
    sizes.record(0);
    meet();
    for (let i = 1; i < rounds; i++) sizes.record(i % 1000);
  },

  /** Runs many read-modify-write sequences at once in this thread, which only the mutex makes atomic. */
  async sum() {
    meet();
    const guard = mutex('guard');
    let told = 0;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let i = 0; i < rounds; i++) {
          const { abandoned } = await guard.lock();
          if (abandoned) told++;
          const before = words[0];
          if (i % 3 === 0) await null;
          words[0] = before + 1;
          guard.unlock();
        }
      }),
    );
    tell(told);
  },

  /** Locks in a loop, almost without a pause: other threads must still get the mutex. */
  async greedy() {
    const guard = mutex('guard');
    tell('begins');
    while (Atomics.load(words, 0) === 0)
      await guard.runExclusive(() => (holdMs > 0 ? sleep(holdMs) : undefined));
  },

  async hold() {
    await mutex('guard').lock();
    tell('holds');
    // Nothing else keeps this thread alive.
    setInterval(() => {}, 1000);
  },

  async holdAndGoOut() {
    await mutex('guard').lock();
    tell('holds');
  },

  /** Does nothing else: waiting alone must keep the thread alive. */
  async waitAlone() {
    const guard = mutex('guard');
    tell('waits');
    tell(await guard.lock());
    guard.unlock();
  },

  async waitAndTick() {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    tell('waits');
    await mutex('guard').lock();
    clearInterval(timer);
    tell(ticks);
  },

  /** Waits, and is busy when it is woken. */
  async waitBusy() {
    const waiting = mutex('guard').lock();
    tell('waits');
    parentPort.once('message', () => {
      Atomics.store(words, 0, 1);
      Atomics.wait(words, 1, 0);
    });
    await waiting;
    mutex('guard').unlock();
    parentPort.close();
  },
};

await JOBS[job]();
