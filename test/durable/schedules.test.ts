// Leases, step by step: takers, readers and the keeper in every order, over a ring so small that it comes round.

import { describe, expect, test } from 'vitest';
import { endedAfter, everySchedule, functionsOf, type Memory, runAlone, type Thread } from './steps.ts';

const COUNTER = 1000;
const STATE_LEASES = 256;
const LEASE_COUNT = 4;
const SHIFT = 1;
const SIZE = 2 ** SHIFT;
const { addLeased, leasedValue, leasedBlocks, publishLease, endLeases } = functionsOf(
  'assembly/state/lease.ts',
  {
    HEADER_LEASE_BELL: 36,
    HEADER_LEASE_SHIFT: 32,
    STATE_VALUE: 0,
    STATE_LEASES,
    LEASE_COUNT,
    LEASE_AHEAD_MAX: LEASE_COUNT - 2,
    LEASE_BLOCK: 0,
    LEASE_BASE: 8,
    LEASE_BYTES: 16,
  },
  { 32: SHIFT + 1 },
) as Record<
  'addLeased' | 'leasedValue' | 'leasedBlocks' | 'publishLease' | 'endLeases',
  (counter: number, value?: number) => Thread<number>
>;

/** A counter whose blocks have been leased these bases, and that so many tickets of have been taken. */
function counterWith(bases: number[], tickets: number): { memory: Memory; leased: Set<number> } {
  const memory = new Map<number, number>();
  const leased = new Set<number>();
  for (const [block, base] of bases.entries()) {
    expect(runAlone(memory, publishLease(COUNTER, base))).toBe(true);
    for (let i = 1; i <= SIZE; i++) leased.add(base + i);
    for (let ticket = block * SIZE; ticket < Math.min(tickets, (block + 1) * SIZE); ticket++)
      leased.delete(runAlone(memory, addLeased(COUNTER, 1)));
  }
  expect(memory.get(COUNTER) ?? 0).toBe(tickets);
  return { memory, leased };
}

/** Takes numbers, and gives those that it got. */
function* taker(...counts: number[]): Thread<number[]> {
  const got: number[] = [];
  for (const n of counts) {
    const last = yield* addLeased(COUNTER, n);
    for (let i = n - 1; last >= 0 && i >= 0; i--) got.push(last - i);
  }
  return got;
}

/** Publishes leases; gives those bases that found room. */
function* keeper(...bases: number[]): Thread<number[]> {
  const published: number[] = [];
  for (const base of bases) if (yield* publishLease(COUNTER, base)) published.push(base);
  return published;
}

function* reader(times: number): Thread<number[]> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(yield* leasedValue(COUNTER));
  return values;
}

function numbersOf(bases: number[]): number[] {
  return bases.flatMap((base) => Array.from({ length: SIZE }, (_, i) => base + 1 + i));
}

/** None was handed out twice, nor one that was not leased. */
function expectUnique(numbers: number[], leased: Set<number>): void {
  const bad = numbers.filter((number, i) => !leased.has(number) || numbers.indexOf(number) !== i);
  if (bad.length > 0) expect.fail(`${bad} of ${numbers}`);
}

