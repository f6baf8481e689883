// What an exchange tells its application: the callbacks of the interface, then the listeners.

import { type ExchangeEvents, ExchangeListeners } from './exchange-events.ts';
import { MeasuredRequest } from './measured-request.ts';
import { type Taken, tellLater } from './outflow.ts';

export class Signals extends MeasuredRequest {
  aborted: Error | undefined = undefined;
  onAbort: ((reason: Error) => void) | undefined = undefined;
  onGone: (() => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  private listeners: ExchangeListeners | undefined = undefined;

  on<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void {
    (this.listeners ??= new ExchangeListeners()).add(event, listener);
  }

  off<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void {
    this.listeners?.remove(event, listener);
  }

  protected tellAborted(reason: Error): void {
    this.aborted = reason;
    this.onAbort?.(reason);
    this.listeners?.abort(reason);
  }

  /** Nothing more can be sent: that also ends the wait for the client. */
  protected tellGone(): void {
    const { listeners } = this;
    this.onGone?.();
    listeners?.gone();
    this.tellDrained();
    if (listeners !== undefined) tellLater((error) => listeners.left(error), this.aborted);
  }

  protected tellDrained(): void {
    const { listeners } = this;
    this.onDrain?.();
    listeners?.drain();
  }

  /** Returns what is called when the response has left; undefined if it has no listener. */
  protected get left(): Taken | undefined {
    const { listeners } = this;
    return listeners && ((error) => listeners.left(error));
  }
}
