// The figures of a server: a row for each slot, which its worker alone writes and anyone reads.

import {
  HEADER_SLOT_COUNT,
  ROW_BYTES,
  STATISTICS,
  STATISTICS_ACCEPTED,
  STATISTICS_OPEN,
  STATISTICS_REFUSED,
  STATISTICS_REQUESTS,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';

/** Totals and gauges over all workers. */
export interface Statistics {
  requests: number;
  refused: number;
  accepted: number;
  open: number;
}

/** Pointer of a slot's row of statistics. */
export function statisticsPointer(index: number): number {
  return STATISTICS + index * ROW_BYTES;
}

/** The figures of all slots added up. */
export function readStatistics(views: Views): Statistics {
  const { words, doubles } = views;
  const sum: Statistics = { requests: 0, refused: 0, accepted: 0, open: countOpen(views) };
  for (let index = 0; index < (words[HEADER_SLOT_COUNT >> 2] as number); index++) {
    const row = statisticsPointer(index);
    sum.requests += doubles[(row + STATISTICS_REQUESTS) >> 3] as number;
    sum.refused += doubles[(row + STATISTICS_REFUSED) >> 3] as number;
    sum.accepted += doubles[(row + STATISTICS_ACCEPTED) >> 3] as number;
  }
  return sum;
}

/** How many connections are open over all slots. */
export function countOpen(views: Views): number {
  let open = 0;
  for (let index = 0; index < (views.words[HEADER_SLOT_COUNT >> 2] as number); index++)
    open += openConnections(views, index);
  return open;
}

/** How many connections are open in one slot. */
export function openConnections({ doubles }: Views, index: number): number {
  return doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] as number;
}

/** After a worker's end: its totals stay, its open connections are gone. */
export function reclaimSlot({ doubles }: Views, index: number): void {
  doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] = 0;
}
