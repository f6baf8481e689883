// An engine with a memory of its own, for measurements without a server.

import { RECORD, RECORD_CONTENT_BYTES, RECORD_FIELD_COUNT } from '#dist/memory/layout.js';
import { viewsOf } from '#dist/memory/views.js';
import type { Codec, EngineName } from '#dist/protocol/codec.js';
import { createJsCodec } from '#dist/protocol/js/codec.js';
import { dateLine, preparedResponses } from '#dist/protocol/prepared.js';
import { createWasmCodec } from '#dist/wasm/codec.js';
import { compileModule, type Exports, instantiate } from '#dist/wasm/instance.js';
import { createMemory } from '#dist/wasm/memory.js';
import { Slot } from '#dist/wasm/slot.js';
import { readStatistics } from '#dist/wasm/statistics.js';

export interface Engine {
  codec: Codec;
  slot: Slot;
  exports: Exports;
  /** The number of requests answered so far. */
  answered(): number;
  /** The number of fields of the last parsed request. */
  fieldCount(): number;
  /** The size of all its chunks in bytes. */
  contentBytes(): number;
}

export function createEngine(name: EngineName): Engine {
  const memory = createMemory({
    slotCount: 1,
    headBytesMax: 16384,
    targetBytesMax: 8192,
    fieldCountMax: 100,
    contentBytesMax: 1_048_576,
  });
  const exports = instantiate(compileModule(), memory);
  const slot = new Slot(viewsOf(memory), 0);
  const { views, pointer } = slot;
  slot.setDate(dateLine(Date.now()));
  for (const prepared of preparedResponses(0)) slot.prepared.put(prepared);
  const codec =
    name === 'js' ? createJsCodec(views, pointer, exports.counterAdd) : createWasmCodec(exports, pointer);
  return {
    codec,
    slot,
    exports,
    answered: () => readStatistics(views).requests,
    fieldCount: () => views.words[(pointer + RECORD + RECORD_FIELD_COUNT) >> 2] as number,
    contentBytes: () => views.doubles[(pointer + RECORD + RECORD_CONTENT_BYTES) >> 3] as number,
  };
}
