// The memory of limiters: handles with the same options share a table, handles that disagree get an error, and tables
// whose options are no longer in force are reused, whatever threads do meanwhile.

import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HEADER_TABLES, PAGE_BYTES } from '../../src/memory/layout.ts';
import {
  LIMITER_HOLDER,
  LIMITER_NEXT,
  LIMITER_TABLES_MAX,
  STATE_EXTENT,
} from '../../src/memory/state-layout.ts';
import { OWNER } from '../../src/state/binding.ts';
import { histogram } from '../../src/state/histogram.ts';
import { type LimiterOptions, limiter } from '../../src/state/limiter.ts';
import { mutex } from '../../src/state/mutex.ts';
import { beginLoad, type SharedState } from '../../src/state/shared.ts';
import { type Exports, instantiate } from '../../src/wasm/instance.ts';
import { decisionOf } from '../../src/wasm/state/limiter.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { Scratch } from '../../src/wasm/state/scratch.ts';
import { smallMemory } from '../support/memory.ts';
import { beginGeneration, forgetState, freshState } from '../support/named-state.ts';
import { compileStepped, instantiateStepped } from '../support/stepped.ts';

const ROW = rowPointer(1);
const HOUR_MS = 3_600_000;

let state: SharedState;
let nowMs: number;
const now = (): number => nowMs;
beforeEach(() => {
  state = freshState();
  nowMs = 1_000_000;
});
afterEach(forgetState);

function pagesOf({ memory }: { memory: WebAssembly.Memory }): number {
  memory.grow(0);
  return memory.buffer.byteLength / PAGE_BYTES;
}

function tableOf(memory: WebAssembly.Memory, row = ROW): number {
  memory.grow(0);
  return new DataView(memory.buffer).getUint32(row + STATE_EXTENT, true);
}

/** The limiter that uses each table of the memory. */
function holdersIn(memory: WebAssembly.Memory): number[] {
  memory.grow(0);
  const data = new DataView(memory.buffer);
  const holders: number[] = [];
  for (let table = data.getUint32(HEADER_TABLES, true); table !== 0; ) {
    holders.push(data.getInt32(table + LIMITER_HOLDER, true));
    table = data.getUint32(table + LIMITER_NEXT, true);
  }
  return holders;
}

describe('two handles of one name that disagree', () => {
  const cheap = { limit: 50_000, windowMs: HOUR_MS };

  test.each([
    [{ limit: 100_000 }, '{ limit: 100000, windowMs: 3600000 }, but has { limit: 50000, windowMs: 3600000 }'],
    [{ windowMs: 1000 }, '{ limit: 50000, windowMs: 1000 }, but has { limit: 50000, windowMs: 3600000 }'],
    [
      { keys: 10_001 },
      '{ limit: 50000, windowMs: 3600000, keys: 10001 }, but has { limit: 50000, windowMs: 3600000, keys: 10000 }',
    ],
  ])('by %o get an error that names the fix', (option, says) => {
    expect(limiter('api', cheap).take('a').remaining).toBe(49_999);
    const other = limiter('api', { ...cheap, ...option });
    for (const use of [() => other.take('a'), () => other.limit, () => other.windowMs]) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(
        `limiter 'api' is asked for with ${says}: a limiter has one set of options, so use another name for others`,
      );
    }
    // The first handle works as before.
    expect(limiter('api', cheap).take('a').remaining).toBe(49_998);
    expect(limiter('premium', { ...cheap, ...option }).take('a').allowed).toBe(true);
  });

  test('in turns in a handler use no more memory, and the first one stays exact', () => {
    limiter('api', cheap).take('b');
    const pages = pagesOf(state);
    let errors = 0;
    let taken = 0;
    for (let i = 0; i < 100_000; i++) {
      try {
        const limit = i % 2 === 0 ? 50_000 : 100_000;
        if (limiter('api', { limit, windowMs: HOUR_MS, now: undefined as never }).take('a').allowed) taken++;
      } catch {
        errors++;
      }
    }
    expect([errors, taken, pagesOf(state)]).toEqual([50_000, 50_000, pages]);
  });

  test('get the error in two threads of one generation, too; options of a later generation are in force', () => {
    const exports = instantiate(state.module, state.memory);
    const page = new Scratch(state.memory, exports, OWNER + 1).pointer;
    const open = (limit: number, generation: number): number =>
      exports.limiterOpen(ROW, page, limit, HOUR_MS, 10_000, generation, nowMs, nowMs);
    limiter('api', { ...cheap, now }).take('a');
    expect(open(7, 1)).toBe(1);
    expect(open(50_000, 1)).toBe(tableOf(state.memory));
    expect(open(7, 2)).toBe(tableOf(state.memory));
    expect(limiter('api', { ...cheap, now }).limit).toBe(7);
  });

  test('by a clock of their own get an error', () => {
    limiter('api', cheap).take('a');
    expect(() => limiter('api', { ...cheap, now }).take('a')).toThrow(
      "limiter 'api' is asked for with a clock of its own and without: pass the option now everywhere, or nowhere",
    );
  });
});

