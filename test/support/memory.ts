// A memory with little room besides named state.

import { createMemory, type MemoryOptions } from '../../src/wasm/memory.ts';

export function smallMemory(options: Partial<MemoryOptions> = {}): WebAssembly.Memory {
  return createMemory({
    slotCount: 1,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 8,
    contentBytesMax: 0,
    ...options,
  });
}
