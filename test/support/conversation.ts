// A connection without a socket: parts of input through Carry and serve() as connection.ts drives them.

import { Carry } from '../../src/connection/carry.ts';
import { VERDICT_AGAIN, VERDICT_CLOSE } from '../../src/protocol/codes.ts';
import { type Engine, latin1, textOf } from './engines.ts';

export interface Conversation {
  /** All that was answered, Latin-1. */
  output: string;
  closed: boolean;
  /** Bytes that wait for more. */
  left: number;
  turns: number;
}

/** Sends the parts to a fresh connection, one read each. */
export function converse({ codec, slot }: Engine, parts: string[]): Conversation {
  const output = slot.outputs[0] as number;
  const conversation: Conversation = { output: '', closed: false, left: 0, turns: 0 };
  let carry: Carry | undefined;
  for (const part of parts) {
    slot.read.set(latin1(part));
    const end = slot.readStart + part.length;
    let cursor = carry?.restore(part.length) ?? slot.readStart;
    const start = cursor;
    do {
      cursor = codec.serve(cursor, end, output);
      conversation.output += textOf(slot.views.bytes.subarray(output, output + slot.written));
      conversation.turns++;
      if (slot.verdict === VERDICT_CLOSE) return { ...conversation, closed: true };
    } while (slot.verdict === VERDICT_AGAIN);
    if (cursor === end) carry = undefined;
    else if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    conversation.left = end - cursor;
  }
  slot.takeRecord();
  return conversation;
}

/** Every input in two parts, cut everywhere, and byte by byte. */
export function everySplit(input: string): string[][] {
  const cuts = Array.from({ length: input.length - 1 }, (_, i) => [
    input.slice(0, i + 1),
    input.slice(i + 1),
  ]);
  return [[input], ...cuts, [...input]];
}
