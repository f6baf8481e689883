// Limiters, one atomic step at a time: before each step a thread ends, or another thread runs. The results must equal
// those of the takes in sequence.

import { beforeAll, describe, expect, test } from 'vitest';
import { STATE_ROW_BYTES } from '../../src/memory/layout.ts';
import { BUCKET_ENTRY_COUNT } from '../../src/memory/state-layout.ts';
import { compileModule, type Exports, instantiate } from '../../src/wasm/instance.ts';
import { type Decision, decisionOf } from '../../src/wasm/state/limiter.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { Scratch } from '../../src/wasm/state/scratch.ts';
import { TAKEN, Table } from '../support/limiters.ts';
import { smallMemory } from '../support/memory.ts';
import { compileStepped, instantiateStepped, Pair } from '../support/stepped.ts';

const ROW = rowPointer(1);
const WINDOW_MS = 1000;
const NOW_MS = 1_000_000;
const KEYS = Array.from({ length: BUCKET_ENTRY_COUNT }, (_, i) => `key ${i}`);

let stepped: WebAssembly.Module;
const released = compileModule();
beforeAll(async () => {
  stepped = await compileStepped();
});

let generations = 0;

/** Thrown by a step to end the thread there. */
class Ended extends Error {}

/** A simulated thread, as a limiter sees it. */
class Thread {
  /** The count of steps done so far, and the function to call before the step of a given number. */
  steps = 0;
  private stopAt = -1;
  private stop = (): void => {};
  private readonly exports: Exports;
  private readonly scratch: Scratch;
  private readonly owner: number;

  constructor(memory: WebAssembly.Memory, owner: number) {
    this.owner = owner;
    this.exports = instantiateStepped(stepped, memory, () => {
      if (this.steps++ === this.stopAt) this.stop();
    });
    this.scratch = new Scratch(memory, this.exports, owner);
  }

  /** Counts the next steps, and calls a function before one of them. */
  before(step: number, stop: () => void): this {
    this.steps = 0;
    this.stopAt = step;
    this.stop = stop;
    return this;
  }

  /** Opens the limiter with the options of the next generation. */
  open(limit: number, windowMs = WINDOW_MS, nowMs = NOW_MS): void {
    this.scratch.randomize(16);
    this.exports.limiterOpen(ROW, this.scratch.pointer, limit, windowMs, 1, ++generations, nowMs, 0);
  }

  take(key: string, cost = 1, nowMs = NOW_MS): Decision {
    const length = this.scratch.write(key);
    return decide(this.exports.limiterTake(ROW, this.scratch.pointer, length, cost, nowMs));
  }

  /** Recovers the tables, as the control plane does after a thread has ended. */
  died(): void {
    this.exports.ownerDied(this.owner);
  }
}

function decide(outcome: number): Decision {
  const decision = decisionOf(outcome);
  if (decision === undefined) throw new RangeError('the cost is more than the limit');
  return decision;
}

interface Scene {
  memory: WebAssembly.Memory;
  a: Thread;
  b: Thread;
  table: Table;
}

/** A take, and which of the two threads makes it. */
interface Take {
  by: 'a' | 'b';
  key: string;
  cost: number;
}

/** The content of the bucket, and the key of the take. */
interface Situation {
  name: string;
  limit: number;
  prepare: (a: Thread) => void;
  key: string;
}

const nothing = (): void => {};
const SITUATIONS: Situation[] = [
  { name: 'a key that is known', limit: 3, prepare: (a) => a.take('mine'), key: 'mine' },
  { name: 'a key that has used its whole limit', limit: 1, prepare: (a) => a.take('mine'), key: 'mine' },
  { name: 'a new key', limit: 3, prepare: nothing, key: 'mine' },
  {
    name: 'a new key in a bucket of expired keys',
    limit: 3,
    prepare: fill(NOW_MS - WINDOW_MS),
    key: 'mine',
  },
  { name: 'a new key that evicts another key', limit: 3, prepare: fill(NOW_MS), key: 'mine' },
  { name: 'a known key that has expired', limit: 3, prepare: fill(NOW_MS - WINDOW_MS), key: 'key 0' },
  { name: 'a key of the former options', limit: 3, prepare: reopen, key: 'mine' },
];

/** Fills the bucket. The first key has used least. */
function fill(nowMs: number): (a: Thread) => void {
  return (a) => {
    for (const [i, key] of KEYS.entries()) a.take(key, i === 0 ? 1 : 2, nowMs);
  };
}

function reopen(a: Thread): void {
  a.take('mine');
  a.open(3, 2 * WINDOW_MS);
}

