// The WASM engine as a codec: the exports of a module instance, for one slot.

import type { Codec } from '../protocol/codec.ts';
import type { Exports } from './instance.ts';

/** @param slot pointer of the slot to work on */
export function createWasmCodec(exports: Exports, slot: number): Codec {
  const { parse, serve, refuse, consume, answer, finishHead } = exports;
  return {
    parse: (start, end) => parse(slot, start, end),
    serve: (start, end, output) => serve(slot, start, end, output),
    refuse: (error, output) => refuse(slot, error, output),
    consume: (start, end) => consume(slot, start, end),
    answer: (index, output, close, sayPersistent, headOnly) =>
      answer(slot, index, output, close, sayPersistent, headOnly),
    finishHead: (output, length, close, sayPersistent) =>
      finishHead(slot, output, length, close, sayPersistent),
  };
}
