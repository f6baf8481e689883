// The suite `counter`: what counting exactly costs when several threads do it at once, and what is lost
// without.

import { count, countingSeconds } from '../measure/counting.ts';
import { Rounds, type Subject } from '../measure/rounds.ts';
import type { Suite } from '../suite.ts';
import { COUNTERS, type CounterName } from './counters.ts';

const THREADS = [1, 2, 4];
const NAMES = Object.keys(COUNTERS) as CounterName[];

export const counter: Suite = {
  name: 'counter',
  title: 'one addition to a counter that all threads share',
  byDefault: true,
  seconds: (pace) => THREADS.length * NAMES.length * pace.countingRounds * countingSeconds(pace.countingMs),
  async run(result, progress, pace) {
    const rounds = new Rounds(result, progress);
    result.notes.push(
      'The time is what an addition takes the thread that makes it, the call from JavaScript included; the threads start together and do nothing else.',
      'Where there are more threads than cores, it includes waiting for a core.',
      'atomic, mutex, unprotected: the counter of the WASM module, 64 bits, as --counter has it. Unprotected is a load and a store: what another thread adds in between is lost.',
    );
    for (const threads of THREADS)
      await rounds.run(
        {
          name: `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
          measure: 'nanoseconds',
          missing: [],
          subjects: NAMES.map(
            (way): Subject => ({
              name: way,
              ours: COUNTERS[way].ours,
              at: threads,
              measure: async () => {
                const { nanoseconds, lost } = await count(way, threads, pace.countingMs);
                return { nanoseconds, updatesLost: lost };
              },
            }),
          ),
        },
        pace.countingRounds,
        countingSeconds(pace.countingMs),
      );
  },
};