/** The memory of each situation, made once. */
interface Stage {
  memory: WebAssembly.Memory;
  a: Thread;
  b: Thread;
  parts: [place: Uint8Array, content: Uint8Array][];
}

const stages = new Map<Situation, Stage>();

/** Two threads and a table of one bucket, prepared for the situation. */
function sceneOf(situation: Situation): Scene {
  const stage = stages.get(situation) ?? makeStage(situation);
  stages.set(situation, stage);
  const { memory, a, b, parts } = stage;
  for (const [place, content] of parts) place.set(content);
  a.before(-1, nothing);
  return { memory, a, b, table: new Table(memory, ROW) };
}

function makeStage({ limit, prepare }: Situation): Stage {
  const memory = smallMemory();
  const extents = memory.buffer.byteLength;
  const a = new Thread(memory, 1);
  const b = new Thread(memory, 2);
  a.open(limit);
  prepare(a);
  memory.grow(0);
  const { buffer } = memory;
  const places = [
    new Uint8Array(buffer, ROW, STATE_ROW_BYTES),
    new Uint8Array(buffer, extents, buffer.byteLength - extents),
  ];
  return { memory, a, b, parts: places.map((place) => [place, place.slice()]) };
}

/** The number of atomic steps of a take when no other thread interferes. */
function countSteps(situation: Situation, key: string): number {
  const { a } = sceneOf(situation);
  a.take(key);
  return a.steps;
}

/** Calls a function for each atomic step of a take, with the state before that step. */
function* stepsOf(situation: Situation): Generator<Scene & { step: number }> {
  const steps = countSteps(situation, situation.key);
  expect(steps).toBeGreaterThanOrEqual(5);
  for (let step = 0; step < steps; step++) yield { ...sceneOf(situation), step };
}

/** Checks that no bucket is locked, no entry is between two keys, and no key has two entries. */
function expectWhole(table: Table): void {
  expect(table.latch(0)[0]).toBe(0);
  const entries = table.entries(0).filter(({ hash }) => hash !== 0n);
  expect(entries.filter(({ tat }) => tat === TAKEN)).toEqual([]);
  expect(new Set(entries.map(({ hash }) => hash)).size).toBe(entries.length);
}

/** Whether a new key must be retried, because another thread holds the bucket's lock all the time. */
function isPutOff({ allowed, remaining, retryAfterMs }: Decision): boolean {
  return !allowed && remaining === 0 && retryAfterMs === 1;
}

/** Checks that the results equal those of the takes in sequence, in some order. */
function expectSequential(situation: Situation, takes: readonly Take[], results: readonly Decision[]): void {
  const done = takes.filter((_, i) => !isPutOff(results[i] as Decision));
  const said = JSON.stringify(results.filter((result) => !isPutOff(result)));
  expect(possibleResults(situation, done)).toContain(said);
}

const possible = new Map<string, string[]>();

/** The possible results of takes in sequence: for each order, the results in the order of `takes`, as JSON. */
function possibleResults(situation: Situation, takes: readonly Take[]): string[] {
  const question = JSON.stringify([situation.name, takes]);
  let answer = possible.get(question);
  if (answer === undefined) {
    answer = [...orders(takes)].map((order) => {
      const scene = sceneOf(situation);
      const came = new Map(order.map((take) => [take, scene[take.by].take(take.key, take.cost)]));
      return JSON.stringify(takes.map((take) => came.get(take)));
    });
    possible.set(question, answer);
  }
  return answer;
}

/** All orders that keep the order of each thread's own takes. */
function* orders(takes: readonly Take[]): Generator<Take[]> {
  if (takes.length === 0) yield [];
  for (const by of ['a', 'b']) {
    const first = takes.find((take) => take.by === by);
    if (first === undefined) continue;
    for (const rest of orders(takes.filter((take) => take !== first))) yield [first, ...rest];
  }
}

test('the stepped module gives the same results as the real one', () => {
  const memory = smallMemory();
  const a = new Thread(memory, 1);
  a.open(3);
  const real = instantiate(released, memory);
  const scratch = new Scratch(memory, real, 7);
  const take = (): Decision | undefined =>
    decisionOf(real.limiterTake(ROW, scratch.pointer, scratch.write('mine'), 1, NOW_MS));
  expect([a.take('mine'), take(), a.take('mine'), take()]).toMatchObject([
    { remaining: 2 },
    { remaining: 1 },
    { remaining: 0 },
    { allowed: false },
  ]);
});

