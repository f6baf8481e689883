// Makes the shared memory of a server: its header and its guards, as src/memory/layout.ts draws them. All threads of the
// server get this one memory.

import {
  FIELD_COUNT_MAX,
  GUARD_BEFORE_INPUT,
  GUARD_BEFORE_OUTPUT,
  GUARD_BEFORE_RECORD,
  GUARD_BYTE,
  GUARD_BYTES,
  HEAD_BYTES_MAX,
  HEADER_CONTENT_BYTES_MAX,
  HEADER_FIELD_COUNT_MAX,
  HEADER_HEAD_BYTES_MAX,
  HEADER_SLOT_COUNT,
  HEADER_TARGET_BYTES_MAX,
  HEADER_VERSION,
  LAYOUT_VERSION,
  OUTPUT,
  OUTPUT_BYTES,
  OUTPUT_COUNT,
  OUTPUT_SLACK_BYTES,
  OUTPUT_STRIDE,
  PAGE_BYTES,
  SLOT_BYTES,
  SLOT_COUNT_MAX,
  SLOTS,
} from '../memory/layout.ts';
import { type Views, viewsOf } from '../memory/views.ts';
import { claimRow, HELLO_NAME } from './state/names.ts';
import { slotPointer } from './statistics-row.ts';

/** The largest values that the layout allows. */
export const LIMITS = {
  slotCountMax: SLOT_COUNT_MAX,
  headBytesMax: HEAD_BYTES_MAX,
  fieldCountMax: FIELD_COUNT_MAX,
} as const;

export interface MemoryOptions {
  /** Number of slots, one for each data plane that may exist at the same time: 1 to LIMITS.slotCountMax. */
  slotCount: number;
  /** Largest head in bytes: 64 to LIMITS.headBytesMax. */
  headBytesMax: number;
  /** Longest request target in bytes: 1 to headBytesMax. */
  targetBytesMax: number;
  /** Largest number of field lines in a head: 1 to LIMITS.fieldCountMax. */
  fieldCountMax: number;
  /** Largest content in bytes: 0 to Number.MAX_SAFE_INTEGER. */
  contentBytesMax: number;
}

/** The largest memory that a 32-bit module may import. It reserves address space; pages are allocated when they are used. */
const PAGES_MAX = 65536;

/**
 * Makes the shared memory and writes its header and its guards.
 * @throws RangeError when an option is outside its range
 */
export function createMemory(options: MemoryOptions): WebAssembly.Memory {
  checkRange('slotCount', options.slotCount, 1, SLOT_COUNT_MAX);
  checkRange('headBytesMax', options.headBytesMax, 64, HEAD_BYTES_MAX);
  checkRange('targetBytesMax', options.targetBytesMax, 1, options.headBytesMax);
  checkRange('fieldCountMax', options.fieldCountMax, 1, FIELD_COUNT_MAX);
  checkRange('contentBytesMax', options.contentBytesMax, 0, Number.MAX_SAFE_INTEGER);
  const pages = Math.ceil((SLOTS + options.slotCount * SLOT_BYTES) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: PAGES_MAX, shared: true });
  const { bytes, words, doubles } = viewsOf(memory);
  words[HEADER_VERSION >> 2] = LAYOUT_VERSION;
  words[HEADER_SLOT_COUNT >> 2] = options.slotCount;
  words[HEADER_HEAD_BYTES_MAX >> 2] = options.headBytesMax;
  words[HEADER_TARGET_BYTES_MAX >> 2] = options.targetBytesMax;
  words[HEADER_FIELD_COUNT_MAX >> 2] = options.fieldCountMax;
  doubles[HEADER_CONTENT_BYTES_MAX >> 3] = options.contentBytesMax;
  claimRow(viewsOf(memory), 'counter', HELLO_NAME);
  for (let index = 0; index < options.slotCount; index++)
    for (const guard of guardsOf(index)) bytes.fill(GUARD_BYTE, guard, guard + GUARD_BYTES);
  return memory;
}

/** Pointers of the guards of a slot, in order. */
function guardsOf(index: number): number[] {
  const slot = slotPointer(index);
  const guards = [GUARD_BEFORE_INPUT, GUARD_BEFORE_RECORD, GUARD_BEFORE_OUTPUT];
  for (let i = 0; i < OUTPUT_COUNT; i++)
    guards.push(OUTPUT + i * OUTPUT_STRIDE + OUTPUT_BYTES + OUTPUT_SLACK_BYTES);
  return guards.map((guard) => slot + guard);
}

/** Whether all guards of a slot have their bytes. For tests. */
export function guardsIntact({ bytes }: Views, index: number): boolean {
  return guardsOf(index).every((guard) =>
    bytes.subarray(guard, guard + GUARD_BYTES).every((byte) => byte === GUARD_BYTE),
  );
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}
