// The layout of the memory, the making of it, and what an instance of the module writes when a thread starts.

import { describe, expect, test } from 'vitest';
import { ERROR_TARGET, MORE, PREPARED_DEFAULT, PREPARED_NONE, STATE_FIELD } from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import * as state from '../../src/memory/state-layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { prepare } from '../../src/protocol/prepared.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { createMemory, guardsIntact, LIMITS } from '../../src/wasm/memory.ts';
import { Slot } from '../../src/wasm/slot.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { readStatistics } from '../../src/wasm/statistics.ts';
import { reclaimSlot, slotPointer } from '../../src/wasm/statistics-row.ts';
import { createEngine } from '../support/engines.ts';

const OPTIONS = {
  slotCount: 2,
  headBytesMax: 16384,
  targetBytesMax: 8192,
  fieldCountMax: 100,
  contentBytesMax: 1000,
};

type Region = [name: string, offset: number, bytes: number, alignment: number];

const GLOBAL: Region[] = [
  ['constants', layout.CONSTANTS, layout.CONSTANTS_BYTES, 64],
  ['header', layout.HEADER, layout.HEADER_BYTES, 64],
  ['statistics', layout.STATISTICS, layout.STATISTICS_BYTES, 64],
  ['counters', layout.STATE, layout.STATE_BYTES, 64],
  ['slots', layout.SLOTS, layout.SLOT_BYTES, layout.PAGE_BYTES],
];

const IN_SLOT: Region[] = [
  ['control', layout.CONTROL, layout.CONTROL_BYTES, 64],
  ['date', layout.DATE, layout.DATE_BYTES, 64],
  ['prepared', layout.PREPARED, layout.PREPARED_TABLE_BYTES, 64],
  ['prepared text', layout.PREPARED_TEXT, layout.PREPARED_TEXT_BYTES, 16],
  ['routes', layout.ROUTES, layout.ROUTES_BYTES, 16],
  ['guard', layout.GUARD_BEFORE_INPUT, layout.GUARD_BYTES, 16],
  ['carry', layout.CARRY, layout.CARRY_BYTES, 16],
  ['read', layout.READ, layout.READ_BYTES + layout.READ_PAD_BYTES, 16],
  ['guard', layout.GUARD_BEFORE_RECORD, layout.GUARD_BYTES, 16],
  ['record', layout.RECORD, layout.RECORD_BYTES, 64],
  ['guard', layout.GUARD_BEFORE_OUTPUT, layout.GUARD_BYTES, 16],
  ...Array.from({ length: layout.OUTPUT_COUNT }, (_, i): Region[] => {
    const output = layout.OUTPUT + i * layout.OUTPUT_STRIDE;
    const slack = layout.OUTPUT_BYTES + layout.OUTPUT_SLACK_BYTES;
    return [
      [`output ${i}`, output, slack, 16],
      [`guard ${i}`, output + slack, layout.GUARD_BYTES, 16],
    ];
  }).flat(),
];

describe.each([
  ['the memory', GLOBAL, layout.SLOTS + layout.SLOT_BYTES],
  ['a slot', IN_SLOT, layout.SLOT_BYTES],
])('regions of %s', (_, regions, size) => {
  test('are aligned, in order, disjoint and within their limits', () => {
    let end = 0;
    for (const [name, offset, bytes, alignment] of regions) {
      expect(offset % alignment, name).toBe(0);
      expect(offset, name).toBeGreaterThanOrEqual(end);
      end = offset + bytes;
    }
    expect(end).toBeLessThanOrEqual(size);
  });
});

