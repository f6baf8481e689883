// The suite `server`: hotpath with both engines against node:http, each one thread on one core.

import { hotpath, script } from './commands.ts';
import { CONNECTIONS, type LoadClient } from './load.ts';
import { chooseCores, describeCores } from './machine.ts';
import type { Pace } from './pace.ts';
import {
  CPU_COLUMNS,
  cpuCells,
  LIMIT_COLUMNS,
  limitCells,
  RATE_COLUMNS,
  rateCells,
  seriesNotes,
} from './series.ts';
import type { Table } from './table.ts';
import { runTrials } from './trial.ts';

const CLIENT: LoadClient = 'autocannon';

export async function server(pace: Pace): Promise<Table> {
  const cores = chooseCores();
  const contestants = [
    hotpath('hotpath wasm', 'wasm'),
    hotpath('hotpath js', 'js'),
    script('node:http', 'node-http'),
  ];
  const series = await runTrials(contestants, CLIENT, cores, pace);
  return {
    title: `server: one worker, ${CONNECTIONS} connections, load by ${CLIENT}`,
    columns: ['server', 'pipelined', ...RATE_COLUMNS, ...CPU_COLUMNS, ...LIMIT_COLUMNS],
    rows: series.map((one) => [
      one.name,
      String(one.pipelined),
      ...rateCells(one),
      ...cpuCells(one),
      ...limitCells(one),
    ]),
    notes: [
      describeCores(cores),
      `${CLIENT} writes every request by itself, so few of 16 pipelined ones arrive together.`,
      ...seriesNotes(series),
    ],
  };
}
