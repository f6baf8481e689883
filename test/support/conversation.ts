// A connection without a socket: parts of input through Carry and serve() as connection.ts drives them.

import { Carry } from '../../src/connection/carry.ts';
import { VERDICT_AGAIN, VERDICT_CLOSE } from '../../src/protocol/codes.ts';
import { type Engine, latin1, textOf } from './engines.ts';

export interface Conversation {
  /** All that was answered, Latin-1. */
  output: string;
  closed: boolean;
  /** Bytes that wait for more, and whether a message is unfinished. */
  left: number;
  unfinished: boolean;
  turns: number;
}

/** Sends the parts to a fresh connection, one read each. */
export function converse({ codec, slot }: Pick<Engine, 'codec' | 'slot'>, parts: string[]): Conversation {
  const output = slot.outputs[0] as number;
  const conversation: Conversation = { output: '', closed: false, left: 0, unfinished: false, turns: 0 };
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
      if (slot.verdict === VERDICT_CLOSE)
        return { ...conversation, closed: true, left: 0, unfinished: false };
    } while (slot.verdict === VERDICT_AGAIN);
    if (cursor === end && !slot.unfinished) carry = undefined;
    else if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    conversation.left = end - cursor;
    conversation.unfinished = carry !== undefined;
  }
  slot.takeRecord();
  return conversation;
}

/** The input whole, in two parts, cut everywhere, and byte by byte; a long one cut at its ends and some places. */
export function everySplit(input: string): string[][] {
  const cuts = Array.from({ length: Math.max(input.length - 1, 0) }, (_, i) => i + 1)
    .filter((cut) => input.length < 600 || cut < 64 || cut > input.length - 64 || cut % 97 === 0)
    .map((cut) => [input.slice(0, cut), input.slice(cut)]);
  return input.length > 1 ? [[input], ...cuts, [...input]] : [[input]];
}
