// Limiters that are saved, and restored by another process: the usage of keys survives.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { piecesOf, valueFrom } from '../../src/durable/json-with-bytes.ts';
import { compileModule, type Exports, instantiate } from '../../src/wasm/instance.ts';
import { type Decision, decisionOf } from '../../src/wasm/state/limiter.ts';
import {
  type LimiterSnapshot,
  layLimiter,
  type Moment,
  readLimiter,
} from '../../src/wasm/state/limiter-snapshot.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { offerSaved, takeSaved } from '../../src/wasm/state/saved.ts';
import { Scratch } from '../../src/wasm/state/scratch.ts';
import { Table } from '../support/limiters.ts';
import { smallMemory } from '../support/memory.ts';
import { recordOf, usedByKey } from '../support/snapshots.ts';

const module = compileModule();
const ROW = rowPointer(1);
const NAME = 'limiter';
const DAY_MS = 86_400_000;

/** A simulated process, with its own memory and its own clock. */
class Process {
  readonly memory = smallMemory();
  readonly exports: Exports = instantiate(module, this.memory);
  readonly scratch = new Scratch(this.memory, this.exports, 1);

  private generation = 0;

  constructor(
    private readonly startedMs: number,
    /** How far the clock of the limiter is ahead. */
    private readonly aheadMs = 0,
  ) {}

  moment(wallMs: number): Moment {
    return { nowMs: wallMs - this.startedMs, wallMs };
  }

  /** @param generation negative while its application is being loaded */
  open(limit: number, windowMs: number, keys: number, wallMs: number, generation = ++this.generation): void {
    this.scratch.randomize(16);
    const { aheadMs } = this;
    const nowMs = this.moment(wallMs).nowMs + aheadMs;
    const page = this.scratch.pointer;
    this.exports.limiterOpen(ROW, page, limit, windowMs, keys, generation, nowMs, aheadMs);
  }

  take(key: string, cost: number, wallMs: number): Decision {
    const nowMs = this.moment(wallMs).nowMs + this.aheadMs;
    const length = this.scratch.write(key);
    return decisionOf(this.exports.limiterTake(ROW, this.scratch.pointer, length, cost, nowMs)) as Decision;
  }

  /** The snapshot as it is read from a file, relative to any moment. */
  read(wallMs: number, sinceMs = wallMs): LimiterSnapshot {
    const { nowMs } = this.moment(wallMs);
    const snapshot = readLimiter(this.memory, ROW, nowMs, this.moment(sinceMs));
    return valueFrom(Buffer.concat(piecesOf(snapshot))) as LimiterSnapshot;
  }

  /** Restores a snapshot into a limiter. */
  lay(snapshot: LimiterSnapshot, wallMs: number): number {
    const table = layLimiter(this.memory, snapshot, this.moment(wallMs));
    offerSaved(this.memory, [{ kind: 'limiter', name: NAME, table }]);
    takeSaved(this.memory, this.exports, 'limiter', NAME, ROW);
    return table;
  }

  /** Restores a snapshot, and opens the limiter with its former options. */
  restore(snapshot: LimiterSnapshot, wallMs: number): void {
    this.lay(snapshot, wallMs);
    const [{ limit, windowMs }] = snapshot.tables as [LimiterSnapshot['tables'][number]];
    this.open(limit, windowMs, Math.max((snapshot.buckets - 1) * 6, 1), wallMs);
  }
}

function usedIn(snapshot: LimiterSnapshot): number[] {
  return [...usedByKey(snapshot).values()].sort((a, b) => a - b);
}