describe.each([
  ['one behind the other', [0, 2, 4, 6], [8, 10, 12]],
  ['with gaps', [0, 10, 20, 30], [40, 50, 60]],
])('leases %s', (_, before, after) => {
  test('a slow taker, a fast one, and a ring that comes round', () => {
    const start = counterWith(before, 5);
    let outcomes = 0;
    const states = everySchedule(
      start.memory,
      [() => taker(1), () => taker(1, 1, 1, 1), () => keeper(...after)],
      (_, [slow, fast, published]) => {
        outcomes++;
        expectUnique(
          [...(slow as number[]), ...(fast as number[])],
          new Set([...start.leased, ...numbersOf(published as number[])]),
        );
      },
    );
    expect(outcomes).toBeGreaterThan(10);
    expect(states).toBeGreaterThan(1000);
  });

  test('takers of several numbers at once', () => {
    const start = counterWith(before.slice(0, 3), 3);
    everySchedule(
      start.memory,
      [() => taker(2, 2), () => taker(2, 1), () => keeper(before[3] as number, after[0] as number)],
      (_, [one, other, published]) =>
        expectUnique(
          [...(one as number[]), ...(other as number[])],
          new Set([...start.leased, ...numbersOf(published as number[])]),
        ),
    );
  });

  test.each([
    [1, [1, 1, 1, 1], after],
    [2, [1, 1], after.slice(0, 2)],
  ])(
    'the value is always one that was handed out, and never goes back: read %i times',
    (times, counts, bases) => {
      const start = counterWith(before, 5);
      const first = runAlone(new Map(start.memory), leasedValue(COUNTER));
      everySchedule(
        start.memory,
        [() => reader(times), () => taker(...counts), () => keeper(...bases)],
        (_, [values, got]) => {
          const [one, two = one] = values as [number, number?];
          const possible = [first, ...(got as number[])];
          if (!possible.includes(one) || !possible.includes(two) || one > two)
            expect.fail(`${values} of ${possible}`);
        },
      );
    },
  );

  test('the end: what was handed out last is told, and nothing follows', () => {
    const start = counterWith(before, 5);
    const first = runAlone(new Map(start.memory), leasedValue(COUNTER));
    function* ending(): Thread<number> {
      yield* keeper(after[0] as number);
      return yield* endLeases(COUNTER);
    }
    everySchedule(start.memory, [() => taker(1, 1), () => taker(2), ending], (memory, [one, other, last]) => {
      const got = [...(one as number[]), ...(other as number[])];
      expectUnique(got, new Set([...start.leased, ...numbersOf([after[0] as number])]));
      const values = [
        Math.max(first, ...got),
        runAlone(memory, leasedValue(COUNTER)),
        runAlone(memory, addLeased(COUNTER, 1)),
        runAlone(memory, leasedBlocks(COUNTER)),
        // And on it goes.
        runAlone(memory, publishLease(COUNTER, last as number)),
        runAlone(memory, leasedValue(COUNTER)),
        runAlone(memory, addLeased(COUNTER, 1)),
      ];
      const told = last as number;
      if (`${values}` !== `${[told, told, -1, 0, true, told, told + 1]}`)
        expect.fail(`${values} after ${told}`);
    });
  });

  test('a keeper that dies at any step, and one that goes on with other numbers', () => {
    const start = counterWith(before, 5);
    function* dying(): Thread<number> {
      yield* keeper(...after);
      return yield* endLeases(COUNTER);
    }
    const next = [1000, 1010, 1020];
    for (let steps = 1; steps < 40; steps++)
      everySchedule(
        start.memory,
        [() => taker(2, 1), () => endedAfter(steps, dying())],
        (memory, [before]) => {
          const published = runAlone(memory, keeper(...next));
          const got = [...(before as number[]), ...runAlone(memory, taker(1, 1, 1, 1, 1))];
          expectUnique(got, new Set([...start.leased, ...numbersOf(after), ...numbersOf(published)]));
        },
      );
  });
});

test('a counter that has had no lease has none to end, and one that was not used begins where it stood', () => {
  const memory = new Map<number, number>();
  expect(runAlone(memory, endLeases(COUNTER))).toBe(-1);
  expect(runAlone(memory, leasedValue(COUNTER))).toBe(0);
  expect(runAlone(memory, keeper(70, 72, 74, 76))).toEqual([70, 72, 74]);
  expect(runAlone(memory, leasedValue(COUNTER))).toBe(70);
  expect(runAlone(memory, endLeases(COUNTER))).toBe(70);
  expect(runAlone(memory, leasedValue(COUNTER))).toBe(70);
});
