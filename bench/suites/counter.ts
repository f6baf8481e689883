// The suite `counter`: the cost of exact counting by several threads at once, and the additions lost without
// protection.

import { count, countingSeconds } from '../measure/counting.ts';
import { atPace } from '../measure/pace.ts';
import { Rounds, type Subject } from '../measure/rounds.ts';
import type { Suite } from '../suite.ts';
import { COUNTERS, type CounterName } from './counters.ts';

const THREADS = [1, 2, 4];
const NAMES = Object.keys(COUNTERS) as CounterName[];

export const counter: Suite = {
  name: 'counter',
  title: 'one addition to a counter that all threads share',
  byDefault: true,
  seconds: (pace) =>
    atPace(pace, THREADS, [1, 2]).length *
    NAMES.length *
    pace.countingRounds *
    countingSeconds(pace.countingMs),
  async run(result, progress, pace) {
    const rounds = new Rounds(result, progress);
    result.notes.push(
      'The time is that of an addition in the thread that makes it, with the call from JavaScript. The threads start together and do nothing else.',
      'With more threads than cores, the time includes waiting for a core.',
      'atomic, mutex, unprotected: the counter of the WASM module, 64 bits, as with --counter. Unprotected is a load and a store: an addition of another thread in between is lost.',
    );
    for (const threads of atPace(pace, THREADS, [1, 2]))
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
