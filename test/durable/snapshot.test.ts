// The snapshot: what is kept without a promise. Nothing that is wrong with it keeps a server from starting.

import { expect, test } from 'vitest';
import { Gauges } from '../../src/durable/gauges.ts';
import { Limiters } from '../../src/durable/limiters.ts';
import { Snapshot, type Snapshotted } from '../../src/durable/snapshot.ts';
import { OWNER } from '../../src/state/bound.ts';
import { limiter } from '../../src/state/limiter.ts';
import { shareState } from '../../src/state/shared.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { rowDouble, rowPointer, setRowDouble, viewsOf } from '../../src/wasm/memory.ts';
import { claimRow } from '../../src/wasm/names.ts';
import { forgetState, newMemory } from '../support/named-state.ts';
import { Disk, fault } from './disk.ts';

const PATH = '/state/snapshot';

class Part implements Snapshotted {
  readonly name = 'part';
  constructor(public value: unknown) {}
  save(): unknown {
    return this.value;
  }
  load(saved: unknown): void {
    this.value = saved;
  }
}

function snapshotOf(disk: Disk, part: Snapshotted, notes: string[] = []): Snapshot {
  return new Snapshot('/state', [part], (text) => notes.push(text), disk);
}

test('what was saved is loaded, and written only when it has changed', () => {
  const disk = new Disk();
  const part = new Part(1);
  const snapshot = snapshotOf(disk, part);
  snapshot.load();
  expect(part.value).toBe(1);
  snapshot.save();
  expect(disk.log).toEqual(['read']);
  part.value = 2;
  snapshot.save();
  const steps = disk.log.length;
  snapshot.save();
  expect(disk.log.length).toBe(steps);
  part.value = { a: 3 };
  snapshot.save();
  expect(disk.log.length).toBeGreaterThan(steps);
  const other = new Part(undefined);
  snapshotOf(disk, other).load();
  expect(other.value).toEqual({ a: 3 });
});

test('one that is damaged is noted, put aside and left out', () => {
  const disk = new Disk();
  snapshotOf(disk, new Part('good')).save();
  const torn = new Disk(new Map([[PATH, disk.read(PATH).subarray(0, -3)]]));
  const part = new Part('mine');
  const notes: string[] = [];
  const snapshot = snapshotOf(torn, part, notes);
  snapshot.load();
  expect(part.value).toBe('mine');
  expect(notes).toEqual([
    '/state/snapshot is damaged: it is not what its checksum says; it is left out, and put aside as snapshot.damaged',
  ]);
  expect(torn.read('/state/snapshot.damaged').length).toBeGreaterThan(0);
  part.value = 'mine now';
  snapshot.save();
  expect(torn.read(PATH).toString()).toContain('mine');
});

test('a disk that fails is noted once', () => {
  const disk = new Disk();
  const part = new Part(1);
  const notes: string[] = [];
  const snapshot = snapshotOf(disk, part, notes);
  disk.before = () => {
    throw fault('ENOSPC');
  };
  for (let i = 0; i < 3; i++) snapshot.save();
  expect(notes).toEqual(["The snapshot can't be written: ENOSPC: it failed"]);
  disk.before = () => {};
  snapshot.save();
  expect(disk.read(PATH).toString()).toContain('1');
});

test('gauges come back, but for those that are in use already', () => {
  const make = (): ReturnType<typeof viewsOf> => viewsOf(newMemory());
  const row = (views: ReturnType<typeof viewsOf>, name: string): number =>
    rowPointer(claimRow(views, 'gauge', name));
  const before = make();
  setRowDouble(before, row(before, 'a'), -1.5);
  setRowDouble(before, row(before, 'b'), 2 ** 60);
  const saved = new Gauges(before).save();
  expect(saved).toEqual({ a: -1.5, b: 2 ** 60 });
  const after = make();
  setRowDouble(after, row(after, 'b'), 7);
  new Gauges(after).load(JSON.parse(JSON.stringify(saved)));
  expect([rowDouble(after, row(after, 'a')), rowDouble(after, row(after, 'b'))]).toEqual([-1.5, 7]);
});

test('limiters come back, but for those that are in use already, and go by the options of whoever uses them', () => {
  const module = compileModule();
  const before = limitersOf(module);
  expect([before.take('a', 40), before.take('b', 30), before.limiters.save()]).toMatchObject([
    60,
    70,
    { a: {}, b: {} },
  ]);
  const saved = JSON.parse(JSON.stringify(before.limiters.save()));
  expect(before.limiters.save()).toEqual(saved);
  const after = limitersOf(module);
  expect(after.take('b', 1, { limit: 50 })).toBe(49);
  after.limiters.load(saved);
  expect([after.take('a', 10), after.take('b', 1, { limit: 50 })]).toEqual([50, 48]);
  const other = limitersOf(module);
  other.limiters.load(saved);
  expect(other.take('a', 100, { limit: 1000 })).toBe(500);
});

/** The limiters of a process of their own, and a keeper that was started later than who takes from them. */
function limitersOf(module: ReturnType<typeof compileModule>) {
  const memory = newMemory();
  const state = { module, memory };
  return {
    limiters: new Limiters(state, instantiate(module, memory), viewsOf(memory), OWNER + 1),
    /** What is left then. */
    take(name: string, cost: number, { limit = 100 } = {}): number {
      shareState(state);
      const { remaining } = limiter(name, { limit, windowMs: 86_400_000 }).take('key', cost);
      forgetState();
      return remaining;
    },
  };
}
