// A codec that overwrites released memory before and after each turn, so that code that still reads it,
// or has handed it to the kernel without waiting, yields wrong bytes.

import { nextTick } from 'node:process';
import type { Outputs } from '../../src/connection/outputs.ts';
import type { Plane } from '../../src/connection/plane.ts';
import { STATE_START, VERDICT_REQUEST } from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import type { Slot } from '../../src/wasm/slot.ts';

/** Neither a character of the grammar nor the guards' byte. */
const POISON = 0xdd;
const OUTPUT_ALL = layout.OUTPUT_BYTES + layout.OUTPUT_SLACK_BYTES;

/** Wraps a codec over a slot. */
export function poisoning(codec: Codec, slot: Slot): Codec {
  const { bytes, words } = slot.views;
  const input = slot.pointer + layout.CARRY;
  const inputEnd = slot.readEnd + layout.READ_PAD_BYTES;
  const record = slot.pointer + layout.RECORD;
  const state = (record + layout.RECORD_STATE) >> 2;
  const events = (slot.pointer + layout.CONTROL_EVENTS) >> 2;

  /** Overwrites the input except [start, end), a record without a request, and the rest of the output region. */
  function poison(start: number, end: number, output: number): void {
    bytes.fill(POISON, input, start);
    bytes.fill(POISON, end, inputEnd);
    if (words[state] === STATE_START) {
      bytes.fill(POISON, record, record + layout.RECORD_BYTES);
      words[state] = STATE_START;
    }
    const region = output - ((output - slot.pointer - layout.OUTPUT) % layout.OUTPUT_STRIDE);
    bytes.fill(POISON, output, region + OUTPUT_ALL);
  }

  return {
    parse: codec.parse,
    serve(start, end, output) {
      poison(start, end, output);
      const cursor = codec.serve(start, end, output);
      // The caller still reads the heads that events point to, and the head of the request that an application answers.
      const needed = words[events] !== 0 || slot.verdict === VERDICT_REQUEST;
      if (!needed) bytes.fill(POISON, start, cursor);
      return cursor;
    },
    refuse(error, output) {
      poison(inputEnd, inputEnd, output);
      codec.refuse(error, output);
    },
    consume: codec.consume,
    answer: codec.answer,
    finishHead: codec.finishHead,
  };
}

/**
 * Also overwrites the input and the record when a turn has ended: before promises go on, so that a handler that goes on
 * later, and still reads the slot, yields wrong bytes.
 */
export function poisonAfterTurns(plane: Plane, slot: Slot): void {
  const { bytes, words } = slot.views;
  const record = slot.pointer + layout.RECORD;
  const state = (record + layout.RECORD_STATE) >> 2;
  let { turn } = plane;
  Object.defineProperty(plane, 'turn', {
    get: () => turn,
    set(next: typeof turn) {
      turn = next;
      // The connection still keeps the rest of its input.
      if (turn === undefined)
        nextTick(() => {
          bytes.fill(POISON, slot.pointer + layout.CARRY, slot.readEnd + layout.READ_PAD_BYTES);
          // A request that was left in the record stays there, since no other connection may find it.
          const left = words[state] as number;
          bytes.fill(POISON, record, record + layout.RECORD_BYTES);
          words[state] = left;
        });
    },
  });
}

/** Also overwrites output regions when they are returned. */
export function poisonReturned(outputs: Outputs, slot: Slot): void {
  const giveBack = outputs.giveBack.bind(outputs);
  outputs.giveBack = (region) => {
    slot.views.bytes.fill(POISON, region.pointer, region.pointer + OUTPUT_ALL);
    giveBack(region);
  };
}