describe('handles that agree', () => {
  test('are the same handle, even when each request asks for it', () => {
    const options = { limit: 1000, windowMs: HOUR_MS };
    const first = limiter('api', options);
    first.take('a');
    expect(limiter('api', { ...options })).toBe(first);
    expect(limiter('api', { ...options, keys: 10_000 })).toBe(first);
    const pages = pagesOf(state);
    for (let i = 0; i < 100_000; i++) limiter('api', { ...options }).take('a');
    // A clock that is a new function each time may be the same clock.
    for (let i = 0; i < 10_000; i++) limiter('own', { ...options, now: () => nowMs }).take('a');
    expect(pagesOf(state) - pages).toBeLessThanOrEqual(9);
    expect(first.take('a').allowed).toBe(false);
  });

  test('are a new handle to the same limiter after a reload', () => {
    const options = { limit: 10, windowMs: HOUR_MS, now };
    const first = limiter('api', options);
    first.take('a');
    beginGeneration();
    const second = limiter('api', options);
    expect([second.take('a').remaining, first.take('a').remaining]).toEqual([8, 7]);
  });

  test('of histograms and mutexes take no more memory each time, either', () => {
    histogram('sizes').record(1);
    void mutex('guard').lock();
    const pages = pagesOf(state);
    for (let i = 0; i < 10_000; i++) {
      histogram('sizes').record(1);
      mutex('guard').tryLock();
    }
    expect([pagesOf(state), histogram('sizes').count]).toEqual([pages, 10_001]);
  });
});

describe('a clock of its own', () => {
  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 9e12, '5', null, undefined, 5n, {}, Symbol('a')])(
    'that returns %s is an error that names the limiter',
    (given) => {
      const api = limiter('api', { limit: 1, windowMs: 1, now: () => given as number });
      expect(() => api.take('a')).toThrow(RangeError);
      expect(() => api.take('a')).toThrow(
        "limiter 'api': now() must return milliseconds, a number from 0 to",
      );
      expect(() => api.limit).toThrow("limiter 'api': now()");
    },
  );

  test('that is set back stands still until it has caught up again', () => {
    const api = limiter('api', { limit: 2, windowMs: 1000, now });
    const takes = (count: number): boolean[] => Array.from({ length: count }, () => api.take('a').allowed);
    expect(takes(1)).toEqual([true]);
    nowMs -= 900_000;
    expect(takes(2)).toEqual([true, false]);
    expect(api.take('a')).toEqual({ allowed: false, remaining: 0, retryAfterMs: 500 });
    nowMs += 900_499;
    expect(takes(1)).toEqual([false]);
    nowMs += 1;
    expect(takes(2)).toEqual([true, false]);
  });

  test('that returns a wrong time later is an error, too', () => {
    let given = 5;
    const api = limiter('api', { limit: 2, windowMs: 1000, now: () => given });
    api.take('a');
    given = Number.NaN;
    expect(() => api.take('a')).toThrow("limiter 'api': now()");
    given = 6;
    expect(api.take('a').remaining).toBe(0);
  });
});

/** Several generations, each with its own options. */
function reloads(count: number, stepMs: number, options: (i: number) => LimiterOptions): number {
  let most = 0;
  for (let i = 0; i < count; i++) {
    nowMs += stepMs;
    beginGeneration();
    limiter('api', { ...options(i), now }).take('a');
    most = Math.max(most, pagesOf(state));
  }
  return most;
}

