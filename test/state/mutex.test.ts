// Mutexes: within a thread, over threads, and when a thread ends while it holds one.

import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { mutex as builtMutex } from '#dist/index.js';
import { STATE_MUTEX } from '../../src/memory/state-layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { gauge } from '../../src/state/gauge.ts';
import { type Mutex, mutex } from '../../src/state/mutex.ts';
import type { SharedState } from '../../src/state/shared.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { endOf, freshState, startThread, storm, toldBy } from '../support/named-state.ts';

const HELD = { abandoned: false };
const ABANDONED = { abandoned: true };

let state: SharedState;
let guard: Mutex;
beforeEach(() => {
  state = freshState();
  guard = mutex('guard');
});

describe('in one thread', () => {
  test('one caller at a time holds the mutex, until it is unlocked', async () => {
    expect(guard.name).toBe('guard');
    expect(await guard.lock()).toEqual(HELD);
    expect([guard.tryLock(), mutex('guard').tryLock()]).toEqual([undefined, undefined]);
    expect(mutex('other').tryLock()).toEqual(HELD);
    guard.unlock();
    expect(mutex('guard').tryLock()).toEqual(HELD);
    mutex('guard').unlock();
    expect(() => guard.unlock()).toThrow("mutex 'guard' is not locked by this thread");
  });

  test('callers acquire the mutex in the order of their requests, by any handle', async () => {
    const order: number[] = [];
    guard.tryLock();
    const all = Array.from({ length: 20 }, async (_, i) => {
      await (i % 2 === 0 ? guard : mutex('guard')).lock();
      order.push(i);
      await null;
      guard.unlock();
    });
    guard.unlock();
    expect(guard.tryLock()).toBe(undefined);
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(guard.tryLock()).toEqual(HELD);
  });

  test("runExclusive() resolves to its function's result, and always unlocks", async () => {
    expect(await guard.runExclusive((hold) => hold)).toEqual(HELD);
    expect(await guard.runExclusive(async () => 7)).toBe(7);
    const failing = (): never => {
      throw new Error('of the function');
    };
    await expect(guard.runExclusive(failing)).rejects.toThrow('of the function');
    await expect(guard.runExclusive(async () => failing())).rejects.toThrow('of the function');
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('only one of many callers holds the mutex', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, () =>
        guard.runExclusive(async () => {
          most = Math.max(most, ++inside);
          await sleep(0);
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
  });

  test('two copies of the package share a mutex', async () => {
    const other = builtMutex('guard');
    await guard.lock();
    expect(other.tryLock()).toBe(undefined);
    expect(() => other.unlock()).toThrow('not locked');
    const waiting = other.lock();
    guard.unlock();
    expect(await waiting).toEqual(HELD);
    expect(guard.tryLock()).toBe(undefined);
    other.unlock();
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('a name is checked at once, and belongs to one kind', () => {
    expect(() => mutex('')).toThrow("a mutex's name is text");
    gauge('level').set(1);
    expect(() => mutex('level').tryLock()).toThrow("'level' is a gauge already, so it can't be a mutex");
  });
});

describe('over threads', () => {
  test('a sum that only the mutex protects is exact', async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const rounds = 1000;
    const told = await storm(state, 4, 'sum', { rounds, words });
    expect(words[0]).toBe(4 * 4 * rounds);
    expect(told).toEqual([0, 0, 0, 0]);
    expect(guard.tryLock()).toEqual(HELD);
  });

  test.each([0, 150])(
    'a thread that locks it in a loop, for %d ms each time, does not starve others',
    async (holdMs) => {
      const words = new Int32Array(new SharedArrayBuffer(4));
      const greedy = [0, 1, 2].map(() => startThread(state, 'greedy', { words, holdMs }));
      await Promise.all(greedy.map(toldBy));
      for (let i = 0; i < 5; i++) {
        await guard.lock();
        guard.unlock();
      }
      Atomics.store(words, 0, 1);
      await Promise.all(greedy.map(endOf));
    },
  );

  test('waiting does not block the thread', async () => {
    await guard.lock();
    const thread = startThread(state, 'waitAndTick');
    await toldBy(thread);
    await sleep(300);
    guard.unlock();
    expect(await toldBy(thread)).toBeGreaterThan(5);
  });

  test('a thread that only waits for the mutex stays alive', async () => {
    await guard.lock();
    const thread = startThread(state, 'waitAlone');
    await toldBy(thread);
    await sleep(300);
    const got = toldBy(thread);
    guard.unlock();
    expect(await got).toEqual(HELD);
    await endOf(thread);
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('a waiting thread is woken even if the memory has grown meanwhile', async () => {
    await guard.lock();
    const thread = startThread(state, 'waitAlone');
    await toldBy(thread);
    await sleep(50);
    state.memory.grow(1);
    const got = toldBy(thread);
    guard.unlock();
    expect(await got).toEqual(HELD);
    await endOf(thread);
  });

  test('a woken thread that is busy does not block the others', async () => {
    await guard.lock();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const busy = startThread(state, 'waitBusy', { words });
    await toldBy(busy);
    await sleep(50);
    busy.postMessage('be busy');
    while (Atomics.load(words, 0) === 0) await sleep(1);
    guard.unlock();
    expect(guard.tryLock()).toBe(undefined);
    expect(await guard.lock()).toEqual(HELD);
    guard.unlock();
    Atomics.store(words, 1, 1);
    Atomics.notify(words, 1);
    await endOf(busy);
    expect(guard.tryLock()).toEqual(HELD);
  });
});

describe('a thread that ends', () => {
  test.each(['terminated', 'by itself'])(
    'while it holds the mutex, %s: only the next holder is notified',
    async (how) => {
      const holder = startThread(state, how === 'terminated' ? 'hold' : 'holdAndGoOut');
      await toldBy(holder);
      const waiting = guard.lock();
      expect(guard.tryLock()).toBe(undefined);
      if (how === 'terminated') await holder.terminate();
      expect(await waiting).toEqual(ABANDONED);
      guard.unlock();
      expect(await guard.lock()).toEqual(HELD);
    },
  );

  test('while it holds the mutex leaves it free when no thread waits', async () => {
    const holder = startThread(state, 'hold');
    await toldBy(holder);
    await holder.terminate();
    expect(guard.tryLock()).toEqual(ABANDONED);
    guard.unlock();
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('while it waits is skipped', async () => {
    await guard.lock();
    const first = startThread(state, 'waitAlone');
    await toldBy(first);
    await sleep(50);
    const second = startThread(state, 'waitAlone');
    await toldBy(second);
    await sleep(50);
    await first.terminate();
    const got = toldBy(second);
    guard.unlock();
    expect(await got).toEqual(HELD);
    await endOf(second);
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('and leaves the lock as if no thread waited: a waiting thread still gets it', async () => {
    const holder = startThread(state, 'hold');
    await toldBy(holder);
    const waiting = guard.lock();
    viewsOf(state.memory).words[(rowPointer(1) + STATE_MUTEX) >> 2] = 0;
    expect(guard.tryLock()).toBe(undefined);
    await holder.terminate();
    expect(await waiting).toEqual(HELD);
    guard.unlock();
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('between being woken and locking passes the lock on', async () => {
    await guard.lock();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const busy = startThread(state, 'waitBusy', { words });
    await toldBy(busy);
    await sleep(50);
    busy.postMessage('be busy');
    while (Atomics.load(words, 0) === 0) await sleep(1);
    guard.unlock();
    expect(guard.tryLock()).toBe(undefined);
    await busy.terminate();
    expect(guard.tryLock()).toEqual(HELD);
  });

  test('in a storm leaves no mutex locked', async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const threads = Array.from({ length: 3 }, () => startThread(state, 'greedy', { words }));
    await Promise.all(threads.map(toldBy));
    for (let i = 0; i < 5; i++) {
      await sleep(5);
      const thread = threads.shift();
      await thread?.terminate();
      await guard.lock();
      guard.unlock();
      const next = startThread(state, 'greedy', { words });
      threads.push(next);
      await toldBy(next);
    }
    Atomics.store(words, 0, 1);
    await Promise.all(threads.map(endOf));
    guard.tryLock();
    guard.unlock();
    expect(guard.tryLock()).toEqual(HELD);
  });
});
