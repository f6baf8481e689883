// The figures of one slot, as its thread writes them: plain additions, since no other thread writes them. readStatistics()
// reads those of all slots.

import {
  CELL_BYTES,
  CELLS_OF_METHOD_BYTES,
  CELLS_OF_ROUTE_BYTES,
  COLLECTION_BYTES,
  COLLECTION_MS,
  FIGURES_ACTIVE_MS,
  FIGURES_BEAT,
  FIGURES_CELLS,
  FIGURES_COLLECTIONS,
  FIGURES_EXTERNAL_BYTES,
  FIGURES_HANDLER_TIMES,
  FIGURES_HEAP_TOTAL_BYTES,
  FIGURES_HEAP_USED_BYTES,
  FIGURES_IDLE_MS,
  FIGURES_IN_TURN,
  FIGURES_LISTENERS,
  FIGURES_LIVE,
  FIGURES_LOG_DROPPED,
  FIGURES_LOOP_DELAYS,
  FIGURES_RECEIVED_BYTES,
  FIGURES_REFUSALS,
  FIGURES_REQUEST_TIMES,
  FIGURES_SENT_BYTES,
  FIGURES_TIMED,
  FIGURES_WORKER,
  LISTENER_ACCEPTED,
  LISTENER_BYTES,
  LISTENER_COUNT_MAX,
  LISTENER_DROPPED,
  LISTENER_OPEN,
} from '../memory/figures-layout.ts';
import { FIGURES } from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';
import { readRoutes, routeIndex } from './route-names.ts';
import { slotPointer } from './statistics-row.ts';
import { recordTime } from './times.ts';

/** The name of the route of requests that no route answers. */
export const NO_ROUTE = 'none';
/** The name of the route of the built-in response. */
export const ALL_PATHS = '/*';

export class Figures {
  private readonly pointer: number;
  private readonly doubles: Float64Array;
  private readonly receivedDouble: number;
  private readonly sentDouble: number;

  /** @param slot pointer of the slot */
  constructor(
    private readonly views: Views,
    slot: number,
  ) {
    this.pointer = slot + FIGURES;
    this.doubles = views.doubles;
    this.receivedDouble = (this.pointer + FIGURES_RECEIVED_BYTES) >> 3;
    this.sentDouble = (this.pointer + FIGURES_SENT_BYTES) >> 3;
  }

  /** A thread begins to use the slot. @param worker its index in its generation */
  begin(worker: number): void {
    this.views.words[(this.pointer + FIGURES_WORKER) >> 2] = worker + 1;
    this.views.words[(this.pointer + FIGURES_LIVE) >> 2] = 1;
  }

  /** Returns the pointer of the figures of a route. Routes beyond ROUTE_COUNT_MAX share those of the last one. */
  cellsOf(route: string): number {
    return this.pointer + FIGURES_CELLS + routeIndex(this.views, this.pointer, route) * CELLS_OF_ROUTE_BYTES;
  }

  /** Returns the name of a route. @param cells pointer of its figures */
  routeOf(cells: number): string {
    const index = (cells - this.pointer - FIGURES_CELLS) / CELLS_OF_ROUTE_BYTES;
    return readRoutes(this.views, this.pointer)[index] ?? NO_ROUTE;
  }

  /**
   * Counts a request that has been answered outside of serve().
   * @param cells of its route
   * @param method one of METHOD_*
   * @param statusCode 0 if there was no response
   */
  answered(cells: number, method: number, statusCode: number): void {
    const statusClass = (statusCode / 100) | 0;
    this.add((cells + method * CELLS_OF_METHOD_BYTES + statusClass * CELL_BYTES) >> 3, 1);
  }

  /** Counts a message that was refused outside of the engine. @param error one of ERROR_* */
  refused(error: number): void {
    this.add((this.pointer + FIGURES_REFUSALS - error * 8) >> 3, 1);
  }

  /** Counts a line of the access log for which there was no room. */
  logLineDropped(): void {
    this.add((this.pointer + FIGURES_LOG_DROPPED) >> 3, 1);
  }

