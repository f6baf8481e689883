// The columns that server.ts and ladder.ts share: what a series of trials says of a server.

import { type Summary, summarize } from './statistics.ts';
import { figure, percent } from './table.ts';
import type { Series, Trial } from './trial.ts';

/** From here on a core counts as fully used. */
const BUSY = 0.9;

const NOT_MEASURED = 'not measured';

export const RATE_COLUMNS = ['requests/s best', 'median'];
export const CPU_COLUMNS = ['CPU us/request best', 'median', 'spread'];
export const LIMIT_COLUMNS = ['server busy', 'client busy', 'limited by'];

export function rateCells({ trials }: Series): string[] {
  const { best, median } = summarize(
    trials.map((trial) => trial.requestsPerSecond),
    'higher',
  );
  return [figure(best), figure(median)];
}

/** CPU microseconds a request, or undefined on a system without /proc. */
export function cpuSummary(series: Series): Summary | undefined {
  return summaryOf(series, 'cpuMicrosPerRequest');
}

export function cpuCells(series: Series): string[] {
  const summary = cpuSummary(series);
  if (summary === undefined) return [NOT_MEASURED, '', ''];
  return [figure(summary.best), figure(summary.median), percent(summary.spread)];
}

/** Whether the load client was the bottleneck: then the server could have done more requests a second. */
export function limitCells(series: Series): string[] {
  const server = summaryOf(series, 'serverBusy')?.median;
  const client = summaryOf(series, 'clientBusy')?.median;
  if (server === undefined || client === undefined) return [NOT_MEASURED, NOT_MEASURED, ''];
  const limit = server >= BUSY ? 'server' : client >= BUSY ? 'load client' : 'neither';
  return [percent(server), percent(client), limit];
}

/** How to read the columns. */
export function seriesNotes(series: readonly Series[]): string[] {
  if (!series.every(cpuSummary)) return ['CPU time is not measured: this system has no /proc.'];
  return [
    'Where the server is not the limit, compare the CPU time a request, not the requests a second;',
    'where neither is, both waited, for each other or for what else runs on this machine.',
  ];
}

function summaryOf({ trials }: Series, name: Exclude<keyof Trial, 'requestsPerSecond'>): Summary | undefined {
  const values = trials.map((trial) => trial[name]).filter((value) => value !== undefined);
  return values.length === trials.length ? summarize(values, 'lower') : undefined;
}
