// The suite `counter`: what counting a request exactly costs, without contention.

import { COUNTERS, type CounterName } from './counters.ts';
import type { Pace } from './pace.ts';
import type { Summary } from './statistics.ts';
import { figure, percent, type Table } from './table.ts';
import { timeSubjects } from './timing.ts';

export async function counter(pace: Pace): Promise<Table> {
  const names = Object.keys(COUNTERS) as CounterName[];
  const summaries = await timeSubjects(
    names.map((name) => ({ counter: name })),
    pace,
  );
  return {
    title: 'counter: one atomic addition, from one thread',
    columns: ['way', 'ns best', 'ns median', 'spread'],
    rows: names.map((name, i) => {
      const { best, median, spread } = summaries[i] as Summary;
      return [name, figure(best), figure(median), percent(spread)];
    }),
    notes: [],
  };
}
