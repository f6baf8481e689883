// The one shared memory of a server process: made here, laid out as layout.ts draws it, and handed to
// every thread. What belongs to a single worker is in slot.ts.

import type { Views } from '../protocol/js/views.ts';
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
  HEADER_GENERATIONS,
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
  ROW_BYTES,
  SLOT_BYTES,
  SLOT_COUNT_MAX,
  SLOTS,
  STATE,
  STATE_COUNT_MAX,
  STATE_KIND,
  STATE_ROW_BYTES,
  STATE_VALUE,
  STATISTICS,
  STATISTICS_ACCEPTED,
  STATISTICS_OPEN,
  STATISTICS_REFUSED,
  STATISTICS_REQUESTS,
} from './layout.ts';
import { claimRow, HELLO_NAME, nameOf } from './names.ts';
import type { Statistics } from './statistics.ts';

/** What the sizes of the map allow at most. */
export const LIMITS = {
  slotCountMax: SLOT_COUNT_MAX,
  headBytesMax: HEAD_BYTES_MAX,
  fieldCountMax: FIELD_COUNT_MAX,
} as const;

export interface MemoryOptions {
  /** Slots, one for each data plane that may live at the same time: 1 to LIMITS.slotCountMax. */
  slotCount: number;
  /** Largest head in bytes: 64 to LIMITS.headBytesMax. */
  headBytesMax: number;
  /** Longest request target in bytes: 1 to headBytesMax. */
  targetBytesMax: number;
  /** Most field lines in a head: 1 to LIMITS.fieldCountMax. */
  fieldCountMax: number;
  /** Largest content in bytes: 0 to 2^53 - 1. */
  contentBytesMax: number;
}

/** The generation of a thread that no server has started. */
export const FIRST_GENERATION = 1;

/** The largest memory a 32-bit module may import; address space only, not memory in use. */
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

/** Views over the whole memory. */
export function viewsOf(memory: WebAssembly.Memory): Views {
  const { buffer } = memory;
  return {
    bytes: new Uint8Array(buffer),
    data: new DataView(buffer),
    halves: new Uint16Array(buffer),
    words: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}

/** Whether the memory was laid out by this version of the map. */
export function fitsVersion({ words }: Views): boolean {
  return words[HEADER_VERSION >> 2] === LAYOUT_VERSION;
}

/** @throws Error when the memory was laid out by another version of the map */
export function checkVersion(views: Views): void {
  if (!fitsVersion(views))
    throw new Error(
      `shared memory has layout version ${views.words[HEADER_VERSION >> 2]}, this is ${LAYOUT_VERSION}`,
    );
}

/** The number of one more generation: later than all before it, and than FIRST_GENERATION. */
export function newGeneration({ words }: Views): number {
  return FIRST_GENERATION + 1 + Atomics.add(words, HEADER_GENERATIONS >> 2, 1);
}

/** Pointer of a row of named state. @throws RangeError when there is no such row */
export function rowPointer(index: number): number {
  checkRange('row', index, 0, STATE_COUNT_MAX - 1);
  return STATE + index * STATE_ROW_BYTES;
}

/** The rows of a kind, one of KIND_*, that have a name: their pointers, by it. */
export function rowsOf(views: Views, kind: number): Map<string, number> {
  const rows = new Map<string, number>();
  for (let index = 0; index < STATE_COUNT_MAX; index++) {
    const pointer = rowPointer(index);
    if (Atomics.load(views.words, (pointer + STATE_KIND) >> 2) !== kind) continue;
    const name = nameOf(views, index);
    if (name !== undefined) rows.set(name, pointer);
  }
  return rows;
}

/** Says how a counter is added to: one of KIND_COUNTER_*. Before any thread counts. */
export function setCounting({ words }: Views, index: number, kind: number): void {
  words[(rowPointer(index) + STATE_KIND) >> 2] = kind;
}

/** Sets a counter that no other thread can reach. @param value a whole number up to 2^53 - 1 */
export function setCounter({ data }: Views, index: number, value: number): void {
  data.setBigInt64(rowPointer(index) + STATE_VALUE, BigInt(value), true);
}

/** Pointer of a slot. */
export function slotPointer(index: number): number {
  return SLOTS + index * SLOT_BYTES;
}

/** Pointer of a slot's row of statistics. */
export function statisticsPointer(index: number): number {
  return STATISTICS + index * ROW_BYTES;
}

/** The figures of all slots added up. */
export function readStatistics(views: Views): Statistics {
  const { words, doubles } = views;
  const sum: Statistics = { requests: 0, refused: 0, accepted: 0, open: countOpen(views) };
  for (let index = 0; index < (words[HEADER_SLOT_COUNT >> 2] as number); index++) {
    const row = statisticsPointer(index);
    sum.requests += doubles[(row + STATISTICS_REQUESTS) >> 3] as number;
    sum.refused += doubles[(row + STATISTICS_REFUSED) >> 3] as number;
    sum.accepted += doubles[(row + STATISTICS_ACCEPTED) >> 3] as number;
  }
  return sum;
}

/** How many connections are open over all slots. */
export function countOpen(views: Views): number {
  let open = 0;
  for (let index = 0; index < (views.words[HEADER_SLOT_COUNT >> 2] as number); index++)
    open += openConnections(views, index);
  return open;
}

/** How many connections are open in one slot. */
export function openConnections({ doubles }: Views, index: number): number {
  return doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] as number;
}

/** After a worker's end: its totals stay, its open connections are gone. */
export function reclaimSlot({ doubles }: Views, index: number): void {
  doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] = 0;
}

/** Pointers of the guards of a slot, in order. */
function guardsOf(index: number): number[] {
  const slot = slotPointer(index);
  const guards = [GUARD_BEFORE_INPUT, GUARD_BEFORE_RECORD, GUARD_BEFORE_OUTPUT];
  for (let i = 0; i < OUTPUT_COUNT; i++)
    guards.push(OUTPUT + i * OUTPUT_STRIDE + OUTPUT_BYTES + OUTPUT_SLACK_BYTES);
  return guards.map((guard) => slot + guard);
}

/** Whether nobody has written into a guard of a slot. */
export function guardsIntact({ bytes }: Views, index: number): boolean {
  return guardsOf(index).every((guard) =>
    bytes.subarray(guard, guard + GUARD_BYTES).every((byte) => byte === GUARD_BYTE),
  );
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}