describe('the saved usage', () => {
  const WALL_MS = 1_700_000_000_123;
  const keys = Array.from({ length: 500 }, (_, i) => `key ${i}`);

  test.each([0, 1, 3, 1000, 30_000, 59_999, 3_600_000])('is the same %d ms later', (laterMs) => {
    const before = new Process(WALL_MS - 5000);
    before.open(70, 60_000, 1000, WALL_MS);
    for (const [i, key] of keys.entries()) before.take(key, 1 + (i % 70), WALL_MS);
    const after = new Process(WALL_MS - 100);
    after.restore(before.read(WALL_MS), WALL_MS + laterMs);
    for (const key of [...keys, 'another'])
      expect(after.take(key, 1, WALL_MS + laterMs)).toEqual(before.take(key, 1, WALL_MS + laterMs));
  });

  test('stays the same, relative to one moment, until a key takes something or becomes whole', () => {
    const before = new Process(WALL_MS - 5000);
    before.open(70, 60_000, 1000, WALL_MS);
    before.take('a', 30, WALL_MS);
    const at = (wallMs: number) => before.read(wallMs, WALL_MS - 4000);
    const snapshot = at(WALL_MS);
    expect(snapshot.wallMs).toBe(WALL_MS - 4000);
    expect(usedIn(snapshot)).toEqual([4000 * 70 + 30 * 60_000]);
    expect(at(WALL_MS + 10_000)).toEqual(snapshot);
    for (const laterMs of [0, 10_000]) {
      const after = new Process(WALL_MS - 100);
      after.restore(snapshot, WALL_MS + laterMs);
      expect(after.take('a', 70, WALL_MS + laterMs)).toMatchObject({
        allowed: false,
        retryAfterMs: Math.ceil((30 * 60_000) / 70) - laterMs,
      });
    }
    before.take('a', 1, WALL_MS + 10_000);
    expect(at(WALL_MS + 10_000)).not.toEqual(snapshot);
    expect(usedIn(at(WALL_MS + 60_000))).toEqual([]);
    // The wall clock was set back by a day: the usage is no more than can be in use.
    const [[hash = ''] = []] = usedByKey(snapshot);
    const late = new Process(WALL_MS - DAY_MS * 2);
    const tables = [{ limit: 70, windowMs: 60_000, keys: recordOf(hash, DAY_MS * 70) }];
    late.restore({ ...snapshot, wallMs: WALL_MS, tables }, WALL_MS - DAY_MS);
    expect(late.take('a', 70, WALL_MS - DAY_MS)).toMatchObject({ allowed: false, retryAfterMs: 60_000 });
  });

  test('has only keys in use', () => {
    const before = new Process(WALL_MS - 1000);
    expect(readLimiter(before.memory, ROW, 1000, before.moment(WALL_MS))).toBe(undefined);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 10, WALL_MS);
    before.take('b', 5, WALL_MS);
    expect(usedIn(before.read(WALL_MS))).toEqual([5_000, 10_000]);
    const snapshot = before.read(WALL_MS + 500);
    expect(snapshot).toMatchObject({ buckets: 2, tables: [{ limit: 10, windowMs: 1000 }] });
    expect(usedIn(snapshot)).toHaveLength(1);
    const after = new Process(WALL_MS);
    expect(after.lay(snapshot, WALL_MS + 2000)).toBe(0);
    expect(readLimiter(after.memory, ROW, 1000, after.moment(WALL_MS))).toBe(undefined);
    after.restore(snapshot, WALL_MS + 2000);
    expect(new Table(after.memory, ROW).entries(0).every(({ hash }) => hash === 0n)).toBe(true);
    expect(usedIn(after.read(WALL_MS + 2000))).toEqual([]);
  });

  test('is saved again unchanged before the limiter is opened', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, DAY_MS, 10, WALL_MS);
    before.take('a', 7, WALL_MS);
    const snapshot = before.read(WALL_MS);
    const after = new Process(WALL_MS);
    after.lay(snapshot, WALL_MS + 1000);
    expect(usedIn(after.read(WALL_MS + 1000))).toEqual([7 * DAY_MS - 1000 * 10]);
    expect(after.read(WALL_MS + 1000, WALL_MS)).toEqual(snapshot);
  });

  test('counts under other options of the program', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    const after = new Process(WALL_MS);
    after.restore(before.read(WALL_MS), WALL_MS);
    after.open(100, DAY_MS, 10_000, WALL_MS);
    expect([after.take('a', 1, WALL_MS).remaining, after.take('b', 1, WALL_MS).remaining]).toEqual([49, 99]);
  });

  test('counts under the options of an application that is being loaded', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    const after = new Process(WALL_MS);
    after.lay(before.read(WALL_MS), WALL_MS);
    after.open(100, DAY_MS, 10_000, WALL_MS, -1);
    expect([after.take('a', 1, WALL_MS).remaining, after.take('b', 1, WALL_MS).remaining]).toEqual([49, 99]);
  });

  test('does not replace that of a limiter in use', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, DAY_MS, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    const after = new Process(WALL_MS);
    after.open(10, DAY_MS, 10, WALL_MS);
    after.take('b', 3, WALL_MS);
    after.lay(before.read(WALL_MS), WALL_MS);
    expect([after.take('a', 1, WALL_MS).remaining, after.take('b', 1, WALL_MS).remaining]).toEqual([9, 6]);
  });

  test('includes keys that have not come since the options changed', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    before.take('b', 5, WALL_MS);
    before.open(20, 4000, 100, WALL_MS);
    before.take('b', 5, WALL_MS);
    const snapshot = before.read(WALL_MS);
    expect(usedIn(snapshot)).toEqual([5_000, 60_000]);
    const after = new Process(WALL_MS);
    after.restore(snapshot, WALL_MS);
    expect([after.take('a', 1, WALL_MS).remaining, after.take('b', 1, WALL_MS).remaining]).toEqual([9, 4]);
  });

  test('is the same share after a change of options, however long the process has run', () => {
    for (const upMs of [62_000, DAY_MS, 400 * DAY_MS]) {
      const before = new Process(WALL_MS - upMs);
      before.open(10, 60_000, 10, WALL_MS);
      before.take('k', 5, WALL_MS);
      before.open(10, 3_600_000, 10, WALL_MS);
      before.take('another', 1, WALL_MS);
      const after = new Process(WALL_MS);
      after.restore(before.read(WALL_MS + 100, WALL_MS - upMs), WALL_MS + 2000);
      expect(after.take('k', 1, WALL_MS + 2000)).toEqual({ allowed: true, remaining: 4, retryAfterMs: 0 });
    }
  });

  test('never exceeds the limit, whatever the wall clock was set to', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 10, WALL_MS);
    const after = new Process(WALL_MS - DAY_MS);
    after.restore(before.read(WALL_MS), WALL_MS - DAY_MS);
    expect(after.take('a', 10, WALL_MS - DAY_MS)).toEqual({
      allowed: false,
      remaining: 0,
      retryAfterMs: 1000,
    });
  });

  test('counts for a limiter with a clock of its own', () => {
    // The wall clock, and a clock that began with the process.
    for (const aheadMs of [WALL_MS - DAY_MS, -DAY_MS]) {
      const before = new Process(WALL_MS - DAY_MS, aheadMs);
      before.open(10, 10_000, 10, WALL_MS);
      before.take('a', 10, WALL_MS);
      before.take('b', 10, WALL_MS);
      const after = new Process(WALL_MS - 2 * DAY_MS, aheadMs);
      after.restore(before.read(WALL_MS + 1000, WALL_MS - 5000), WALL_MS + 2000);
      expect(after.take('a', 3, WALL_MS + 2000)).toMatchObject({ allowed: false, remaining: 2 });
      const last = new Process(WALL_MS, aheadMs);
      last.restore(after.read(WALL_MS + 3000), WALL_MS + 3000);
      for (const key of ['a', 'b'])
        expect(last.take(key, 3, WALL_MS + 3000)).toMatchObject({ allowed: true, remaining: 0 });
    }
  });

  test('under older options is rounded to the nearest unit, and newer options have precedence', () => {
    const snapshot: LimiterSnapshot = {
      buckets: 1,
      seed: '0'.repeat(32),
      wallMs: WALL_MS,
      tables: [
        { limit: 1, windowMs: 4, keys: recordOf('a', 1) },
        { limit: 1, windowMs: 3, keys: new Uint8Array([...recordOf('a', 3), ...recordOf('b', 2)]) },
        { limit: 2, windowMs: 4, keys: new Uint8Array([...recordOf('b', 8), ...recordOf('c', 3)]) },
      ],
    };
    const after = new Process(WALL_MS);
    after.lay(snapshot, WALL_MS);
    expect([...usedByKey(after.read(WALL_MS))].sort()).toEqual([
      ['a', 1],
      ['b', 3],
      ['c', 2],
    ]);
    expect(after.read(WALL_MS).tables.map(({ keys }) => keys.length)).toEqual([3 * 16]);
  });

  test('loses the keys that have used least when there is not enough room', () => {
    const hash = (i: number): string => (i * 2 + 2).toString(16);
    const records = Array.from({ length: 20 }, (_, i) => recordOf(hash(i), (i + 1) * 1000));
    const snapshot: LimiterSnapshot = {
      buckets: 2,
      seed: '0'.repeat(32),
      wallMs: WALL_MS,
      tables: [{ limit: 1000, windowMs: 1000, keys: new Uint8Array(Buffer.concat(records)) }],
    };
    const after = new Process(WALL_MS);
    after.lay(snapshot, WALL_MS);
    expect(usedIn(after.read(WALL_MS))).toEqual(Array.from({ length: 15 }, (_, i) => (i + 6) * 1000));
  });

  test('is rejected when there is no memory', () => {
    const before = new Process(WALL_MS);
    before.open(10, 1000, 20_000, WALL_MS);
    before.take('a', 10, WALL_MS);
    const snapshot = before.read(WALL_MS);
    expect(snapshot.buckets).toBe(4096);
    const after = new Process(WALL_MS);
    after.memory.grow(65_536 - after.memory.buffer.byteLength / 65_536 - 10);
    expect(() => after.lay(snapshot, WALL_MS)).toThrow(RangeError);
  });

  test('is rejected when no limiter can have written it', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    const good = before.read(WALL_MS);
    const [table] = good.tables as [LimiterSnapshot['tables'][number]];
    const after = new Process(WALL_MS);
    const wrong: unknown[] = [
      { ...good, buckets: 3 },
      { ...good, buckets: 2 ** 30 },
      { ...good, seed: 'x' },
      { ...good, wallMs: null },
      { ...good, tables: [] },
      { ...good, tables: {} },
      { ...good, tables: [{ ...table, limit: 0 }] },
      { ...good, tables: [{ ...table, windowMs: 2 ** 40 }] },
      { ...good, tables: [{ ...table, keys: new Uint8Array(15) }] },
      { ...good, tables: [{ ...table, keys: [] }] },
    ];
    for (const snapshot of wrong)
      expect(() => after.lay(snapshot as LimiterSnapshot, WALL_MS), JSON.stringify(snapshot)).toThrow(
        TypeError,
      );
    for (const wallMs of [-1e300, 1e300, -1, 0])
      expect(() => after.lay({ ...good, wallMs }, WALL_MS)).not.toThrow();
  });
});

