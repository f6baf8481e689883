// A request as the figures of its thread count it: once, when its response begins, by route, method and status; and how long
// it took. A request that is answered while the application is being called has the time of its turn, since reading a clock
// takes long; other requests have times of their own. These begin when the application is called if the call before had
// such a request, too, and otherwise when the call returns.

import type { Plane } from './plane.ts';

export class MeasuredRequest {
  /** Pointer of the figures of the route that answers, as Figures.cellsOf() gives it. */
  routeCells = 0;
  /** Undefined while nothing is measured: the engine measures the requests that it answers. */
  private measuring: Plane | undefined = undefined;
  private method = 0;
  /** When the application got the request, in monotonic milliseconds. */
  private begunMs = 0;
  /** The id of the request, once it is known. */
  requestId: string | undefined = undefined;
  /** The application is being called. */
  private called = true;
  private counted = false;
  private handled = false;

  /** Starts the time of a request that has a record in the slot. */
  protected measure(plane: Plane, routeCells = plane.noRouteCells): void {
    this.measuring = plane;
    this.routeCells = routeCells;
    this.method = plane.slot.record.method;
    if (plane.answersLater) this.begunMs = plane.clock.readMs();
  }

  /** The call of the application has returned. */
  returned(): void {
    this.called = false;
    const { measuring } = this;
    if (measuring === undefined) return;
    measuring.answersLater = true;
    if (this.begunMs === 0) this.begunMs = measuring.clock.readMs();
    if (this.counted) this.handlerEnds();
  }

  /** Counts the response, which begins. @param statusCode 0 if there is none */
  protected counts(statusCode: number): void {
    const { measuring } = this;
    if (measuring === undefined || this.counted) return;
    this.counted = true;
    measuring.slot.figures.answered(this.routeCells, this.method, statusCode);
  }

  /** The application has begun to answer, and the response is not over. */
  protected handlerEnds(): void {
    const { measuring } = this;
    if (measuring === undefined || this.called || this.handled) return;
    this.handled = true;
    measuring.slot.figures.handlersTook(measuring.clock.readMs() - this.begunMs, 1);
  }

  /** The request is over. */
  protected took(): void {
    const { measuring } = this;
    if (measuring === undefined) return;
    this.counts(0);
    this.measuring = undefined;
    if (this.called) {
      measuring.answeredInTurn();
      return;
    }
    const { figures } = measuring.slot;
    const ms = measuring.clock.readMs() - this.begunMs;
    if (!this.handled) figures.handlersTook(ms, 1);
    figures.requestTook(ms);
  }
}
