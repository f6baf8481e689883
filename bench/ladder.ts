// The suite `ladder`: what each layer costs. Every rung does what the one before does, and one thing more.

import { isInstalled } from './children.ts';
import { hotpath, script } from './commands.ts';
import { CONNECTIONS, type LoadClient } from './load.ts';
import { chooseCores, describeCores } from './machine.ts';
import type { Pace } from './pace.ts';
import {
  CPU_COLUMNS,
  cpuCells,
  cpuSummary,
  LIMIT_COLUMNS,
  limitCells,
  RATE_COLUMNS,
  rateCells,
  seriesNotes,
} from './series.ts';
import { type Table, times } from './table.ts';
import { runTrials, type Series } from './trial.ts';

export async function ladder(pace: Pace): Promise<Table> {
  const cores = chooseCores();
  const client: LoadClient = isInstalled('wrk') ? 'wrk' : 'autocannon';
  const rungs = [
    script('bare', 'bare'),
    script('read', 'read'),
    script('parse', 'parse'),
    hotpath('respond', 'wasm'),
  ];
  const series = await runTrials(rungs, client, cores, pace);
  return {
    title: `ladder: what each layer adds, one thread, ${CONNECTIONS} connections, load by ${client}`,
    columns: ['rung', 'pipelined', ...RATE_COLUMNS, ...CPU_COLUMNS, 'adds us', 'x bare', ...LIMIT_COLUMNS],
    rows: series.map((one, i) => [
      one.name,
      String(one.pipelined),
      ...rateCells(one),
      ...cpuCells(one),
      ...stepCells(series, i, rungs.length),
      ...limitCells(one),
    ]),
    notes: [
      'bare: sockets re-wrapped with onread over ordinary memory, fixed response.',
      'read: the bytes land in the slot.  parse: each request is parsed by the WASM engine.',
      'respond: hotpath itself, which also builds the response with Date and counter, and keeps its connections.',
      'The ratios matter, not the microseconds: a step less than the spread is noise.',
      describeCores(cores),
      ...seriesNotes(series),
    ],
  };
}

/** What a rung adds to the one before it, and how it compares with the first; of the medians. */
function stepCells(series: readonly Series[], index: number, rungCount: number): string[] {
  const rung = index % rungCount;
  const own = medianCpu(series[index]);
  const before = medianCpu(series[index - 1]);
  const first = medianCpu(series[index - rung]);
  if (rung === 0 || own === undefined || before === undefined || first === undefined) return ['', ''];
  const added = own - before;
  return [`${added < 0 ? '' : '+'}${added.toFixed(2)}`, times(own / first)];
}

function medianCpu(series: Series | undefined): number | undefined {
  return series && cpuSummary(series)?.median;
}
