// A request as the figures of its thread count it: once, when its response begins, by route, method and status; and how long it took.

import type { Plane } from './plane.ts';

export class MeasuredRequest {
  /** Pointer of the figures of the route that answers, as Figures.cellsOf() gives it. */
  routeCells = 0;
  /** Undefined while nothing is measured: the engine measures the requests that it answers. */
  private measuring: Plane | undefined = undefined;
  private method = 0;
  /** The application was given the request, and began to answer, at these times. */
  private begunMs = 0;
  private answeredMs = 0;
  private counted = false;

  /** Starts the time of a request that has a record in the slot. */
  protected measure(plane: Plane, routeCells = plane.noRouteCells): void {
    this.measuring = plane;
    this.routeCells = routeCells;
    this.method = plane.slot.record.method;
    this.begunMs = plane.clock.readMs();
  }

  /** Counts the response, which begins. @param statusCode 0 if there is none */
  protected counts(statusCode: number): void {
    if (this.measuring === undefined || this.counted) return;
    const { clock, slot } = this.measuring;
    this.counted = true;
    slot.figures.answered(this.routeCells, this.method, statusCode);
    this.answeredMs = clock.readMs();
    if (statusCode !== 0) slot.figures.handlerTook(this.answeredMs - this.begunMs);
  }

  /** Records how long the request has taken. @param atOnce its response ends where it has begun, in the same call */
  protected took(atOnce = false): void {
    if (this.measuring === undefined) return;
    this.counts(0);
    const { clock, slot } = this.measuring;
    this.measuring = undefined;
    slot.figures.requestTook((atOnce ? this.answeredMs : clock.readMs()) - this.begunMs);
  }
}
