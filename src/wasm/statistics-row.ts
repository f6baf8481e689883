// The row of statistics of each slot, which its worker alone writes and any thread reads: the figures that limits need.
// The others are in figures.ts.

import {
  FIGURES_LISTENERS,
  FIGURES_LIVE,
  LISTENER_BYTES,
  LISTENER_COUNT_MAX,
  LISTENER_OPEN,
} from '../memory/figures-layout.ts';
import {
  FIGURES,
  HEADER_SLOT_COUNT,
  ROW_BYTES,
  SLOT_BYTES,
  SLOTS,
  STATISTICS,
  STATISTICS_ACCEPTED,
  STATISTICS_OPEN,
  STATISTICS_REFUSED,
  STATISTICS_REQUESTS,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';

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

/** How many connections are open in all slots. */
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

/** Corrects the row of a worker that has ended: its totals stay, its open connections are gone. */
export function reclaimSlot({ doubles, words }: Views, index: number): void {
  doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] = 0;
  const figures = slotPointer(index) + FIGURES;
  words[(figures + FIGURES_LIVE) >> 2] = 0;
  for (let i = 0; i < LISTENER_COUNT_MAX; i++)
    doubles[(figures + FIGURES_LISTENERS + i * LISTENER_BYTES + LISTENER_OPEN) >> 3] = 0;
}

/** Pointer of slot `index`. */
export function slotPointer(index: number): number {
  return SLOTS + index * SLOT_BYTES;
}
