// The ABI: every exported function, and what it asserts of its arguments in the debug build. Pointers are
// absolute, `end` is exclusive, sizes are in bytes.

import { LENGTH_CHUNKED, STATE_CONTENT } from '../src/protocol/codes';
import {
  CARRY,
  CONTROL_WRITTEN,
  OUTPUT,
  OUTPUT_BYTES,
  OUTPUT_COUNT,
  OUTPUT_STRIDE,
  PREPARED_COUNT_MAX,
  READ_END,
  RECORD,
  RECORD_STATE,
} from '../src/wasm/layout';
import { consumeContent } from './content';
import { guardsIntact } from './guards';
import { forgetMethod, parseHead } from './request';
import { finishHead as buildHeadEnd, buildPrepared } from './response';
import { refuse as buildRefusal, serveSpan } from './serve';
import { add, value } from './state/counter';
import * as lease from './state/lease';

/** Lengths beyond are not exact in JavaScript. */
const LENGTH_MAX: f64 = 9007199254740991;

/** Parses the head that begins at `start` into the slot's record: the position after it, MORE, or an error. */
export function parse(slot: usize, start: usize, end: usize): i32 {
  assertInput(slot, start, end);
  const cursor = parseHead(slot + RECORD, start, end);
  assertGuards(slot);
  return cursor;
}

/** Answers the requests in [start, end) at `output`; returns the position after the last one answered. */
export function serve(slot: usize, start: usize, end: usize, output: usize): usize {
  assertInput(slot, start, end);
  assertOutput(slot, output);
  const cursor = serveSpan(slot, start, end, output);
  assertBuilt(slot, output, output + load<u32>(slot, CONTROL_WRITTEN));
  return cursor;
}

/** Builds the response to an error that the caller found, at `output`. */
export function refuse(slot: usize, error: i32, output: usize): void {
  assertOutput(slot, output);
  forgetMethod(slot + RECORD);
  store<i32>(slot, <i32>(buildRefusal(slot, error, output) - output), CONTROL_WRITTEN);
  assertBuilt(slot, output, output + load<u32>(slot, CONTROL_WRITTEN));
}

/** Consumes the content of the request in the record, up to behind its next piece; the position, or an error. */
export function consume(slot: usize, start: usize, end: usize): i32 {
  assertInput(slot, start, end);
  assert(load<i32>(slot + RECORD, RECORD_STATE) >= STATE_CONTENT);
  const cursor = consumeContent(slot + RECORD, start, end);
  assertGuards(slot);
  return cursor;
}

/** Builds prepared response `index` at `output`; returns the position after it. */
export function answer(
  slot: usize,
  index: i32,
  output: usize,
  close: bool,
  sayPersistent: bool,
  headOnly: bool,
): usize {
  assertOutput(slot, output);
  assert(index >= 0 && index < PREPARED_COUNT_MAX);
  const position = buildPrepared(slot, index, output, close, sayPersistent, headOnly);
  assertBuilt(slot, output, position);
  return position;
}

/** Builds the end of a head behind its field lines, at `output`; returns the position after it. */
export function finishHead(slot: usize, output: usize, length: f64, close: bool, sayPersistent: bool): usize {
  assertOutput(slot, output);
  assert(length >= LENGTH_CHUNKED && length <= LENGTH_MAX && floor(length) == length);
  const position = buildHeadEnd(slot, output, <i64>length, close, sayPersistent);
  assertBuilt(slot, output, position);
  return position;
}

/** Adds a whole number to the counter whose row is at `counter`; returns the new value. */
export function counterAdd(counter: usize, n: f64): f64 {
  return add(counter, <i64>n);
}

/** The value of the counter whose row is at `counter`. */
export function counterValue(counter: usize): f64 {
  return value(counter);
}

/** How many blocks of the counter whose row is at `counter` are leased from its next number on. */
export function leasedBlocks(counter: usize): i32 {
  return lease.leasedBlocks(counter);
}

/** Leases that counter the numbers of one more block, those behind `base`; false when there is no room. */
export function publishLease(counter: usize, base: f64): bool {
  assert(base >= 0 && base <= LENGTH_MAX && floor(base) == base);
  return lease.publishLease(counter, <i64>base);
}

/** Takes back what is leased to that counter; the last number that was handed out, or -1 when none could be. */
export function endLeases(counter: usize): f64 {
  return <f64>lease.endLeases(counter);
}

function assertInput(slot: usize, start: usize, end: usize): void {
  assert(start >= slot + CARRY && start <= end && end <= slot + READ_END);
}

function assertOutput(slot: usize, output: usize): void {
  const offset = output - slot - OUTPUT;
  assert(offset % OUTPUT_STRIDE <= <usize>OUTPUT_BYTES && offset < <usize>(OUTPUT_COUNT * OUTPUT_STRIDE));
}

/** What was built from `output` on ends within its region. */
function assertBuilt(slot: usize, output: usize, position: usize): void {
  const offset = (output - slot - OUTPUT) % OUTPUT_STRIDE;
  assert(offset + (position - output) <= <usize>OUTPUT_BYTES);
  assertGuards(slot);
}

function assertGuards(slot: usize): void {
  if (!ASC_NO_ASSERT) assert(guardsIntact(slot));
}
