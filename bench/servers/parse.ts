// Third rung: every request in the slot is parsed by the WASM engine.

import { Carry } from '#dist/connection/carry.js';
import { createEngine } from '../measure/engine.ts';
import { responses, serveRung } from './rung.ts';

const { codec, slot } = createEngine('wasm');
serveRung(slot, () => {
  const count = countByParsing();
  return (bytes) => responses(count(bytes));
});

/** Made for each connection; told how many bytes a read has brought, says how many requests they complete. */
function countByParsing(): (bytes: number) => number {
  let carry: Carry | undefined;
  return (bytes) => {
    const end = slot.readStart + bytes;
    let start = carry === undefined ? slot.readStart : carry.restore(bytes);
    carry = undefined;
    let requests = 0;
    while (start < end) {
      const cursor = codec.parse(start, end);
      if (cursor < 0) throw new Error(`a request was refused: ${cursor}`);
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
