// Heads, contents and exchanges made from arrays, for tests of the layers above them.

import type { Received } from '../../src/app/authority.ts';
import type { Content, Exchange, Head } from '../../src/connection/exchange.ts';

export type Field = readonly [name: string, value: string];

export class FakeHead implements Head {
  readonly versionMinor = 1;
  /** How often findField() and fieldValue() were called. */
  found = 0;
  values = 0;
  readonly method: string;
  readonly target: string;
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[], method = 'GET', target = '/') {
    this.#fields = fields;
    this.method = method;
    this.target = target;
  }

  get originForm(): boolean {
    return this.target.startsWith('/');
  }

  get host(): string {
    return this.#fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '';
  }

  get fieldCount(): number {
    return this.#fields.length;
  }

  fieldName(index: number): string {
    return (this.#fields[index] as Field)[0];
  }

  fieldValue(index: number): string {
    this.values++;
    return (this.#fields[index] as Field)[1];
  }

  findField(name: string, from = 0): number {
    this.found++;
    for (let index = from; index < this.#fields.length; index++)
      if (this.fieldName(index).toLowerCase() === name) return index;
    return -1;
  }
}

export class FakeContent implements Content {
  readonly length = undefined;
  cancelled = 0;
  kept = 0;
  /** How many pieces have been read. */
  reads = 0;
  trailers: Field[] = [];
  readonly #pieces: (Uint8Array | Error)[];
  readonly #trailersAtEnd: readonly Field[];
  readonly #whole: boolean;

  constructor(
    pieces: readonly (string | Uint8Array | Error)[],
    { whole = false, trailers = [] }: { whole?: boolean; trailers?: readonly Field[] } = {},
  ) {
    this.#pieces = pieces.map((piece) =>
      typeof piece === 'string' ? new TextEncoder().encode(piece) : piece,
    );
    this.#whole = whole;
    this.#trailersAtEnd = trailers;
  }

  takeWhole(): Uint8Array | undefined {
    if (!this.#whole || this.reads > 0) return undefined;
    this.reads++;
    this.trailers = [...this.#trailersAtEnd];
    const bytes = this.#pieces.splice(0).flatMap((piece) => [...(piece as Uint8Array)]);
    return Uint8Array.from(bytes);
  }

  takeText(): string | undefined {
    const bytes = this.takeWhole();
    return bytes && new TextDecoder().decode(bytes);
  }

  keep(): void {
    this.kept++;
  }

  async read(): Promise<Uint8Array | undefined> {
    this.reads++;
    const piece = this.#pieces.shift();
    if (piece instanceof Error) throw piece;
    if (piece === undefined) this.trailers = [...this.#trailersAtEnd];
    return piece;
  }

  async readWhole(): Promise<Uint8Array> {
    const bytes: number[] = [];
    for (let piece = await this.read(); piece !== undefined; piece = await this.read()) bytes.push(...piece);
    return Uint8Array.from(bytes);
  }

  cancel(): void {
    this.cancelled++;
  }

  whenBroken(): void {}
}

/** A request that came to a listener of HTTP, or to one of HTTPS. */
export function received(head: FakeHead, scheme: Received['scheme'] = 'http'): Received {
  return { head, scheme };
}

export interface FakeExchange extends Exchange {
  aborted: Error | undefined;
  readonly head: FakeHead;
  abort(reason: Error): void;
}

export function fakeExchange(head: FakeHead, content?: Content): FakeExchange {
  const unasked = () => {
    throw new Error('a request sends nothing');
  };
  return {
    head,
    content,
    routeCells: 0,
    requestId: undefined,
    scheme: 'http',
    httpVersion: '1.1',
    tls: undefined,
    remoteAddress: '192.0.2.9',
    aborted: undefined,
    onAbort: undefined,
    over: false,
    onGone: undefined,
    onDrain: undefined,
    headParts: undefined,
    on: unasked,
    off: unasked,
    inform: unasked,
    respond: unasked,
    answer: unasked,
    begin: unasked,
    write: unasked,
    end: unasked,
    upgrade: unasked,
    withdraw: unasked,
    breakOff: unasked,
    abort(reason) {
      this.aborted = reason;
      this.onAbort?.(reason);
    },
  };
}