test('the share of a limit is converted to other options exactly, however large they are', () => {
  const options = fc.record({
    limit: fc.integer({ min: 1, max: 1_000_000 }),
    windowMs: fc.integer({ min: 2 ** 30, max: 2 ** 31 }),
  });
  const nowMs = 1000;
  const process = new Process(0);
  let round = 0;
  fc.assert(
    fc.property(options, options, fc.double({ min: 0, max: 1, noNaN: true }), (first, second, part) => {
      const key = `key ${round++}`;
      process.open(first.limit, first.windowMs, 10_000, nowMs);
      const cost = Math.max(1, Math.floor(part * first.limit));
      process.take(key, cost, nowMs);
      process.open(second.limit, second.windowMs, 10_000, nowMs);
      const tats = new Set(tatsOf(process));
      process.take(key, second.limit, nowMs);
      const [full, used] = [BigInt(first.limit * first.windowMs), BigInt(cost * first.windowMs)];
      const share = (2n * used * BigInt(second.limit * second.windowMs) + full) / (2n * full);
      expect(tatsOf(process).filter((tat) => !tats.has(tat))).toEqual([BigInt(nowMs * second.limit) + share]);
    }),
    { numRuns: 100 },
  );
});

function tatsOf({ memory }: Process): bigint[] {
  const table = new Table(memory, ROW);
  return Array.from({ length: table.bucketCount }, (_, i) => table.entries(i).map(({ tat }) => tat)).flat();
}

