// An exchange without a connection: it records all calls, in order.

import type { Exchange, Head, HeadParts } from '../../src/connection/exchange.ts';

export class FakeExchange implements Exchange {
  readonly calls: unknown[][] = [];
  readonly content = undefined;
  readonly scheme = 'http';
  readonly httpVersion = '1.1';
  readonly tls = undefined;
  readonly remoteAddress = '127.0.0.1';
  readonly head: Head;
  aborted: Error | undefined = undefined;
  onAbort: ((reason: Error) => void) | undefined = undefined;
  over = false;
  onGone: (() => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  routeCells = 0;
  requestId: string | undefined = undefined;
  headParts: HeadParts | undefined = undefined;
  /** Nothing of the response that begin() started has been sent. */
  held = false;
  /** The result of write(). */
  room = true;
  /** How many bytes write() still accepts. */
  left = Number.POSITIVE_INFINITY;
  private finish: () => void = () => {};
  /** The response has ended or was aborted. */
  readonly finished: Promise<void>;

  constructor(method = 'GET') {
    this.head = { method } as Head;
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  respond(...call: Parameters<Exchange['respond']>): void {
    this.note('respond', ...call);
    this.complete();
  }

  answer(index: number): void {
    this.note('answer', index);
    this.complete();
  }

  begin(...call: Parameters<Exchange['begin']>): boolean {
    this.note('begin', ...call);
    this.left = call[2] ?? Number.POSITIVE_INFINITY;
    return this.head.method !== 'HEAD' && call[0] !== 204 && call[0] !== 304;
  }

  write(bytes: Uint8Array): boolean {
    this.left -= bytes.length;
    if (this.left < 0) throw new RangeError('more than was told');
    this.note('write', Buffer.from(bytes).toString());
    return this.room;
  }

  inform(...call: Parameters<Exchange['inform']>): boolean {
    this.note('inform', ...call);
    return true;
  }

  on(event: string): void {
    this.note('on', event);
  }

  off(event: string): void {
    this.note('off', event);
  }

  end(trailers: string): void {
    this.note('end', trailers);
    this.complete();
  }

  upgrade(): void {
    throw new Error('no application of the Fetch layer upgrades');
  }

  withdraw(): boolean {
    if (this.held) this.note('withdraw');
    return this.held;
  }

  breakOff(): void {
    this.note('breakOff');
    this.complete();
  }

  /** The connection has closed. */
  abort(reason: Error): void {
    this.aborted = reason;
    this.over = true;
    this.onAbort?.(reason);
    this.onGone?.();
  }

  private complete(): void {
    this.over = true;
    this.finish();
  }

  private note(...call: unknown[]): void {
    this.calls.push(call);
  }
}
