// The figures of a server: a row for each slot, which its worker alone writes and any thread reads.

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

/** The row of one slot, as its worker writes it. The engine counts the requests, and those that it refuses. */
export class StatisticsRow {
  readonly pointer: number;
  private readonly doubles: Float64Array;
  private readonly openDouble: number;
  private readonly acceptedDouble: number;
  private readonly refusedDouble: number;
  private readonly requestsDouble: number;

  constructor(
    private readonly views: Views,
    index: number,
  ) {
    const pointer = statisticsPointer(index);
    this.pointer = pointer;
    this.doubles = views.doubles;
    this.openDouble = (pointer + STATISTICS_OPEN) >> 3;
    this.acceptedDouble = (pointer + STATISTICS_ACCEPTED) >> 3;
    this.refusedDouble = (pointer + STATISTICS_REFUSED) >> 3;
    this.requestsDouble = (pointer + STATISTICS_REQUESTS) >> 3;
  }

  /** Counts a connection that was accepted. */
  accepted(): void {
    this.add(this.acceptedDouble, 1);
  }

  /** Counts a connection that is open from now on. */
  opened(): void {
    this.add(this.openDouble, 1);
  }

  /** Counts a connection that is open no longer. */
  closed(): void {
    this.add(this.openDouble, -1);
  }

  /** Counts a request that the engine has taken and not counted. */
  answered(): void {
    this.add(this.requestsDouble, 1);
  }

  /** Counts a request that the engine had taken and that was refused afterwards. */
  refused(): void {
    this.add(this.refusedDouble, 1);
  }

  /** How many connections all workers have open. */
  get openEverywhere(): number {
    return countOpen(this.views);
  }

  private add(double: number, n: number): void {
    this.doubles[double] = (this.doubles[double] as number) + n;
  }
}

/** Pointer of the row of slot `index`. */
export function statisticsPointer(index: number): number {
  return STATISTICS + index * ROW_BYTES;
}

/** Adds up the figures of all slots. */
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

/** How many connections are open in all slots. */
function countOpen(views: Views): number {
  let open = 0;
  for (let index = 0; index < (views.words[HEADER_SLOT_COUNT >> 2] as number); index++)
    open += openConnections(views, index);
  return open;
}

/** How many connections are open in one slot. */
export function openConnections({ doubles }: Views, index: number): number {
  return doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] as number;
}

/** Corrects the row of a worker that has ended: its totals stay, its open connections are gone. */
export function reclaimSlot({ doubles }: Views, index: number): void {
  doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] = 0;
}
