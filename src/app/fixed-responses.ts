// Fixed responses: a Response that never changes, or a counted one. They are prepared once. The engine sends them from
// the plane's slot. This file sends a fixed response that has no place in the slot, or to which several paths lead.

import type { Exchange, Head, HeadParts } from '../connection/exchange.ts';
import type { Plane } from '../connection/plane.ts';
import { ERROR_LEASE_EXHAUSTED } from '../memory/codes.ts';
import type { Prepared } from '../protocol/prepared.ts';
import { isBare, statusLine } from '../protocol/status.ts';
import { isUnmodified, unmodifiedFields, type Validators, validatorsOf } from '../protocol/validators.ts';
import { Counted } from '../state/counted.ts';
import { counterIndexIn } from '../state/counter.ts';
import { isLeaseExhausted } from '../state/lease-exhausted.ts';
import { unmodifiedIndex } from '../wasm/prepared-table.ts';
import { TEXT_FIELDS } from './response-fields.ts';
import { wholeParts } from './send.ts';

export type FixedValue = globalThis.Response | Counted;

/** The validators of a response, and the field lines of the 304 that may replace it. */
interface Conditional extends Validators {
  fields: string;
}

/** A fixed response that is ready to be sent. */
export class FixedResponse {
  /** Index in the slot's table; undefined when it has no place there. */
  index: number | undefined = undefined;

  constructor(
    private readonly statusCode: number,
    private readonly fields: string,
    private readonly content: Uint8Array | Counted,
    private readonly close: boolean,
    private readonly headParts?: HeadParts | undefined,
    /** Undefined when conditional requests get the full response. */
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
      // The reason phrase belongs to the other status; the 304 has the Date of the response (RFC 9110 15.4.5).
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

/** The fixed responses of one application on a plane. */
export class FixedResponses {
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly plane: Plane) {}

  /**
   * Prepares a fixed response.
   * @param path the path whose GET gets this response, when no other path does; else undefined
   */
  async prepare(answer: FixedValue, path: string | undefined): Promise<FixedResponse> {
    return answer instanceof Counted ? this.count(answer, path) : await this.fix(answer, path);
  }

  /** Puts all prepared responses into the slot, in place of the former ones. */
  place(): void {
    this.plane.slot.prepared.forgetRoutes();
    for (const place of this.waiting) place();
  }

  private async fix(response: globalThis.Response, path: string | undefined): Promise<FixedResponse> {
    const { statusCode, fields, content, close, headParts } = await wholeParts(response);
    // Conditions apply only to a response that would succeed without them (RFC 9110 13.2.1).
    const validators = statusCode === 200 ? validatorsOf(fields) : undefined;
    const conditional = validators && { ...validators, fields: unmodifiedFields(fields) };
    const fixed = new FixedResponse(statusCode, fields, content, close, headParts, conditional);
    // The engine neither closes the connection after a fixed response nor sends another Date than its own.
    this.add(fixed, close || headParts?.date !== undefined ? undefined : path, {
      head: statusLine(statusCode, headParts?.reasonPhrase) + fields,
      content: Buffer.from(content).toString('latin1'),
      counter: -1,
      bare: isBare(statusCode),
      ...(conditional && { conditional: { ...conditional, head: statusLine(304) + conditional.fields } }),
    });
    return fixed;
  }

  private count(counted: Counted, path: string | undefined): FixedResponse {
    const fields = TEXT_FIELDS.lines;
    const fixed = new FixedResponse(200, fields, counted, false);
    // The counter may be in the memory of another server of this process.
    const counter = counterIndexIn(this.plane.slot.views, counted.counter);
    if (counter !== undefined)
      this.add(fixed, path, {
        head: statusLine(200) + fields,
        content: Buffer.from(counted.prefix).toString('latin1'),
        counter,
        bare: false,
      });
    return fixed;
  }

  private add(fixed: FixedResponse, path: string | undefined, prepared: Omit<Prepared, 'index'>): void {
    if (path === undefined) return;
    this.waiting.push(() => {
      try {
        fixed.index = this.plane.slot.prepared.addRoute(path, prepared);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    });
  }
}

/** Whether the request's conditions say that the client has this response already (RFC 9110 13.2.2), as the engine decides it. */
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
