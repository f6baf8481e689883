// Fixed answers: a Response that never changes, or a count. They are prepared once; the engine sends them from the
// plane's slot, and where there is no room for one, or several paths lead to it, it is sent from here.

import type { Exchange, Head, HeadParts } from '../connection/exchange.ts';
import type { Plane } from '../connection/plane.ts';
import { ERROR_LEASE_EXHAUSTED } from '../memory/codes.ts';
import type { Prepared } from '../protocol/prepared.ts';
import { isBare, statusLine } from '../protocol/status.ts';
import { isUnmodified, unmodifiedFields, type Validators, validatorsOf } from '../protocol/validators.ts';
import { Counted } from '../state/counted.ts';
import { counterIndexIn } from '../state/counter.ts';
import { isLeaseExhausted } from '../state/lease.ts';
import { unmodifiedIndex } from '../wasm/slot.ts';
import { TEXT_FIELDS } from './fields.ts';
import { wholeParts } from './send.ts';

export type Fixed = globalThis.Response | Counted;

/** The validators of a response, and the field lines of the 304 in its place. */
interface Conditional extends Validators {
  fields: string;
}

/** A fixed answer that can be sent. */
export class Ready {
  /** Its place in the slot, if it has one. */
  index: number | undefined = undefined;

  constructor(
    private readonly statusCode: number,
    private readonly fields: string,
    private readonly content: Uint8Array | Counted,
    private readonly close: boolean,
    private readonly headParts?: HeadParts | undefined,
    /** Undefined: requests on condition are answered as all others. */
    private readonly conditional?: Conditional | undefined,
  ) {}

  send(exchange: Exchange): void {
    const { statusCode, fields, content, close, conditional } = this;
    if (conditional !== undefined && saysUnmodified(exchange.head, conditional))
      this.sendUnmodified(exchange, conditional.fields);
    else if (this.index !== undefined) exchange.answer(this.index);
    else if (content instanceof Counted) this.count(exchange, content);
    else {
      exchange.headParts = this.headParts;
      exchange.respond(statusCode, fields, content, close);
    }
  }

  private sendUnmodified(exchange: Exchange, fields: string): void {
    if (this.index !== undefined) exchange.answer(unmodifiedIndex(this.index));
    else {
      // The phrase belongs to the other status; Date is the response's (RFC 9110 15.4.5).
      exchange.headParts = this.headParts && { reasonPhrase: undefined, date: this.headParts.date };
      exchange.respond(304, fields, '', this.close);
    }
  }

  private count(exchange: Exchange, counted: Counted): void {
    let content: string;
    try {
      content = counted.next();
    } catch (error) {
      if (!isLeaseExhausted(error)) throw error;
      exchange.answer(-ERROR_LEASE_EXHAUSTED);
      return;
    }
    exchange.respond(this.statusCode, this.fields, content, this.close);
  }
}

/** The fixed answers of one application on a plane. */
export class FixedAnswers {
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly plane: Plane) {}

  /** @param path which alone GET reaches it by; undefined when there is none such */
  async prepare(answer: Fixed, path: string | undefined): Promise<Ready> {
    return answer instanceof Counted ? this.count(answer, path) : await this.fix(answer, path);
  }

  /** Puts all of them into the slot, in the place of those that are there. */
  place(): void {
    this.plane.slot.forgetRoutes();
    for (const place of this.waiting) place();
  }

  private async fix(response: globalThis.Response, path: string | undefined): Promise<Ready> {
    const { statusCode, fields, content, close, headParts } = await wholeParts(response);
    // Conditions are for a response that would be successful without them (RFC 9110 13.2.1).
    const validators = statusCode === 200 ? validatorsOf(fields) : undefined;
    const conditional = validators && { ...validators, fields: unmodifiedFields(fields) };
    const ready = new Ready(statusCode, fields, content, close, headParts, conditional);
    // A response from the engine leaves the connection as it is, and has the engine's Date.
    this.add(ready, close || headParts?.date !== undefined ? undefined : path, {
      head: statusLine(statusCode, headParts?.reasonPhrase) + fields,
      content: Buffer.from(content).toString('latin1'),
      counter: -1,
      bare: isBare(statusCode),
      ...(conditional && { conditional: { ...conditional, head: statusLine(304) + conditional.fields } }),
    });
    return ready;
  }

  private count(counted: Counted, path: string | undefined): Ready {
    const fields = TEXT_FIELDS.lines;
    const ready = new Ready(200, fields, counted, false);
    // Named state may live in another server's memory.
    const counter = counterIndexIn(this.plane.slot.views, counted.counter);
    if (counter !== undefined)
      this.add(ready, path, {
        head: statusLine(200) + fields,
        content: Buffer.from(counted.prefix).toString('latin1'),
        counter,
        bare: false,
      });
    return ready;
  }

  private add(ready: Ready, path: string | undefined, prepared: Omit<Prepared, 'index'>): void {
    if (path === undefined) return;
    this.waiting.push(() => {
      try {
        ready.index = this.plane.slot.addRoute(path, prepared);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    });
  }
}

/** Whether the request is on conditions that say: the client has it already. As the engine decides (RFC 9110 13.2.2). */
function saysUnmodified(head: Head, validators: Validators): boolean {
  const { method } = head;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const noneMatch = valuesOf(head, 'if-none-match');
  const modifiedSince = noneMatch.length > 0 ? [] : valuesOf(head, 'if-modified-since');
  return isUnmodified(validators, noneMatch, modifiedSince);
}

function valuesOf(head: Head, name: string): string[] {
  const values: string[] = [];
  for (let i = head.findField(name); i >= 0; i = head.findField(name, i + 1)) values.push(head.fieldValue(i));
  return values;
}
