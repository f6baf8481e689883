// An engine over a memory of its own, for what is measured without a server around it.

import type { Codec, EngineName } from '#dist/protocol/codec.js';
import { createJsCodec } from '#dist/protocol/js/codec.js';
import { createWasmCodec } from '#dist/wasm/codec.js';
import { compileModule, type Exports, instantiate } from '#dist/wasm/instance.js';
import { createMemory, viewsOf } from '#dist/wasm/memory.js';
import { Slot } from '#dist/wasm/slot.js';

export interface Engine {
  codec: Codec;
  slot: Slot;
  exports: Exports;
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
  const codec =
    name === 'js'
      ? createJsCodec(slot.views, slot.pointer, exports.counterAdd)
      : createWasmCodec(exports, slot.pointer);
  return { codec, slot, exports };
}
