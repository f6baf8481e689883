// The keeper's thread: if it dies at any moment, a new keeper replaces it.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Kept, keepState } from '#dist/durable/keeper.js';
import { viewsOf } from '#dist/memory/views.js';
import { monotonicMs } from '#dist/state/monotonic-clock.js';
import { compileModule, type Exports, instantiate } from '#dist/wasm/instance.js';
import { awaitLease, leaseCounters } from '#dist/wasm/state/leasing.js';
import { claimRow } from '#dist/wasm/state/names.js';
import { rowPointer } from '#dist/wasm/state/rows.js';
import { takeSaved } from '#dist/wasm/state/saved.js';
import { Scratch } from '#dist/wasm/state/scratch.js';
import { eventually, sleep } from '../support/client.ts';
import { atEnd, temporaryFolder } from '../support/fixtures.ts';
import { smallMemory } from '../support/memory.ts';

const module = compileModule();
const SIZE = 16;

interface State {
  state: Parameters<typeof keepState>[1];
  exports: Exports;
  /** Takes the next number of a counter that has had a lease; returns -1 if no leased number is left. */
  next(name: string): number;
  value(name: string): number;
}

function makeState(size = SIZE): State {
  const memory = smallMemory();
  const views = viewsOf(memory);
  if (size > 0) leaseCounters(views, size);
  const exports = instantiate(module, memory);
  const pointerOf = (name: string): number => rowPointer(claimRow(views, 'counter', name));
  return {
    state: { module, memory },
    exports,
    next: (name) => {
      awaitLease(views, exports, pointerOf(name), 10_000);
      return exports.counterAdd(pointerOf(name), 1);
    },
    value: (name) => exports.counterValue(pointerOf(name)),
  };
}

async function keep(
  { state }: State,
  folder: string,
  notes: string[] = [],
  lease = SIZE,
  bounds?: Parameters<typeof keepState>[3],
): Promise<Kept> {
  const note = (text: string): void => void notes.push(text);
  const kept = await keepState({ state: folder, redis: undefined, lease }, state, note, bounds);
  atEnd(() => kept?.stop());
  return kept as Kept;
}

test('without a folder and without Redis no state is kept', async () => {
  expect(
    await keepState({ state: undefined, redis: undefined, lease: 4096 }, makeState(0).state, () => {}),
  ).toBe(undefined);
});

test('a keeper that dies is replaced, and every number stays unique', async () => {
  const folder = temporaryFolder('keep');
  const state = makeState();
  const notes: string[] = [];
  const kept = await keep(state, folder, notes);
  const numbers: number[] = [];
  for (let death = 0; death < 5; death++) {
    for (let i = 0; i < 100; i++) {
      const number = state.next('a');
      if (number > 0) numbers.push(number);
      if (i % 10 === 0) await sleep(1);
    }
    // A keeper that has not started can't be killed.
    while (notes.length === death) await Promise.all([kept.killKeeper(), sleep(10)]);
  }
  await eventually('a number', () => {
    const number = state.next('a');
    if (number > 0) numbers.push(number);
    return number > 0;
  });
  // Threads can use leased numbers without a keeper, so these do not show that a keeper runs.
  await eventually('a keeper', () => state.next('fresh') > 0);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(notes.slice(0, 5)).toEqual(
    Array(5).fill(
      'The keeper of the named state failed: the thread that keeps the named state ended; replacing it',
    ),
  );
  await kept.stop();
  expect(state.next('a')).toBe(-1);
  expect(state.value('a')).toBe(numbers.at(-1));
  await keep(state, folder);
  expect(state.next('a')).toBe((numbers.at(-1) as number) + 1);
});

test('a memory has one keeper, one folder and one lease size, and a folder one server', async () => {
  const state = makeState();
  const kept = await keep(state, temporaryFolder('keep'));
  await expect(keep(state, temporaryFolder('keep'))).rejects.toThrow(
    'another server of this process keeps its named state already',
  );
  await kept.stop();
  await expect(keep(state, temporaryFolder('keep'), [], 32)).rejects.toThrow(
    'leases numbers in blocks of 16, not of 32',
  );
  await expect(keep(makeState(0), temporaryFolder('keep'))).rejects.toThrow(
    'its first server, which does not keep it',
  );
  const folder = temporaryFolder('keep');
  await keep(state, folder);
  expect(state.next('a')).toBe(1);
  await expect(keep(makeState(), folder)).rejects.toThrow('is in use by another server');
});

