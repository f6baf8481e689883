// The operations that the suite `state` compares: one step on state that all threads share, and the usual
// alternatives: a Map in one thread or a round trip to Redis. Each operation must give correct results before it is
// timed.

import { createHistogram } from 'node:perf_hooks';
import type { RedisClientType } from 'redis';
import { counter, gauge, histogram, limiter, mutex } from '#dist/index.js';
import { HEADER_LEASE_SHIFT } from '#dist/memory/layout.js';
import { LEASE_BLOCK_NUMBERS_MAX } from '#dist/memory/state-layout.js';
import { viewsOf } from '#dist/memory/views.js';
import { shareState } from '#dist/state/shared.js';
import { compileModule, instantiate } from '#dist/wasm/instance.js';
import { createMemory } from '#dist/wasm/memory.js';
import { claimRow } from '#dist/wasm/state/names.js';
import { rowPointer } from '#dist/wasm/state/rows.js';

/** Does one step. If it returns a promise, the thread awaits it before the next step. */
export type Operation = () => unknown;

export interface OperationKind {
  ours: boolean;
  /** Whether it needs a Redis, whose port it gets. */
  redis?: true;
  create(redisPort: number): Operation | Promise<Operation>;
}

const KEYS = 10_000;
const LIMIT = 1_000_000;
const WINDOW_MS = 1000;
/** Blocks of at least 4096 numbers, as by default. */
const LEASE_SHIFT = 13;

export const OPERATIONS = {
  'counting by 1': {
    'counter.add()': { ours: true, create: () => stepsUp(createCount()) },
    'counter.add(), leased': { ours: true, create: () => stepsUp(createLeased()) },
    'gauge.add()': { ours: true, create: () => stepsUp(createGauge()) },
    'Atomics.add, 64 bits as BigInt': { ours: false, create: () => stepsUp(createAtomics()) },
    'a Map, in one thread': { ours: false, create: () => stepsUp(createMapCount()) },
    'Redis, INCR': { ours: false, redis: true, create: createRedisCount },
  },
  'one decision of a rate limit': {
    'limiter.take(), one key': { ours: true, create: () => createTake(1) },
    [`limiter.take(), ${KEYS} keys`]: { ours: true, create: () => createTake(KEYS) },
    'a Map of windows, in one thread': { ours: false, create: () => createMapLimit(KEYS) },
    'Redis, INCR of a window': { ours: false, redis: true, create: createRedisLimit },
  },
  'taking a mutex and letting go': {
    'mutex.tryLock(), unlock()': { ours: true, create: createTryLock },
    'mutex.runExclusive()': { ours: true, create: createExclusive },
    'a chain of promises, in one thread': { ours: false, create: createChain },
    'Redis, SET NX and DEL': { ours: false, redis: true, create: createRedisLock },
  },
  'recording a value': {
    'histogram.record()': { ours: true, create: createRecord },
    "node:perf_hooks' histogram, in one thread": { ours: false, create: createNodeRecord },
  },
} as const satisfies Record<string, Record<string, OperationKind>>;

export type GroupName = keyof typeof OPERATIONS;

/** Creates an operation. @throws Error if its results are wrong */
export async function createOperation(group: GroupName, name: string, redisPort: number): Promise<Operation> {
  const kind = (OPERATIONS[group] as Record<string, OperationKind>)[name];
  if (kind === undefined) throw new Error(`there is no operation '${name}'`);
  return kind.create(redisPort);
}

/** Creates the named state of this process, as a server does. */
function makeState(leaseShift = 0): ReturnType<typeof createMemory> {
  const memory = createMemory({
    slotCount: 1,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 10,
    contentBytesMax: 0,
  });
  viewsOf(memory).words[HEADER_LEASE_SHIFT >> 2] = leaseShift;
  shareState({ module: compileModule(), memory });
  return memory;
}

function check(right: boolean): void {
  if (!right) throw new Error('the operation gives a wrong result');
}

function stepsUp(add: () => number): Operation {
  const before = add();
  check(add() === before + 1 && add() === before + 2);
  return add;
}

function createCount(): () => number {
  makeState();
  const hits = counter('bench');
  return () => hits.add();
}