test("a key that replaces another one does not restore that key's usage under older options", () => {
  const process = new Process(0);
  // One bucket of 15 places.
  process.open(10, DAY_MS, 6, 1000);
  process.take('a', 5, 1000);
  process.open(10, 1000, 6, 1000);
  expect(process.take('a', 1, 1000).remaining).toBe(4);
  for (let i = 0; i < 15; i++) process.take(`other ${i}`, 1, 5000);
  expect(process.take('a', 1, 5000).remaining).toBe(9);
});

/** The usage of a key, in whole units of the options at its last take. */
interface Used {
  options: Options;
  tat: bigint;
}
interface Options {
  limit: number;
  windowMs: number;
}

/** A model of limits without tables: a key's share is converted to other options when the key comes, or is read. */
class Reference {
  private readonly used = new Map<string, Used>();
  constructor(private options: Options) {}

  change(options: Options): void {
    this.options = options;
  }

  restart(saved: Options, nowMs: number): void {
    for (const key of this.used.keys()) this.used.set(key, this.under(saved, key, nowMs));
  }

  take(key: string, cost: number, nowMs: number): Decision {
    const { limit, windowMs } = this.options;
    const now = BigInt(nowMs) * BigInt(limit);
    const window = BigInt(windowMs);
    const latest = now + window * BigInt(limit);
    const { tat } = this.under(this.options, key, nowMs);
    const begin = tat > now ? tat : now;
    const next = begin + BigInt(cost) * window;
    const allowed = next <= latest;
    this.used.set(key, { options: this.options, tat: allowed ? next : tat });
    const remaining = Number((latest - (allowed ? next : begin)) / window);
    const waited = allowed ? 0n : next - latest;
    const retryAfterMs = Number((waited + BigInt(limit) - 1n) / BigInt(limit));
    return { allowed, remaining, retryAfterMs };
  }