test('the sizes of the layout are consistent', () => {
  expect(layout.SLOT_BYTES % layout.PAGE_BYTES).toBe(0);
  expect(layout.SLOT_USED_BYTES).toBeLessThanOrEqual(layout.SLOT_BYTES);
  // A bucket is selected by a mask.
  expect(Math.log2(layout.ROUTE_BUCKET_COUNT) % 1).toBe(0);
  expect(layout.PREPARED_MODIFIED + 8).toBeLessThanOrEqual(layout.PREPARED_ENTRY_BYTES);
  expect(layout.RECORD_TRAILER_BYTES + 4).toBeLessThanOrEqual(layout.RECORD_FIXED_BYTES);
  expect(layout.CONTROL_ROUTE_COUNT + 4).toBeLessThanOrEqual(layout.CONTROL_BYTES);
  expect(layout.EVENT_ERROR + 4).toBeLessThanOrEqual(layout.EVENT_BYTES);
  expect(layout.HEAD_BYTES_MAX + 2).toBeLessThan(2 ** 16);
  expect(layout.HEAD_BYTES_MAX + 2).toBeLessThanOrEqual(layout.CARRY_BYTES);
  expect(layout.SLOTS + layout.SLOT_COUNT_MAX * layout.SLOT_BYTES).toBeLessThan(2 ** 31);
});

test('the parts of named state fit their rows and extents', () => {
  const { PAGE_BYTES, STATE_ROW_BYTES } = layout;
  expect(state.STATE_NAME + state.STATE_NAME_BYTES).toBeLessThanOrEqual(state.STATE_LEASES);
  expect(state.STATE_LEASES + state.LEASE_COUNT * state.LEASE_BYTES).toBeLessThanOrEqual(STATE_ROW_BYTES);
  expect(state.HISTOGRAM_BUCKETS + state.HISTOGRAM_BUCKET_COUNT * 8).toBeLessThanOrEqual(
    state.HISTOGRAM_PAGES * PAGE_BYTES,
  );
  // A load of 16 bytes at the end of the text stays within the page.
  expect(state.SCRATCH_TEXT + state.SCRATCH_TEXT_BYTES + 16).toBe(PAGE_BYTES);
  expect(state.BUCKET_ENTRIES + state.BUCKET_ENTRY_COUNT * state.ENTRY_BYTES).toBe(state.BUCKET_BYTES);
  expect(state.SAVED_NAME + state.STATE_NAME_BYTES).toBeLessThanOrEqual(state.SAVED_ENTRY_BYTES);
});

describe.each(['release', 'debug'] as const)('the %s module', (build) => {
  test('writes only its constants when it is instantiated', () => {
    const module = compileModule(build);
    const memory = createMemory(OPTIONS);
    const { bytes } = viewsOf(memory);
    bytes.fill(0xcc);
    instantiate(module, memory);
    const touched = bytes.findLastIndex((byte) => byte !== 0xcc);
    expect(touched).toBeLessThan(layout.CONSTANTS + layout.CONSTANTS_BYTES);
  });

  test('keeps all counts when it is instantiated again', () => {
    const module = compileModule(build);
    const memory = createMemory(OPTIONS);
    const first = instantiate(module, memory);
    for (let i = 1; i <= 5; i++) expect(first.counterAdd(rowPointer(0), 1)).toBe(i);
    const second = instantiate(module, memory);
    expect(second.counterValue(rowPointer(0))).toBe(5);
    expect(second.counterAdd(rowPointer(0), 1)).toBe(6);
    expect(first.counterAdd(rowPointer(0), 10)).toBe(16);
    expect(first.counterAdd(rowPointer(1), 1)).toBe(1);
  });
});

test('createMemory() names the option that is out of range', () => {
  const bad = [
    { slotCount: 0 },
    { slotCount: LIMITS.slotCountMax + 1 },
    { headBytesMax: 63 },
    { headBytesMax: LIMITS.headBytesMax + 1 },
    { targetBytesMax: 0 },
    { targetBytesMax: 16385 },
    { fieldCountMax: 0 },
    { fieldCountMax: LIMITS.fieldCountMax + 1 },
    { fieldCountMax: 1.5 },
    { contentBytesMax: -1 },
    { contentBytesMax: 2 ** 53 },
  ];
  for (const options of bad)
    expect(() => createMemory({ ...OPTIONS, ...options })).toThrow(Object.keys(options)[0]);
});

test('a slot in a memory of another layout version throws', () => {
  const views = viewsOf(createMemory(OPTIONS));
  views.words[layout.HEADER_VERSION >> 2] = 99;
  expect(() => new Slot(views, 0)).toThrow('layout version 99');
});