test('a keeper that fails to start releases everything, and can start later', async () => {
  const folder = temporaryFolder('keep');
  const state = makeState();
  writeFileSync(join(folder, 'counters'), 'mine\n');
  for (let i = 0; i < 2; i++) await expect(keep(state, folder)).rejects.toThrow("counters is not hotpath's");
  expect(state.next('a')).toBe(-1);
  expect(readFileSync(join(folder, 'counters'), 'utf8')).toBe('mine\n');
  rmSync(join(folder, 'counters'));
  await keep(state, folder);
  expect(state.next('a')).toBe(1);
});

test('a file that is damaged while the server runs is not overwritten by the next keeper', async () => {
  const folder = temporaryFolder('keep');
  const state = makeState();
  const notes: string[] = [];
  const kept = await keep(state, folder, notes);
  expect(state.next('a')).toBe(1);
  writeFileSync(join(folder, 'counters'), 'spoilt\n');
  await kept.killKeeper();
  await eventually('notes', () => notes.some((note) => note.includes("counters is not hotpath's")));
  const left = Array.from({ length: 2 * SIZE }, () => state.next('a'));
  expect(left.indexOf(-1)).toBe(2 * SIZE - 1);
  expect(readFileSync(join(folder, 'counters'), 'utf8')).toBe('spoilt\n');
});

describe('a clean stop with many keys', () => {
  const LIMIT = 10;
  const KEYS = 200_000;
  const WINDOW_MS = 86_400_000;

  /** A limiter of a simulated thread. */
  function limiterOf({ state: { memory }, exports }: State) {
    const views = viewsOf(memory);
    const row = rowPointer(claimRow(views, 'limiter', 'many'));
    takeSaved(memory, exports, 'limiter', 'many', row);
    const scratch = new Scratch(memory, exports, 1);
    scratch.randomize(16);
    exports.limiterOpen(row, scratch.pointer, LIMIT, WINDOW_MS, KEYS, 1, monotonicMs(), 0);
    return (key: string): number => {
      const length = scratch.write(key);
      return exports.limiterTake(row, scratch.pointer, length, 1, monotonicMs());
    };
  }

  test('writes the usage of all keys', async () => {
    const folder = temporaryFolder('keep');
    const notes: string[] = [];
    const first = makeState();
    const kept = await keep(first, folder, notes);
    const take = limiterOf(first);
    for (let i = 0; i < KEYS; i++) take(`key ${i}`);
    await kept.stop();
    const second = makeState();
    await keep(second, folder, notes);
    const again = limiterOf(second);
    let whole = 0;
    for (let i = 0; i < KEYS; i++) if (again(`key ${i}`) !== LIMIT - 2) whole++;
    // Up to one key in a thousand may be forgotten when its bucket is full.
    expect(whole).toBeLessThan(KEYS / 1000);
    expect(notes).toEqual([]);
  });

  test('that takes too long keeps the former snapshot, still writes the numbers, and logs the loss', async () => {
    const folder = temporaryFolder('keep');
    const before = makeState();
    const kept = await keep(before, folder);
    expect(limiterOf(before)('a')).toBe(LIMIT - 1);
    await kept.stop();

    const notes: string[] = [];
    let stops = 0;
    // On a busy machine the keeper may finish before this thread looks at the time.
    while (notes.length === 0 && stops < 20) {
      const state = makeState();
      const late = await keep(state, folder, notes, SIZE, { numbersMs: 60_000, snapshotMs: 0 });
      expect(state.next('numbers')).toBe(++stops);
      const take = limiterOf(state);
      for (let i = 0; i < KEYS; i++) take(`key ${i}`);
      await late.stop();
    }
    expect(notes).toEqual([
      'The snapshot was given up, since it was not written within 0 ms',
      expect.stringMatching(/^Gauges and limiters will start as they were at \d{4}-\d\d-\d\dT.*Z, when/),
    ]);
    const after = makeState();
    // The folder is unlocked when the thread has ended.
    for (let next: Kept | undefined; next === undefined; ) {
      next = await keep(after, folder).catch(() => undefined);
      await sleep(20);
    }
    expect([after.next('numbers'), limiterOf(after)('a')]).toEqual([stops + 1, LIMIT - 2]);
  });
});

test('a second stop, or one without a living keeper, ends normally', async () => {
  const state = makeState();
  const kept = await keep(state, temporaryFolder('keep'));
  expect(state.next('a')).toBe(1);
  await kept.killKeeper();
  await kept.stop();
  await kept.stop();
});
