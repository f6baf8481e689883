// The ABI: every exported function, and the assertions of the debug build about its arguments. Pointers are absolute,
// `end` is exclusive, sizes are in bytes.

import { LENGTH_CHUNKED, STATE_CONTENT } from '../src/memory/codes';
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
} from '../src/memory/layout';
import {
  LEASE_BLOCK_NUMBERS_MAX,
  LIMIT_KEYS_MAX,
  LIMIT_MAX,
  LIMIT_NOW_MS_MAX,
  LIMIT_WINDOW_MS_MAX,
  SCRATCH_TEXT_BYTES,
} from '../src/memory/state-layout';
import { consumeContent } from './content';
import { guardsIntact } from './guards';
import { INTEGER_MAX } from './number';
import { forgetMethod, parseHead } from './request';
import { finishHead as buildHeadEnd, buildPrepared } from './response';
import { refuse as buildRefusal, serveSpan } from './serve';
import { add, value } from './state/counter';
import { recover } from './state/death';
import { addToGauge, restoreGauge, setGauge, gaugeValue as valueOfGauge } from './state/gauge';
import { bucketsOf, record } from './state/histogram';
import * as lease from './state/lease';
import { forget, keys, limit, open, take, windowMs } from './state/limiter';
import { acquire, remind, tryLock, unlock } from './state/mutex';
import { scratchFor as scratchPageFor, setParent } from './state/scratch';
import { sipHash as hashText } from './state/siphash';

/** Parses the head that begins at `start` into the slot's record. Returns the position after it, MORE, or an error. */
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

/** Builds at `output` the response to an error that the caller found. */
export function refuse(slot: usize, error: i32, output: usize): void {
  assertOutput(slot, output);
  forgetMethod(slot + RECORD);
  store<i32>(slot, <i32>(buildRefusal(slot, error, output) - output), CONTROL_WRITTEN);
  assertBuilt(slot, output, output + load<u32>(slot, CONTROL_WRITTEN));
}

/** Consumes the next piece of content of the request in the record. Returns the position after the piece, or an error. */
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
  assert(index >= 0 && index < PREPARED_COUNT_MAX * 2);
  const position = buildPrepared(slot, index, output, close, sayPersistent, headOnly);
  assertBuilt(slot, output, position);
  return position;
}

/** Builds at `output` the lines that end a head, after its field lines; returns the position after them. */
export function finishHead(slot: usize, output: usize, length: f64, close: bool, sayPersistent: bool): usize {
  assertOutput(slot, output);
  assert(length >= LENGTH_CHUNKED && length <= INTEGER_MAX && floor(length) == length);
  const position = buildHeadEnd(slot, output, <i64>length, close, sayPersistent);
  assertBuilt(slot, output, position);
  return position;
}

/** Adds a whole number to the counter whose row is at `counter`; returns the new value. */
export function counterAdd(counter: usize, n: f64): f64 {
  return add(counter, <i64>n);
}

/** Returns the value of the counter whose row is at `counter`. */
export function counterValue(counter: usize): f64 {
  return value(counter);
}

/** Returns the pointer of this owner's scratch page, or 0 when the memory has no room for a page. */
export function scratchFor(owner: i32): usize {
  assert(owner > 0);
  return scratchPageFor(owner);
}

/** Returns the SipHash-1-3 of `length` bytes at `text`, keyed with the 128 bits at `seed`. */
export function sipHash(seed: usize, text: usize, length: i32): i64 {
  assert(length >= 0);
  return hashText(seed, text, length);
}

/**
 * Returns the pointer of the table of the limiter whose row is at `limiter`. Makes a table with these options if the
 * limiter has no table or a table with different options. Returns LIMITER_DISAGREES when the same generation opened the
 * limiter with different options, 0 when the memory has no room. The scratch page holds the seed of a new table. `nowMs`
 * is the time of the limiter's clock, which is `aheadMs` ahead of the machine's.
 */
export function limiterOpen(
  limiter: usize,
  scratch: usize,
  limit: i32,
  windowMs: f64,
  keys: i32,
  generation: i32,
  nowMs: f64,
  aheadMs: f64,
): usize {
  assert(limit > 0 && limit <= LIMIT_MAX && keys > 0 && keys <= LIMIT_KEYS_MAX);
  assert(windowMs >= 1 && windowMs <= LIMIT_WINDOW_MS_MAX && floor(windowMs) == windowMs && isTime(nowMs));
  return open(limiter, scratch, limit, <u32>windowMs, keys, generation, <i64>nowMs, <i64>aheadMs);
}

/** Takes `cost` from the limit of the key in the scratch page. Returns the outcome as one number (state/limiter.ts). */
export function limiterTake(limiter: usize, scratch: usize, length: i32, cost: i32, nowMs: f64): f64 {
  assert(length >= 0 && length <= SCRATCH_TEXT_BYTES && cost > 0 && isTime(nowMs));
  return take(limiter, scratch, length, cost, <i64>nowMs);
}

