// A connection without a socket: parts of input through Carry and serve() as connection.ts drives them.

import { Carry } from '../../src/connection/carry.ts';
import { VERDICT_AGAIN, VERDICT_CLOSE } from '../../src/memory/codes.ts';
import { OUTPUT_BYTES, PREPARED_RESPONSE_BYTES_MAX, READ_BYTES } from '../../src/memory/layout.ts';
import { type RequestLine, readEvents } from '../../src/wasm/events.ts';
import type { Slot } from '../../src/wasm/slot.ts';
import { type Engine, latin1, textOf } from './engines.ts';

export interface Conversation {
  /** All response bytes, Latin-1. */
  output: string;
  closed: boolean;
  /** The count of bytes that wait for more, and whether a message is unfinished. */
  left: number;
  unfinished: boolean;
  turns: number;
  /** The request lines, if the slot records events. */
  heads: string[];
  /** An event for each message and each call of serve(), if the slot records events. */
  events: Event[];
}

/** Texts are Latin-1. */
export interface Event {
  request: string | undefined;
  error: number;
  response: string | undefined;
}

/** More bytes than the varying parts of a response take. */
const VARYING_BYTES_MAX = 256;

/** Returns the position in output region `index` at which exactly one more response fits, so serve() returns after each. */
export function roomForOne(slot: Slot, index = 0): number {
  return (slot.outputs[index] as number) + OUTPUT_BYTES - PREPARED_RESPONSE_BYTES_MAX - VARYING_BYTES_MAX;
}

/**
 * Sends the parts on a fresh connection: one read each, or several reads if a part is longer than a read.
 * @param output the address at which responses are built
 */
export function converse(
  { codec, slot }: Pick<Engine, 'codec' | 'slot'>,
  parts: string[],
  output = slot.outputs[0] as number,
): Conversation {
  const conversation: Conversation = {
    output: '',
    closed: false,
    left: 0,
    unfinished: false,
    turns: 0,
    heads: [],
    events: [],
  };
  let carry: Carry | undefined;
  for (const part of parts.flatMap(reads)) {
    slot.read.set(latin1(part));
    const end = slot.readStart + part.length;
    let cursor = carry?.restore(part.length) ?? slot.readStart;
    const start = cursor;
    do {
      cursor = codec.serve(cursor, end, output);
      conversation.output += textOf(slot.views.bytes.subarray(output, output + slot.written));
      conversation.turns++;
      for (const { request, error, response } of slot.recordsEvents
        ? readEvents(slot.views, slot.pointer)
        : []) {
        const line = request && lineOf(request);
        if (line !== undefined) conversation.heads.push(line);
        conversation.events.push({ request: line, error, response: response && textOf(response) });
      }
      if (slot.verdict === VERDICT_CLOSE) {
        slot.record.drop();
        return { ...conversation, closed: true, left: 0, unfinished: false };
      }
    } while (slot.verdict === VERDICT_AGAIN);
    if (cursor === end && !slot.record.unfinished) carry = undefined;
    else if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    conversation.left = end - cursor;
    conversation.unfinished = carry !== undefined;
  }
  slot.record.drop();
  return conversation;
}

export function lineOf({ method, target, versionMinor }: RequestLine): string {
  return `${method} ${target} HTTP/1.${versionMinor}`;
}

/** Splits a part into the reads in which the kernel would deliver it. */
function reads(part: string): string[] {
  const count = Math.ceil(part.length / READ_BYTES);
  if (count <= 1) return [part];
  return Array.from({ length: count }, (_, i) => part.slice(i * READ_BYTES, (i + 1) * READ_BYTES));
}

/** Longer inputs repeat some part, so they are cut everywhere near their ends, but only at some places in the middle. */
const LONG_BYTES = 5000;
const LONG_END_BYTES = 16;
const LONG_CUTS = 12;
const LONG_MARGIN_BYTES = 500;
const LONG_PART_BYTES = 61;

/** Returns the input whole, cut in two at every place, and byte by byte; cuts a long input at fewer places. */
export function everySplit(input: string): string[][] {
  const { length } = input;
  if (length < 2) return [[input]];
  const long = length > LONG_BYTES;
  const end = long ? LONG_END_BYTES : 64;
  const stride = long ? Math.ceil(length / LONG_CUTS) | 1 : 97;
  const cuts = Array.from({ length: length - 1 }, (_, i) => i + 1)
    .filter((cut) => length < 600 || cut < end || cut > length - end || cut % stride === 0)
    .map((cut) => [input.slice(0, cut), input.slice(cut)]);
  return [[input], ...cuts, byteByByte(input)];
}

/** Splits the input into single bytes, and the middle of a long input into larger parts. */
export function byteByByte(input: string): string[] {
  if (input.length <= LONG_BYTES) return [...input];
  const end = input.length - LONG_MARGIN_BYTES;
  const middle: string[] = [];
  for (let at = LONG_MARGIN_BYTES; at < end; at += LONG_PART_BYTES)
    middle.push(input.slice(at, Math.min(at + LONG_PART_BYTES, end)));
  return [...input.slice(0, LONG_MARGIN_BYTES), ...middle, ...input.slice(end)];
}