describe('tables whose options are no longer in force', () => {
  const small = (i: number): LimiterOptions => ({ limit: 1000 + (i % 17), windowMs: 1000, keys: 6 });

  test('are reused when no key in them counts any more', () => {
    const pages = pagesOf(state);
    // The table in force, the former one, and the scratch page.
    expect(reloads(1000, 1001, small) - pages).toBeLessThanOrEqual(4);
  });

  test('are limited in number when many reloads occur within a window', () => {
    const pages = pagesOf(state);
    expect(reloads(1000, 0, small) - pages).toBeLessThanOrEqual(LIMITER_TABLES_MAX + 3);
  });

  test('count until they are reused', () => {
    limiter('api', { ...small(0), limit: 10, now }).take('a', 5);
    for (let i = 1; i < LIMITER_TABLES_MAX; i++) {
      beginGeneration();
      limiter('api', { ...small(0), limit: 10 * (i + 1), now }).take('b');
    }
    expect(limiter('api', { ...small(0), limit: 10 * LIMITER_TABLES_MAX, now }).take('a', 1).remaining).toBe(
      5 * LIMITER_TABLES_MAX - 1,
    );
  });

  test('are reused by other limiters if they are large enough', () => {
    reloads(100, 1001, (i) => ({ ...small(i), keys: i % 2 === 0 ? 6 : 2000 }));
    const pages = pagesOf(state);
    limiter('other', { ...small(0), now }).take('a');
    expect(pagesOf(state)).toBe(pages);
    limiter('large', { ...small(0), keys: 20_000, now }).take('a');
    expect(pagesOf(state)).toBeGreaterThan(pages);
    expect(limiter('other', { ...small(0), now }).take('a').remaining).toBe(998);
  });

  test('are reused by other limiters even if their own limiter has kept its options since', async () => {
    const options = { limit: 1000, windowMs: 1, keys: 2000 };
    for (const name of ['one', 'two']) limiter(name, options).take('a');
    beginGeneration();
    for (const name of ['one', 'two']) limiter(name, { ...options, limit: 2000 }).take('a');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const pages = pagesOf(state);
    for (const name of ['three', 'four']) expect(limiter(name, options).take('a').remaining).toBe(999);
    expect(pagesOf(state)).toBe(pages);
    limiter('five', options).take('a');
    expect(pagesOf(state)).toBeGreaterThan(pages);
    expect(limiter('two', { ...options, limit: 2000 }).take('b').remaining).toBe(1999);
  });

  test('are empty when they are reused', () => {
    const rounds = 40;
    // Under a limit that falls, time has fewer units, so the usage in an old entry would last for long.
    for (let round = 0; round < rounds; round++) {
      beginGeneration();
      limiter('api', { limit: 200 - round, windowMs: 1000, keys: 6, now }).take(`round ${round}`, 50);
    }
    beginGeneration();
    const api = limiter('api', { limit: 1000, windowMs: 1000, keys: 6, now });
    // A table that is too old is dropped; the count includes the table in force.
    for (let round = rounds - LIMITER_TABLES_MAX - 5; round <= rounds - LIMITER_TABLES_MAX; round++)
      expect(api.take(`round ${round}`).remaining).toBe(999);
    expect(api.take(`round ${rounds - 1}`).remaining).toBe(688);
  });

  test('are reused early when there is no room for another table', () => {
    reloads(3, 0, (i) => ({ limit: 10 + i, windowMs: HOUR_MS, keys: 2000 }));
    state.memory.grow(65_536 - pagesOf(state));
    beginGeneration();
    const api = limiter('api', { limit: 100, windowMs: HOUR_MS, keys: 2000, now });
    expect(api.take('b').remaining).toBe(99);
  });
});