describe.each(SITUATIONS)('$name', (situation) => {
  const { limit, key } = situation;

  test('a thread that ends before any step leaves a table that works', () => {
    const { a } = sceneOf(situation);
    const { allowed, remaining } = a.take(key);
    const left = allowed ? remaining + 1 : remaining;
    for (const { a, b, table, step } of stepsOf(situation)) {
      const before = table.entries(0);
      a.before(step, end);
      expect(() => a.take(key)).toThrow(Ended);
      a.died();
      expect(table.latch(0)[0]).toBe(0);
      const changed = table
        .entries(0)
        .filter(({ hash, tat }, i) => hash !== before[i]?.hash || tat !== before[i]?.tat);
      expect(changed.length).toBeLessThanOrEqual(1);
      // The dead thread's take has either happened or not.
      let taken = 0;
      while (b.take(key).allowed) taken++;
      expect([left, left - 1]).toContain(taken);
      for (const other of KEYS) b.take(`${other} of another kind`);
      for (const other of KEYS) b.take(other);
      expectWhole(table);
    }
  });

  test('until the end of a thread is noticed, only new keys of its bucket must be retried', () => {
    for (const { a, b, table, step } of stepsOf(situation)) {
      const known = KEYS.filter(() => table.entries(0).every(({ hash }) => hash !== 0n));
      a.before(step, end);
      expect(() => a.take(key)).toThrow(Ended);
      const held = table.latch(0)[0] === 1;
      expect(isPutOff(b.take('another'))).toBe(held);
      if (held) expect(known.filter((other) => isPutOff(b.take(other))).length).toBeLessThanOrEqual(1);
      a.died();
      expect(b.take('yet another').allowed).toBe(true);
    }
  });

  test("the end of another thread, a former holder of the bucket's lock, has no effect", () => {
    for (const { a, b, table, step } of stepsOf(situation)) {
      a.take('another');
      let held = table.latch(0);
      b.before(step, () => {
        held = table.latch(0);
        a.died();
        expect(table.latch(0)).toEqual(held);
      });
      b.take(key);
      expectWhole(table);
    }
  });

  test.each([
    ['the same', [[key, 1]]],
    [
      'the same, twice',
      [
        [key, 1],
        [key, 1],
      ],
    ],
    ['all of it', [[key, limit]]],
    ['from a new key', [['another', 1]]],
    [
      'from new keys, and the same',
      [
        ['another', 1],
        ['yet another', 1],
        [key, 1],
      ],
    ],
    [
      'from the key that would be evicted',
      [
        ['key 0', 1],
        ['another', 1],
      ],
    ],
  ] as [string, [string, number][]][])('another thread takes before any step: %s', (_, others) => {
    for (const { a, b, table, step } of stepsOf(situation)) {
      const takes: Take[] = [];
      const results: Decision[] = [];
      a.before(step, () => {
        for (const [key, cost] of others) {
          takes.push({ by: 'b', key, cost });
          results.push(b.take(key, cost));
        }
      });
      const result = a.take(key);
      expectSequential(situation, [...takes, { by: 'a', key, cost: 1 }], [...results, result]);
      expectWhole(table);
    }
  });

  test('another thread changes the options before any step', () => {
    for (const { a, b, step } of stepsOf(situation)) {
      const others: Decision[] = [];
      a.before(step, () => {
        b.open(limit, 7 * WINDOW_MS);
        others.push(b.take(key));
      });
      const all = [a.take(key), ...others];
      while (all.at(-1)?.allowed) all.push(b.take(key));
      const { a: alone } = sceneOf(situation);
      let left = 0;
      while (alone.take(key).allowed) left++;
      // A take under the old options that had to be repeated under the new ones counts twice.
      const taken = all.filter(({ allowed }) => allowed).length;
      expect([left, Math.max(left - 1, 0)]).toContain(taken);
    }
  });
});

describe('two threads, in every order in which each is stopped once', () => {
  test.each(SITUATIONS)('$name', async (situation) => {
    const { key } = situation;
    const { memory, b, table } = sceneOf(situation);
    const known = table.entries(0).every(({ hash }) => hash !== 0n) ? ['key 0'] : [];
    const others = [key, 'another', ...known.filter((other) => other !== key)];
    const pair = new Pair(stepped, memory, ROW, NOW_MS, others);
    for (const other of others)
      for (let first = 0; first < countSteps(situation, key); first++)
        for (let second = 1; second <= countSteps(situation, other); second++) {
          sceneOf(situation);
          const outcomes = pair.take(key, other, first, second);
          const takes: Take[] = [
            { by: 'a', key, cost: 1 },
            { by: 'b', key: other, cost: 1 },
            { by: 'b', key, cost: 1 },
          ];
          expectSequential(situation, takes, [...outcomes.map(decide), b.take(key)]);
          expectWhole(table);
        }
    await pair.end();
  });
});

function end(): void {
  throw new Ended();
}