  private under(options: Options, key: string, nowMs: number): Used {
    const used = this.used.get(key);
    if (used === undefined) return { options, tat: 0n };
    if (used.options === options) return used;
    const left = used.tat - BigInt(nowMs) * BigInt(used.options.limit);
    if (left <= 0n) return { options, tat: 0n };
    const [from, to] = [used.options, options].map(
      ({ limit, windowMs }) => BigInt(limit) * BigInt(windowMs),
    ) as [bigint, bigint];
    return { options, tat: BigInt(nowMs) * BigInt(options.limit) + (2n * left * to + from) / (2n * from) };
  }
}

test('each key has its exact share after any sequence of options and restarts', () => {
  const optionsArb = fc.record({
    limit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(999_983, 1_000_000)),
    windowMs: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(1_999_999_973, 2 ** 31)),
  });
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        take: fc.constantFrom('a', 'b', 'c'),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ passMs: fc.oneof(fc.nat(50), fc.nat(100_000), fc.nat(2 ** 30)) }) },
    { weight: 2, arbitrary: fc.record({ options: optionsArb }) },
    {
      weight: 1,
      arbitrary: fc.record({
        downMs: fc.oneof(fc.nat(50), fc.nat(100_000)),
        upMs: fc.nat(DAY_MS),
        sinceMs: fc.nat(DAY_MS),
      }),
    },
  );
  let restarts = 0;
  fc.assert(
    fc.property(
      optionsArb,
      fc.nat(400 * DAY_MS),
      fc.constantFrom(0, 1_700_000_000_000),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      (first, upMs, aheadMs, steps) => {
        let wallMs = 1_700_000_000_000;
        let options = { ...first };
        let process = new Process(wallMs - upMs, aheadMs);
        process.open(options.limit, options.windowMs, 1000, wallMs);
        const reference = new Reference(options);
        const startMs = wallMs - 2 * 400 * DAY_MS;
        for (const step of steps) {
          if ('take' in step) {
            const cost = Math.max(1, Math.ceil(step.part * options.limit));
            const decision = process.take(step.take, cost, wallMs);
            expect(decision).toEqual(reference.take(step.take, cost, wallMs - startMs));
          } else if ('passMs' in step) wallMs += step.passMs;
          else if ('options' in step) {
            if (step.options.limit === options.limit && step.options.windowMs === options.windowMs) continue;
            options = { ...step.options };
            process.open(options.limit, options.windowMs, 1000, wallMs);
            reference.change(options);
          } else {
            restarts++;
            const snapshot = process.read(wallMs, wallMs - step.sinceMs);
            wallMs += step.downMs;
            process = new Process(wallMs - step.upMs, aheadMs);
            reference.restart(options, wallMs - startMs);
            process.lay(snapshot, wallMs);
            process.open(options.limit, options.windowMs, 1000, wallMs);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
  expect(restarts).toBeGreaterThan(50);
});