function createGauge(): () => number {
  makeState();
  const level = gauge('bench');
  return () => level.add(1);
}

function createLeased(): () => number {
  const memory = makeState(LEASE_SHIFT);
  const row = rowPointer(claimRow(viewsOf(memory), 'counter', 'bench'));
  const { publishLease } = instantiate(compileModule(), memory);
  // As many numbers as the ring can hold, so that no measurement uses them up.
  for (let base = 0; publishLease(row, base, LEASE_BLOCK_NUMBERS_MAX); ) base += LEASE_BLOCK_NUMBERS_MAX;
  const tickets = counter('bench');
  return () => tickets.add();
}

function createAtomics(): () => number {
  const words = new BigInt64Array(new SharedArrayBuffer(8));
  return () => Number(Atomics.add(words, 0, 1n)) + 1;
}

function createMapCount(): () => number {
  const counts = new Map([['bench', 0]]);
  return () => {
    const next = (counts.get('bench') as number) + 1;
    counts.set('bench', next);
    return next;
  };
}

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
}

function createTake(count: number): Operation {
  makeState();
  const limit = limiter('bench', { limit: LIMIT, windowMs: WINDOW_MS, keys: count * 2 });
  const two = limiter('two', { limit: 2, windowMs: 60_000, keys: 10 });
  check([1, 2, 3].map(() => two.take('a').allowed).join() === 'true,true,false');
  const keys = keysOf(count);
  let next = 0;
  return () => {
    next = next + 1 === count ? 0 : next + 1;
    return limit.take(keys[next] as string);
  };
}

/** A fixed window, the usual limit within one process. It allows twice as much around the end of a window. */
function createMapLimit(count: number): Operation {
  const windows = new Map<string, { endsMs: number; used: number }>();
  const keys = keysOf(count);
  let next = 0;
  return () => {
    next = next + 1 === count ? 0 : next + 1;
    const key = keys[next] as string;
    const nowMs = performance.now();
    let window = windows.get(key);
    if (window === undefined || window.endsMs <= nowMs) {
      window = { endsMs: nowMs + WINDOW_MS, used: 0 };
      windows.set(key, window);
    }
    window.used++;
    return { allowed: window.used <= LIMIT, remaining: LIMIT - window.used };
  };
}

function createTryLock(): Operation {
  makeState();
  const lock = mutex('bench');
  check(lock.tryLock() !== undefined && lock.tryLock() === undefined);
  lock.unlock();
  return () => {
    lock.tryLock();
    lock.unlock();
  };
}

function createExclusive(): Operation {
  makeState();
  const lock = mutex('bench');
  return () => lock.runExclusive(nothing);
}

function createChain(): Operation {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    last = last.then(nothing);
    return last;
  };
}

function nothing(): void {}

function createRecord(): Operation {
  makeState();
  const times = histogram('bench');
  times.record(5);
  check(times.count === 1 && times.percentile(100) === 5);
  let value = 0;
  return () => times.record((value = (value + 7) & 1023));
}

function createNodeRecord(): Operation {
  const times = createHistogram();
  let value = 0;
  return () => times.record((value = (value + 7) & 1023) + 1);
}

async function connectRedis(port: number): Promise<RedisClientType> {
  const { createClient } = await import('redis');
  const client = createClient({ url: `redis://127.0.0.1:${port}` }) as RedisClientType;
  await client.connect();
  return client;
}

async function createRedisCount(port: number): Promise<Operation> {
  const client = await connectRedis(port);
  const add = () => client.incr('bench');
  const before = await add();
  check((await add()) === before + 1);
  return add;
}

/** The commands that most middlewares use. */
async function createRedisLimit(port: number): Promise<Operation> {
  const client = await connectRedis(port);
  return async () => {
    const window = `limit:${Math.floor(Date.now() / WINDOW_MS)}`;
    const [used] = await client.multi().incr(window).pExpire(window, WINDOW_MS).exec();
    return Number(used) <= LIMIT;
  };
}

async function createRedisLock(port: number): Promise<Operation> {
  const client = await connectRedis(port);
  return async () => {
    const taken = await client.set('lock', '1', { NX: true, PX: 10_000 });
    check(taken === 'OK');
    await client.del('lock');
  };
}
