// Leases, one atomic step at a time: takers, readers and the keeper in every order, with a ring so small that it wraps around.

import { describe, expect, test } from 'vitest';
import { endedAfter, everySchedule, functionsOf, type Memory, runAlone, type Thread } from './steps.ts';

const COUNTER = 1000;
const STATE_LEASES = 256;
const LEASE_COUNT = 4;
const SIZE = 2;
const { addLeased, leasedValue, leasedNumbers, leasedEnd, leaseRoom, publishLease, endLeases } = functionsOf(
  'assembly/state/lease.ts',
  {
    HEADER_LEASE_BELL: 36,
    STATE_VALUE: 0,
    STATE_MISSED: 32,
    STATE_LEASE_FAILING: 40,
    STATE_LEASES,
    LEASE_USED_BITS: 4,
    LEASE_COUNT,
    LEASE_AHEAD_MAX: LEASE_COUNT - 2,
    LEASE_BLOCK: 0,
    LEASE_BASE: 8,
    LEASE_BYTES: 16,
  },
  {},
) as Record<
  'addLeased' | 'leasedValue' | 'leasedNumbers' | 'leasedEnd' | 'leaseRoom' | 'publishLease' | 'endLeases',
  (counter: number, value?: number, count?: number) => Thread<number>
>;

/** The size of each block whose size is not SIZE, by its base. */
type Sizes = ReadonlyMap<number, number>;
const ALIKE: Sizes = new Map();

/** A counter with blocks of these bases, of which this many numbers have been taken. */
function counterWith(bases: number[], count: number, sizes = ALIKE): { memory: Memory; leased: Set<number> } {
  const memory = new Map<number, number>();
  const leased = new Set<number>();
  let left = count;
  for (const base of bases) {
    const size = sizes.get(base) ?? SIZE;
    expect(runAlone(memory, publishLease(COUNTER, base, size))).toBe(true);
    expect(runAlone(memory, leasedEnd(COUNTER))).toBe(base + size);
    for (const number of numbersOf([base], sizes)) leased.add(number);
    for (const number of numbersOf([base], sizes).slice(0, left)) {
      expect(runAlone(memory, addLeased(COUNTER, 1))).toBe(number);
      leased.delete(number);
      left--;
    }
  }
  expect([left, runAlone(memory, leasedNumbers(COUNTER))]).toEqual([0, leased.size]);
  return { memory, leased };
}

/** Takes numbers. @returns the numbers that the thread got */
function* taker(...counts: number[]): Thread<number[]> {
  const got: number[] = [];
  for (const n of counts) {
    const last = yield* addLeased(COUNTER, n);
    for (let i = n - 1; last >= 0 && i >= 0; i--) got.push(last - i);
  }
  return got;
}

/** Publishes leases. @returns the bases that found room */
function* keeper(...bases: number[]): Thread<number[]> {
  return yield* keeperOf(bases, ALIKE);
}

function* keeperOf(bases: number[], sizes: Sizes): Thread<number[]> {
  const published: number[] = [];
  for (const base of bases)
    if (yield* publishLease(COUNTER, base, sizes.get(base) ?? SIZE)) published.push(base);
  return published;
}

function* reader(times: number): Thread<number[]> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(yield* leasedValue(COUNTER));
  return values;
}

function numbersOf(bases: number[], sizes = ALIKE): number[] {
  return bases.flatMap((base) => Array.from({ length: sizes.get(base) ?? SIZE }, (_, i) => base + 1 + i));
}

/** Checks that no number was handed out twice, or without a lease. */
function expectUnique(numbers: number[], leased: Set<number>): void {
  const bad = numbers.filter((number, i) => !leased.has(number) || numbers.indexOf(number) !== i);
  if (bad.length > 0) expect.fail(`${bad} of ${numbers}`);
}

describe.each([
  ['without gaps', [0, 2, 4, 6], [8, 10, 12]],
  ['with gaps', [0, 10, 20, 30], [40, 50, 60]],
])('leases %s', (_, before, after) => {
  test('a slow taker, a fast taker, and a ring that wraps around', () => {
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
    'the value is always a number that was handed out, and never decreases: read %i times',
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

  test('the end returns the last number, and no number is handed out afterwards', () => {
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
        runAlone(memory, leasedNumbers(COUNTER)),
        // Leases may begin again.
        runAlone(memory, leasedEnd(COUNTER)) === last &&
          runAlone(memory, publishLease(COUNTER, last as number, SIZE)),
        runAlone(memory, leasedValue(COUNTER)),
        runAlone(memory, addLeased(COUNTER, 1)),
      ];
      const told = last as number;
      if (`${values}` !== `${[told, told, -1, 0, true, told, told + 1]}`)
        expect.fail(`${values} after ${told}`);
    });
  });

  test('a keeper that dies at any step, and its successor with other numbers', () => {
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

describe('blocks of different sizes', () => {
  const sizes = new Map([
    [0, 2],
    [2, 5],
    [7, 3],
    [20, 2],
    [30, 4],
    [34, 2],
  ]);

  test('takers of several numbers, and a ring that wraps around: every number is unique and leased', () => {
    const start = counterWith([0, 2, 7], 3, sizes);
    const outcomes = new Set<string>();
    everySchedule(
      start.memory,
      [() => taker(2, 2, 2), () => taker(1, 2), () => keeperOf([20, 30, 34], sizes)],
      (_, [one, other, published]) => {
        const got = [...(one as number[]), ...(other as number[])];
        expectUnique(got, new Set([...start.leased, ...numbersOf(published as number[], sizes)]));
        outcomes.add(`${got}`);
      },
    );
    expect(outcomes.size).toBeGreaterThan(5);
  });

  test('the rest of a block is handed out with the next block if the two are consecutive, and otherwise skipped', () => {
    const memory = new Map(counterWith([0, 2, 7], 0, sizes).memory);
    expect(runAlone(memory, taker(1, 2, 2, 2, 2))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(runAlone(memory, keeperOf([20], sizes))).toEqual([20]);
    expect(runAlone(memory, taker(2))).toEqual([21, 22]);
    expect(runAlone(memory, leasedNumbers(COUNTER))).toBe(0);
  });

  test('an addition of more numbers than the next block has fails', () => {
    const memory = new Map(counterWith([0, 20], 1, sizes).memory);
    expect(runAlone(memory, taker(3))).toEqual([]);
    expect(runAlone(memory, taker(1, 2))).toEqual([2, 21, 22]);
  });
});

test('the ring has room for exactly leaseRoom() blocks', () => {
  const memory = new Map<number, number>();
  for (let base = 0, room = LEASE_COUNT - 1; room >= 0; base += SIZE, room--) {
    expect(runAlone(memory, leaseRoom(COUNTER))).toBe(room);
    expect(runAlone(memory, publishLease(COUNTER, base, SIZE))).toBe(room > 0);
  }
});

test('leases end without effect if there are none, and an unused counter keeps its value', () => {
  const memory = new Map<number, number>();
  expect(runAlone(memory, endLeases(COUNTER))).toBe(-1);
  expect(runAlone(memory, leasedValue(COUNTER))).toBe(0);
  expect(runAlone(memory, leasedEnd(COUNTER))).toBe(0);
  expect(runAlone(memory, keeper(70, 72, 74, 76))).toEqual([70, 72, 74]);
  expect(runAlone(memory, leasedValue(COUNTER))).toBe(70);
  expect(runAlone(memory, endLeases(COUNTER))).toBe(70);
  expect(runAlone(memory, leasedValue(COUNTER))).toBe(70);
});