describe('while an application is being loaded', () => {
  const old = { limit: 10, windowMs: HOUR_MS, now };
  const young = { limit: 100, windowMs: HOUR_MS, now };

  test('the former options stay in force until it is loaded', () => {
    const before = limiter('api', old);
    before.take('a', 5);
    const load = beginLoad();
    const after = limiter('api', young);
    expect([after.take('a').remaining, after.limit, before.limit]).toEqual([4, 10, 10]);
    // The former application still works as before, even when each request asks for the limiter.
    expect(limiter('api', old).take('a').remaining).toBe(3);
    load.commit();
    expect([after.take('a', 10).remaining, after.limit, before.limit]).toEqual([20, 100, 100]);
    expect(() => limiter('api', old).take('a')).toThrow("limiter 'api' is asked for with");
  });

  test('and then fails, the former options stay in force', () => {
    const before = limiter('api', old);
    before.take('a', 5);
    const pages = pagesOf(state);
    for (let i = 0; i < 100; i++) {
      const load = beginLoad();
      limiter('api', { ...young, limit: 100 + i }).take('b');
      limiter('new', { ...young, limit: 100 + i, keys: 6 }).take('b');
      load.abandon();
    }
    expect([before.limit, before.take('a').remaining, limiter('api', old).limit]).toEqual([10, 4, 10]);
    expect(() => limiter('api', young).take('a')).toThrow("limiter 'api' is asked for with");
    // A limiter that only this application has used gets the options of the next application.
    const own = limiter('new', { ...old, keys: 6 });
    expect([own.limit, own.take('c').remaining]).toEqual([10, 9]);
    expect(pagesOf(state) - pages).toBeLessThanOrEqual(LIMITER_TABLES_MAX + 1);
  });

  test('its new limiters have its options at once, and all handles must agree', () => {
    const load = beginLoad();
    const api = limiter('api', young);
    expect([api.take('a').remaining, api.limit]).toEqual([99, 100]);
    expect(() => limiter('api', old).take('a')).toThrow("limiter 'api' is asked for with");
    load.commit();
    expect(api.take('a').remaining).toBe(98);
  });

  test('together with a second one, each is committed or abandoned separately', () => {
    const before = limiter('api', old);
    before.take('a');
    const [first, second] = [beginLoad(), beginLoad()];
    first.commit();
    expect(limiter('api', young).limit).toBe(10);
    second.abandon();
    expect([limiter('api', young).limit, before.limit]).toEqual([100, 100]);
  });
});