test('a new slot has nothing of its last owner', () => {
  const views = viewsOf(createMemory(OPTIONS));
  const left = new Slot(views, 0);
  left.draining = true;
  left.recordsEvents = true;
  views.words[(left.pointer + layout.RECORD + layout.RECORD_STATE) >> 2] = STATE_FIELD;
  left.prepared.fallback = PREPARED_NONE;
  left.prepared.addRoute('/', prepare(0, { statusCode: 200, fields: [], content: '' }));
  expect([left.draining, left.record.unfinished]).toEqual([true, true]);
  const taken = new Slot(views, 0);
  expect([taken.draining, taken.record.unfinished]).toEqual([false, false]);
  const word = (offset: number): number => views.words[(taken.pointer + offset) >> 2] as number;
  expect([word(layout.CONTROL_EVENTS), word(layout.CONTROL_ROUTE_COUNT)]).toEqual([0, 0]);
  expect(word(layout.CONTROL_FALLBACK)).toBe(PREPARED_DEFAULT);
  const routes = taken.pointer + layout.ROUTES;
  expect(views.bytes.subarray(routes, routes + layout.ROUTES_BYTES).every((byte) => byte === 0)).toBe(true);
});

test('a tail or a Date line that does not fit throws', () => {
  const slot = new Slot(viewsOf(createMemory(OPTIONS)), 0);
  const carry = layout.CARRY_BYTES;
  const input = layout.CARRY_BYTES + layout.READ_BYTES;
  expect(slot.layBefore(new Uint8Array(carry), 1)).toBe(slot.readStart - carry);
  expect(() => slot.layBefore(new Uint8Array(carry + 1), 1)).toThrow(RangeError);
  expect(slot.layBefore(new Uint8Array(input), 0)).toBe(slot.readEnd - input);
  expect(() => slot.layBefore(new Uint8Array(input + 1), 0)).toThrow(RangeError);
  expect(() => slot.setDate('x'.repeat(layout.DATE_LINE_BYTES + 1))).toThrow(RangeError);
});

test('the debug build traps on a changed guard and on arguments out of range', () => {
  const { codec, slot } = createEngine('wasm debug');
  const { readStart, readEnd } = slot;
  const output = slot.outputs[0] as number;
  slot.read.fill(0x47, 0, 9);
  const carryStart = readStart - layout.CARRY_BYTES;
  expect(codec.parse(carryStart, carryStart)).toBe(MORE);
  expect(codec.parse(readEnd, readEnd)).toBe(MORE);
  for (const [start, end] of [
    [carryStart - 1, readStart],
    [readStart, readEnd + 1],
    [readStart + 1, readStart],
  ] as const)
    expect(() => codec.serve(start, end, output), `${start} to ${end}`).toThrow(WebAssembly.RuntimeError);
  for (const outside of [
    output - 1,
    output + layout.OUTPUT_BYTES + 1,
    output - layout.OUTPUT_STRIDE,
    output + 8 * layout.OUTPUT_STRIDE,
  ])
    expect(() => codec.refuse(ERROR_TARGET, outside)).toThrow(WebAssembly.RuntimeError);
  slot.views.bytes[output - 1] = 0;
  expect(() => codec.parse(readStart, readStart + 9)).toThrow(WebAssembly.RuntimeError);
});

test('reclaimSlot() keeps the totals of a slot and resets its open connections', () => {
  const views = viewsOf(createMemory(OPTIONS));
  const slots = [new Slot(views, 0), new Slot(views, 1)];
  for (const slot of slots) {
    slot.statistics.accepted();
    slot.statistics.opened();
  }
  expect(readStatistics(views)).toMatchObject({ accepted: 2, open: 2 });
  reclaimSlot(views, 0);
  expect(readStatistics(views)).toMatchObject({ accepted: 2, open: 1 });
  slots[1]?.statistics.closed();
  expect(readStatistics(views)).toMatchObject({ accepted: 2, open: 0 });
});

test('guardsIntact() finds a single byte that has changed, in its own slot only', () => {
  const views = viewsOf(createMemory(OPTIONS));
  expect(guardsIntact(views, 1)).toBe(true);
  views.bytes[slotPointer(1) + layout.GUARD_BEFORE_RECORD + 63] = 0;
  expect(guardsIntact(views, 1)).toBe(false);
  expect(guardsIntact(views, 0)).toBe(true);
});
