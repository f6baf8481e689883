// The WASM engine as a codec: the exports bound to one slot.

import type { Codec } from '../protocol/codec.ts';
import type { Exports } from './instance.ts';

/** @param slot pointer of the slot to work on */
export function createWasmCodec({ parse, serve, refuse }: Exports, slot: number): Codec {
  return {
    parse: (start, end) => parse(slot, start, end),
    serve: (start, end, output) => serve(slot, start, end, output),
    refuse: (error, output) => refuse(slot, error, output),
  };
}
