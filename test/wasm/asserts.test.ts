// The asserts of the debug build: it traps on arguments outside of the slot's regions and on guards that have changed. The
// release build trusts its caller, and must not be called in this way.

import { describe, expect, test } from 'vitest';
import {
  STATE_CHUNK_SIZE,
  STATE_CONTENT,
  STATE_FIELD,
  STATE_METHOD,
  STATE_START,
} from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { createEngine, latin1 } from '../support/engines.ts';

const GET = latin1('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const { CARRY, READ, READ_END, OUTPUT, OUTPUT_BYTES, OUTPUT_COUNT, OUTPUT_SLACK_BYTES, OUTPUT_STRIDE } =
  layout;

const engine = createEngine('wasm debug', { slotCount: 2 });
const { exports, slot } = engine;
const { bytes } = slot.views;
const setState = (state: number): void => {
  slot.views.words[at(layout.RECORD + layout.RECORD_STATE) >> 2] = state;
};
const at = (offset: number): number => slot.pointer + offset;
const layAt = (offset: number): [start: number, end: number] => {
  bytes.set(GET, at(offset));
  return [at(offset), at(offset) + GET.length];
};

describe('accepted input', () => {
  test.each([
    ['at the beginning of the carry region', CARRY],
    ['across carry and read', READ - 5],
    ['at the end of the read region', READ_END - GET.length],
  ])('%s', (_, offset) => {
    expect(exports.parse(slot.pointer, ...layAt(offset))).toBe(at(offset) + GET.length);
  });
});

describe('input that traps', () => {
  test.each([
    ['before the carry region', at(CARRY) - 1, at(CARRY)],
    ['beyond the read region', at(READ), at(READ_END) + 1],
    ['completely beyond the read region', at(READ_END) + 1, at(READ_END) + 1],
    ['with its end before its start', at(READ) + 1, at(READ)],
    ['of another slot', at(READ) + layout.SLOT_BYTES, at(READ) + layout.SLOT_BYTES + 5],
    ['at 0', 0, 0],
    ['beyond 2^31', 2 ** 31, 2 ** 31 + 5],
    ['below 0', -5, -1],
  ])('%s', (_, start, end) => {
    expect(() => exports.parse(slot.pointer, start, end)).toThrow(WebAssembly.RuntimeError);
    expect(() => exports.serve(slot.pointer, start, end, at(OUTPUT))).toThrow(WebAssembly.RuntimeError);
    setState(STATE_CONTENT);
    expect(() => exports.consume(slot.pointer, start, end)).toThrow(WebAssembly.RuntimeError);
    slot.record.drop();
  });
});

describe('output', () => {
  const regions = Array.from({ length: OUTPUT_COUNT }, (_, i) => at(OUTPUT + i * OUTPUT_STRIDE));

  test('is accepted at the start of each region, and within a region', () => {
    for (const output of regions) {
      exports.serve(slot.pointer, ...layAt(READ), output);
      expect(slot.written).toBeGreaterThan(0);
      exports.refuse(slot.pointer, -1, output + 1000);
    }
  });

  test.each([
    ['a byte before the first region', at(OUTPUT) - 1],
    ['in the slack behind a region', at(OUTPUT) + OUTPUT_BYTES + 1],
    ['behind the last region', at(OUTPUT + OUTPUT_COUNT * OUTPUT_STRIDE)],
    ['a whole region before the first region', at(OUTPUT - OUTPUT_STRIDE)],
    ['of another slot', at(OUTPUT) + layout.SLOT_BYTES],
    ['at 0', 0],
  ])('traps: %s', (_, output) => {
    expect(() => exports.serve(slot.pointer, ...layAt(READ), output)).toThrow(WebAssembly.RuntimeError);
    expect(() => exports.refuse(slot.pointer, -1, output)).toThrow(WebAssembly.RuntimeError);
    expect(() => exports.answer(slot.pointer, 0, output, true, true, true)).toThrow(WebAssembly.RuntimeError);
    expect(() => exports.finishHead(slot.pointer, output, 0, true, true)).toThrow(WebAssembly.RuntimeError);
    // The engine trapped before it wrote anything.
    expect(guardsIntact(slot.views, 0)).toBe(true);
  });

  test('traps when a response would end behind its region by one byte', () => {
    // The sizes of the smallest responses.
    for (const output of regions) {
      const end = output + OUTPUT_BYTES;
      const answerBytes = exports.answer(slot.pointer, 1, output, true, false, true) - output;
      const headBytes = exports.finishHead(slot.pointer, output, -1, false, false) - output;
      exports.refuse(slot.pointer, -1, output);
      const refusalBytes = slot.written;
      exports.answer(slot.pointer, 1, end - answerBytes, true, false, true);
      exports.finishHead(slot.pointer, end - headBytes, -1, false, false);
      exports.refuse(slot.pointer, -1, end - refusalBytes);
      for (const build of [
        () => exports.answer(slot.pointer, 1, end - answerBytes + 1, true, false, true),
        () => exports.finishHead(slot.pointer, end - headBytes + 1, -1, false, false),
        () => exports.refuse(slot.pointer, -1, end - refusalBytes + 1),
      ])
        expect(build).toThrow(WebAssembly.RuntimeError);
    }
  });
});

describe('arguments of a response', () => {
  test.each([-1, -2, layout.PREPARED_COUNT_MAX * 2, 2 ** 30])('index %d traps', (index) => {
    expect(() => exports.answer(slot.pointer, index, at(OUTPUT), false, false, false)).toThrow(
      WebAssembly.RuntimeError,
    );
  });

  test.each([-3, -0.5, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    'a length of %d traps',
    (length) => {
      expect(() => exports.finishHead(slot.pointer, at(OUTPUT), length, false, false)).toThrow(
        WebAssembly.RuntimeError,
      );
    },
  );

  test.each([-2, -1, 0, 2 ** 53 - 1])('a length of %d is accepted', (length) => {
    expect(exports.finishHead(slot.pointer, at(OUTPUT), length, false, false)).toBeGreaterThan(at(OUTPUT));
  });
});

test('consume() traps unless the record stands behind a head', () => {
  for (const state of [STATE_START, STATE_METHOD, STATE_FIELD]) {
    setState(state);
    expect(() => exports.consume(slot.pointer, at(READ), at(READ) + 5)).toThrow(WebAssembly.RuntimeError);
  }
  setState(STATE_CHUNK_SIZE);
  expect(exports.consume(slot.pointer, at(READ), at(READ))).toBe(at(READ));
  slot.record.drop();
});

test('every call traps when the first or the last byte of a guard has changed', () => {
  const guards = [layout.GUARD_BEFORE_INPUT, layout.GUARD_BEFORE_RECORD, layout.GUARD_BEFORE_OUTPUT];
  for (let i = 0; i < OUTPUT_COUNT; i++)
    guards.push(OUTPUT + i * OUTPUT_STRIDE + OUTPUT_BYTES + OUTPUT_SLACK_BYTES);
  for (const guard of guards)
    for (const place of [guard, guard + layout.GUARD_BYTES - 1]) {
      bytes[at(place)] = 0;
      expect(() => exports.parse(slot.pointer, ...layAt(READ)), `${place}`).toThrow(WebAssembly.RuntimeError);
      for (const call of [
        () => exports.answer(slot.pointer, 1, at(OUTPUT), false, false, false),
        () => exports.finishHead(slot.pointer, at(OUTPUT), 0, false, false),
        () => {
          setState(STATE_CONTENT);
          exports.consume(slot.pointer, at(READ), at(READ));
        },
      ])
        expect(call, `${place}`).toThrow(WebAssembly.RuntimeError);
      bytes[at(place)] = layout.GUARD_BYTE;
      slot.record.drop();
      expect(exports.parse(slot.pointer, ...layAt(READ))).toBe(at(READ) + GET.length);
    }
});