  received(bytes: number): void {
    this.add(this.receivedDouble, bytes);
  }

  sent(bytes: number): void {
    this.add(this.sentDouble, bytes);
  }

  requestTook(ms: number): void {
    recordTime(this.doubles, this.pointer + FIGURES_REQUEST_TIMES, ms, 1);
  }

  /** @param n how many took this time */
  handlersTook(ms: number, n: number): void {
    recordTime(this.doubles, this.pointer + FIGURES_HANDLER_TIMES, ms, n);
  }

  /** Counts a request that the application has answered in its turn. */
  answeredInTurn(): void {
    this.add((this.pointer + FIGURES_IN_TURN) >> 3, 1);
  }

  /** Records this time for all requests that were answered in their turn and whose time has not been recorded. */
  turnTook(ms: number): void {
    const { doubles, pointer } = this;
    const answered = doubles[(pointer + FIGURES_IN_TURN) >> 3] as number;
    const timedDouble = (pointer + FIGURES_TIMED) >> 3;
    const untimed = answered - (doubles[timedDouble] as number);
    if (untimed === 0) return;
    doubles[timedDouble] = answered;
    recordTime(doubles, pointer + FIGURES_REQUEST_TIMES, ms, untimed);
  }

  /** Counts a tick of the clock. */
  beats(): void {
    const word = (this.pointer + FIGURES_BEAT) >> 2;
    this.views.words[word] = ((this.views.words[word] as number) + 1) | 0;
  }

  loopDelayed(ms: number): void {
    recordTime(this.doubles, this.pointer + FIGURES_LOOP_DELAYS, ms, 1);
  }

  /** Adds the time that the event loop ran and waited, in milliseconds. */
  loopTurned(activeMs: number, idleMs: number): void {
    this.add((this.pointer + FIGURES_ACTIVE_MS) >> 3, activeMs);
    this.add((this.pointer + FIGURES_IDLE_MS) >> 3, idleMs);
  }

  /** @param kind index of the kind of collection, see COLLECTION_KINDS */
  collected(kind: number, ms: number): void {
    const at = this.pointer + FIGURES_COLLECTIONS + kind * COLLECTION_BYTES;
    this.add(at >> 3, 1);
    this.add((at + COLLECTION_MS) >> 3, ms);
  }

  /** Sets the memory of the thread, in bytes. */
  usesMemory(heapUsed: number, heapTotal: number, external: number): void {
    const { doubles, pointer } = this;
    doubles[(pointer + FIGURES_HEAP_USED_BYTES) >> 3] = heapUsed;
    doubles[(pointer + FIGURES_HEAP_TOTAL_BYTES) >> 3] = heapTotal;
    doubles[(pointer + FIGURES_EXTERNAL_BYTES) >> 3] = external;
  }

  /** Counts a connection of a listener. @param listener its index in the list of listeners */
  accepted(listener: number): void {
    this.add(this.ofListener(listener) + (LISTENER_ACCEPTED >> 3), 1);
  }

  opened(listener: number): void {
    this.add(this.ofListener(listener) + (LISTENER_OPEN >> 3), 1);
  }

  closed(listener: number): void {
    this.add(this.ofListener(listener) + (LISTENER_OPEN >> 3), -1);
  }

  /** Counts a connection that got a 503, or was closed, because there was no room for it. */
  dropped(listener: number): void {
    this.add(this.ofListener(listener) + (LISTENER_DROPPED >> 3), 1);
  }

  private ofListener(listener: number): number {
    const row = Math.min(listener, LISTENER_COUNT_MAX - 1);
    return (this.pointer + FIGURES_LISTENERS + row * LISTENER_BYTES) >> 3;
  }

  private add(double: number, n: number): void {
    this.doubles[double] = (this.doubles[double] as number) + n;
  }
}

/** Returns the count of ticks of the thread that owns a slot. It stands still while the event loop does. */
export function beatOf({ words }: Views, slot: number): number {
  return Atomics.load(words, (slotPointer(slot) + FIGURES + FIGURES_BEAT) >> 2);
}