/** Makes the limiter forget what the key in the scratch page has used; the key has `length` bytes. */
export function limiterForget(limiter: usize, scratch: usize, length: i32): void {
  forget(limiter, scratch, length);
}

/** Returns the limit per window of the limiter whose row is at `limiter`. */
export function limiterLimit(limiter: usize, scratch: usize): i32 {
  return limit(limiter, scratch);
}

/** Returns the window, in milliseconds, of the limiter whose row is at `limiter`. */
export function limiterWindowMs(limiter: usize, scratch: usize): f64 {
  return windowMs(limiter, scratch);
}

/** Returns the number of keys that the table of the limiter whose row is at `limiter` was made for. */
export function limiterKeys(limiter: usize, scratch: usize): i32 {
  return keys(limiter, scratch);
}

/** Returns whether a time, multiplied by the largest limit, fits into 63 bits. */
function isTime(ms: f64): bool {
  return ms >= 0 && ms <= <f64>LIMIT_NOW_MS_MAX;
}

/** Sets the gauge whose row is at `gauge`. */
export function gaugeSet(gauge: usize, value: f64): void {
  setGauge(gauge, value);
}

/** Sets the gauge whose row is at `gauge` to the value of a snapshot, unless a thread has already written the gauge. */
export function gaugeRestore(gauge: usize, value: f64): void {
  restoreGauge(gauge, value);
}

/** Adds to the gauge whose row is at `gauge` and returns the new value. Does not store a value that is not finite. */
export function gaugeAdd(gauge: usize, n: f64): f64 {
  return addToGauge(gauge, n);
}

/** Returns the value of the gauge whose row is at `gauge`. */
export function gaugeValue(gauge: usize): f64 {
  return valueOfGauge(gauge);
}

/** Acquires the mutex whose row is at `mutex` if it is free. Returns one of MUTEX_*. */
export function mutexTryLock(mutex: usize, owner: i32): i32 {
  return tryLock(mutex, owner);
}

/** Acquires the mutex, or returns the word of the mutex: the thread must wait until that word changes. */
export function mutexAcquire(mutex: usize, owner: i32, woken: bool): i32 {
  return acquire(mutex, owner, woken);
}

/**
 * Releases the mutex. If `keep` is set and no other thread waits, keeps it for another waiter in this thread. Returns
 * whether the mutex was kept.
 */
export function mutexUnlock(mutex: usize, owner: i32, keep: bool): bool {
  return unlock(mutex, owner, keep);
}

/**
 * Returns whether the mutex is handed to a woken thread that has not taken it yet. If that was already so `before`,
 * wakes one more waiting thread.
 */
export function mutexRemind(mutex: usize, before: bool): bool {
  return remind(mutex, before);
}

/** Returns the pointer of a thread's own buckets of the histogram whose row is at `histogram`; 0 without room. */
export function histogramBuckets(histogram: usize, owner: i32): usize {
  return bucketsOf(histogram, owner);
}

/** Counts a value in a thread's buckets. */
export function histogramRecord(buckets: usize, value: f64): void {
  record(buckets, value);
}

/** Records that only the thread `parent` sees the end of the thread `owner`. */
export function ownerStarted(owner: i32, parent: i32): void {
  assert(owner > 0 && parent > 0 && owner != parent);
  setParent(owner, parent);
}

/** Releases everything that a dead thread held in the named state. */
export function ownerDied(owner: i32): void {
  recover(owner);
}

/** Returns how many numbers of the counter whose row is at `counter` are leased and not handed out. */
export function leasedNumbers(counter: usize): f64 {
  return <f64>lease.leasedNumbers(counter);
}

/** Returns the last number that is leased to the counter. */
export function leasedEnd(counter: usize): f64 {
  return <f64>lease.leasedEnd(counter);
}

/** Returns how many numbers were requested from the counter but not leased, since the memory was made. */
export function missedNumbers(counter: usize): f64 {
  return <f64>lease.missedNumbers(counter);
}

/** Returns how many more blocks may be leased to the counter now. */
export function leaseRoom(counter: usize): i32 {
  return lease.leaseRoom(counter);
}

/** Leases the counter one more block: the `count` numbers after `base`. Returns false when the ring has no room. */
export function publishLease(counter: usize, base: f64, count: i32): bool {
  assert(base >= 0 && base + <f64>count <= INTEGER_MAX && floor(base) == base);
  assert(count > 0 && count <= LEASE_BLOCK_NUMBERS_MAX);
  return lease.publishLease(counter, <i64>base, count);
}

/** Revokes all leases of the counter. Returns the last number that was handed out, or -1 when it never had a lease. */
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

/** Asserts that the bytes built from `output` on end inside the output region. */
function assertBuilt(slot: usize, output: usize, position: usize): void {
  const offset = (output - slot - OUTPUT) % OUTPUT_STRIDE;
  assert(offset + (position - output) <= <usize>OUTPUT_BYTES);
  assertGuards(slot);
}

function assertGuards(slot: usize): void {
  if (!ASC_NO_ASSERT) assert(guardsIntact(slot));
}
