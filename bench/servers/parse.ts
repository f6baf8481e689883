// The third rung: the WASM engine parses every request in the slot.

import { Carry } from '#dist/connection/carry.js';
import { createEngine } from '../measure/engine.ts';
import { responses, serveRung } from './rung.ts';

const { codec, slot } = createEngine('wasm');
serveRung(slot, () => {
  const count = countByParsing();
  return (bytes) => responses(count(bytes));
});

/**
 * Creates the counter of a connection. It gets the size of each read, and returns how many requests the read
 * completes.
 */
function countByParsing(): (bytes: number) => number {
  let carry: Carry | undefined;
  return (bytes) => {
    const end = slot.readStart + bytes;
    let start = carry === undefined ? slot.readStart : carry.restore(bytes);
    carry = undefined;
    let requests = 0;
    while (start < end) {
      const cursor = codec.parse(start, end);
      if (cursor < 0) throw new Error(`a request was rejected: ${cursor}`);
      if (cursor === 0) {
        carry = new Carry(slot, start, end);
        break;
      }
      start = cursor;
      requests++;
    }
    return requests;
  };
}