describe('with a stop before each atomic step', () => {
  let stepped: WebAssembly.Module;
  beforeAll(async () => {
    stepped = await compileStepped();
  });

  class Ended extends Error {}

  /** A simulated thread, and the generation of its application. */
  class Thread {
    steps = 0;
    private stopAt = -1;
    private stop = (): void => {};
    readonly exports: Exports;
    private readonly scratch: Scratch;

    constructor(
      private readonly memory: WebAssembly.Memory,
      private readonly owner: number,
    ) {
      this.exports = instantiateStepped(stepped, memory, () => {
        if (this.steps++ === this.stopAt) this.stop();
      });
      this.scratch = new Scratch(memory, this.exports, owner);
    }

    before(step: number, stop: () => void): void {
      this.steps = 0;
      this.stopAt = step;
      this.stop = stop;
    }

    open(generation: number, limit: number, atMs: number, row = ROW): number {
      this.scratch.randomize(16);
      return this.exports.limiterOpen(row, this.scratch.pointer, limit, 1000, 1, generation, atMs, 0) >>> 0;
    }

    take(key: string, atMs: number, cost = 1, row = ROW): number {
      const length = this.scratch.write(key);
      const decision = decisionOf(this.exports.limiterTake(row, this.scratch.pointer, length, cost, atMs));
      return decision?.allowed ? decision.remaining : -1;
    }

    died(): void {
      this.exports.ownerDied(this.owner);
      expect(tableOf(this.memory)).not.toBe(0);
    }
  }

  interface Scene {
    memory: WebAssembly.Memory;
    a: Thread;
    b: Thread;
  }

  /** Two options have been in force, and the usage of the key is in the older table. */
  function scene(): Scene {
    const memory = smallMemory();
    const a = new Thread(memory, 1);
    const b = new Thread(memory, 2);
    a.open(1, 10, 5000);
    a.take('a', 5000, 4);
    b.open(2, 20, 5000);
    b.take('b', 5000, 4);
    return { memory, a, b };
  }

  /** Calls a function at each atomic step of `act`. */
  function* eachStep(act: (scene: Scene) => void): Generator<Scene & { step: number }> {
    const whole = scene();
    whole.a.before(-1, () => {});
    act(whole);
    const { steps } = whole.a;
    expect(steps).toBeGreaterThan(5);
    for (let step = 0; step < steps; step++) yield { ...scene(), step };
  }

  test.each([
    ['a key that only the former options know', 'a'],
    ['a key that is known', 'b'],
    ['a key that is new', 'c'],
  ])('a take from %s is exact, whatever happens to the tables meanwhile', (_, key) => {
    for (const { memory, a, b, step } of eachStep(({ a }) => a.take(key, 5000))) {
      let limit = 20;
      a.before(step, () => {
        // More than a window of other options passes, and another limiter reuses the freed table.
        for (let i = 1; i <= 12; i++) {
          limit = 20 + i;
          b.open(2 + i, limit, 5000 + 1100 * i);
          b.take('d', 5000 + 1100 * i);
          const row = rowPointer(1 + i);
          b.open(1, 1000, 5000 + 1100 * i, row);
          for (const other of ['a', 'b', 'c']) b.take(other, 5000 + 1100 * i, 1000, row);
        }
      });
      const atMs = 5000 + 1100 * 12;
      // The take uses a time that it read before, so it may find less, never more.
      const left = a.take(key, 5000);
      expect(left).toBeLessThan(limit);
      for (let i = 1; i <= 12; i++) {
        const row = rowPointer(1 + i);
        for (const other of ['a', 'b', 'c'])
          expect([0, -1]).toContain(b.take(other, 5000 + 1100 * i, 1, row));
      }
      let taken = 0;
      while (b.take(key, atMs) >= 0) taken++;
      expect([limit, limit - 1]).toContain(taken);
      expect(tableOf(memory)).not.toBe(0);
    }
  });

  test('a thread that ends while it changes options loses no memory and blocks no other change', () => {
    let pages = 0;
    for (const { memory, a, b, step } of eachStep(({ a }) => a.open(3, 30, 6100))) {
      a.before(step, () => {
        throw new Ended();
      });
      expect(() => a.open(3, 30, 6100)).toThrow(Ended);
      a.died();
      // No table is still being prepared: each belongs to a limiter (a negative holder), or is free.
      expect(holdersIn(memory).filter((holder) => holder > 0)).toEqual([]);
      for (let i = 0; i < 20; i++) {
        b.open(4 + i, 40 + i, 7200 + 1100 * i);
        expect(b.take('a', 7200 + 1100 * i)).toBe(39 + i);
      }
      // One page less when the thread ended between growing the memory and recording the new page.
      pages = Math.max(pages, pagesOf({ memory }));
    }
    const { memory, b } = scene();
    for (let i = 0; i < 20; i++) b.open(4 + i, 40 + i, 7200 + 1100 * i);
    expect(pages - pagesOf({ memory })).toBeLessThanOrEqual(1);
  });

  test('when two threads change options, one in the middle of the other, the younger options win', () => {
    for (const { a, b, step } of eachStep(({ a }) => a.open(3, 30, 6100))) {
      const seen: number[] = [];
      a.before(step, () => seen.push(b.open(4, 40, 6100)));
      a.open(3, 30, 6100);
      if (seen.length === 0) b.open(4, 40, 6100);
      expect(a.exports.limiterLimit(ROW, a.exports.scratchFor(1))).toBe(40);
      expect([b.take('a', 6100), a.take('a', 6100)]).toEqual([39, 38]);
    }
  });
});

test('threads that take while options change all the time never exceed the limits, nor the memory', async () => {
  const threads = 3;
  const rounds = 300;
  const words = new Int32Array(new SharedArrayBuffer(16));
  limiter('api', { limit: 1000, windowMs: 1000, keys: 6, now }).take('first');
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL('../support/take-while.js', import.meta.url), { workerData: { state, words } }),
  );
  const ended = Promise.all(
    workers.map(
      (worker) =>
        new Promise<number>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  while (Atomics.load(words, 1) < threads) await new Promise((resolve) => setTimeout(resolve, 1));
  const pages = pagesOf(state);
  const limits: number[] = [];
  for (let i = 0; i < rounds; i++) {
    // Each key is new in its round, so no round may allow more than its limit.
    const limit = 1000 + i;
    nowMs += 1001;
    beginGeneration();
    limits.push(limit);
    limiter('api', { limit, windowMs: 1000, keys: 6, now }).take(`round ${i}`, limit);
    Atomics.store(words, 2, i + 1);
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  Atomics.store(words, 0, 1);
  const overs = await ended;
  expect(overs).toEqual(workers.map(() => 0));
  // A table for each thread that may still read it, the table in force, and the former tables.
  expect(pagesOf(state) - pages).toBeLessThanOrEqual(threads + LIMITER_TABLES_MAX + 1);
});
