// The snapshot: state that is kept without a guarantee. No fault of the snapshot stops a server from starting.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { Gauges } from '../../src/durable/gauges.ts';
import { valueFrom } from '../../src/durable/json-with-bytes.ts';
import { Limiters } from '../../src/durable/limiters.ts';
import { sealBytes, unsealBytes } from '../../src/durable/sealed-file.ts';
import { Snapshot, type SnapshotPart } from '../../src/durable/snapshot.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { counter } from '../../src/state/counter.ts';
import { gauge } from '../../src/state/gauge.ts';
import { limiter } from '../../src/state/limiter.ts';
import { monotonicMs } from '../../src/state/monotonic-clock.ts';
import type { SharedState } from '../../src/state/shared.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import type { LimiterSnapshot, UsedKeys } from '../../src/wasm/state/limiter-snapshot.ts';
import { claimRow } from '../../src/wasm/state/names.ts';
import { offerSaved, type Saved } from '../../src/wasm/state/saved.ts';
import { forgetState, freshState, storm } from '../support/named-state.ts';
import { usedByKey } from '../support/snapshots.ts';
import { Disk, fault } from './disk.ts';

const PATH = '/state/snapshot';

const DAY_MS = 86_400_000;

/** A part with values in use, which records what a snapshot offers. */
class Part implements SnapshotPart {
  readonly values = new Map<string, unknown>();
  offered = new Map<string, unknown>();
  offeredMs = 0;

  constructor(
    values: Record<string, unknown> = {},
    readonly name = 'part',
  ) {
    for (const [name, value] of Object.entries(values)) this.values.set(name, value);
  }

  save(): Map<string, unknown> {
    return this.values;
  }

  offer(saved: ReadonlyMap<string, unknown>, nowMs: number): Saved[] {
    this.offered = new Map(saved);
    this.offeredMs = nowMs;
    return [...saved.keys()].map((name) => ({ kind: 'gauge', name, value: 0 }));
  }
}

function snapshotOf(disk: Disk, part: SnapshotPart, notes: string[] = [], now = Date.now): Snapshot {
  const note = (text: string): void => void notes.push(text);
  return new Snapshot({ folder: '/state', parts: [part], publish: () => {}, note, files: disk, now });
}

/** The saved values that a server offers when it starts on this disk. */
function offeredFrom(disk: Disk, name = 'part', now = Date.now): Record<string, unknown> {
  const part = new Part({}, name);
  snapshotOf(disk, part, [], now).load();
  return Object.fromEntries(part.offered);
}

test('values that were saved are offered, and written only when they have changed', () => {
  const disk = new Disk();
  const part = new Part({ x: 1 });
  const snapshot = snapshotOf(disk, part);
  snapshot.load();
  expect(part.offered.size).toBe(0);
  snapshot.save();
  expect(disk.log).toEqual(['read']);
  part.values.set('x', 2);
  snapshot.save();
  const steps = disk.log.length;
  snapshot.save();
  expect(disk.log.length).toBe(steps);
  part.values.set('x', { a: 3, bytes: Uint8Array.of(1, 0, 10, 255), more: new Uint8Array(0) });
  part.values.set('__proto__', [Uint8Array.of(10)]);
  snapshot.save();
  expect(disk.log.length).toBeGreaterThan(steps);
  expect(offeredFrom(disk)).toEqual(Object.fromEntries(part.values));
  expect(Object.keys(offeredFrom(disk))).toEqual(['x', '__proto__']);
});

test('a value that no thread uses stays in the file for a later server', () => {
  const disk = new Disk();
  snapshotOf(disk, new Part({ old: 1, used: 2 })).save();
  const second = new Part();
  const snapshot = snapshotOf(disk, second);
  snapshot.load();
  second.values.set('used', 3);
  second.values.set('fresh', 4);
  snapshot.save();
  expect(offeredFrom(disk)).toEqual({ old: 1, used: 3, fresh: 4 });
  second.values.set('old', 5);
  snapshot.save();
  expect(offeredFrom(disk)).toEqual({ old: 5, used: 3, fresh: 4 });
});

test('each part has its own names', () => {
  const disk = new Disk();
  snapshotOf(disk, new Part({ jobs: 1 }, 'gauges')).save();
  const other = new Part({ jobs: 'other' }, 'limiters');
  const parts = [new Part({}, 'gauges'), other];
  const snapshot = new Snapshot({ folder: '/state', parts, publish: () => {}, note: () => {}, files: disk });
  snapshot.load();
  expect(other.offered.size).toBe(0);
  other.values.set('jobs', 'changed');
  snapshot.save();
  expect([offeredFrom(disk, 'gauges'), offeredFrom(disk, 'limiters')]).toEqual([
    { jobs: 1 },
    { jobs: 'changed' },
  ]);
});

test('an unused value is dropped after 30 days, and of more than 512 the oldest are dropped', () => {
  const disk = new Disk();
  let nowMs = 1_700_000_000_000;
  const now = (): number => nowMs;
  /** Runs a server that uses these names for a while. */
  const run = (values: Record<string, number>): void => {
    const part = new Part();
    const snapshot = snapshotOf(disk, part, [], now);
    snapshot.load();
    for (const [name, value] of Object.entries(values)) part.values.set(name, value);
    snapshot.save();
  };
  run({ first: 1, second: 2 });
  nowMs += DAY_MS;
  run({ second: 2, third: 3 });
  nowMs += 29 * DAY_MS;
  run({ fourth: 4 });
  expect(Object.keys(offeredFrom(disk, 'part', now)).sort()).toEqual(['first', 'fourth', 'second', 'third']);
  nowMs += 2 * DAY_MS;
  run({ fifth: 5 });
  expect(Object.keys(offeredFrom(disk, 'part', now)).sort()).toEqual(['fifth', 'fourth', 'second', 'third']);
  run(Object.fromEntries(Array.from({ length: 510 }, (_, i) => [`many ${i}`, i])));
  nowMs += DAY_MS;
  run({ last: 6 });
  const names = Object.keys(offeredFrom(disk, 'part', now));
  expect(names.length).toBe(513);
  expect(names.filter((name) => !name.startsWith('many'))).toEqual(expect.arrayContaining(['last']));
  expect(names).not.toContain('second');
});

test('a clock that was set back does not make a snapshot look newer', () => {
  const disk = new Disk();
  snapshotOf(disk, new Part({ a: 1 }), [], () => 5000).save();
  for (const [nowMs, offeredMs] of [
    [4000, 5000],
    [5001, 5001],
  ] as const) {
    const part = new Part();
    snapshotOf(disk, part, [], () => nowMs).load();
    expect(part.offeredMs).toBe(offeredMs);
  }
});

test('a damaged snapshot is logged, renamed and ignored', () => {
  const disk = new Disk();
  snapshotOf(disk, new Part({ a: 'good' })).save();
  const torn = new Disk(new Map([[PATH, disk.read(PATH).subarray(0, -3)]]));
  const part = new Part({ a: 'mine' });
  const notes: string[] = [];
  const snapshot = snapshotOf(torn, part, notes);
  snapshot.load();
  expect(part.offered.size).toBe(0);
  expect(notes).toEqual([
    '/state/snapshot is damaged: its checksum does not match; it is ignored, and renamed to snapshot.damaged',
  ]);
  expect(torn.read('/state/snapshot.damaged').length).toBeGreaterThan(0);
  part.values.set('a', 'mine now');
  snapshot.save();
  expect(torn.read(PATH).toString()).toContain('mine');
});

test.each([
  ['nothing', []],
  ['no JSON', [Buffer.from('5\n{')]],
  ['null', [Buffer.from('5\nnull\n')]],
  ['no values', [Buffer.from('5\n{}\n')]],
  [
    'bytes that are not there',
    [Buffer.from('5\n{"values":{"part":{"a":{"bytes":[0,1]}}},"unclaimed":{}}\n')],
  ],
])('a snapshot with %s is ignored, even if its checksum is right', (_, pieces) => {
  const disk = new Disk(new Map([[PATH, Buffer.concat(sealBytes('snapshot', pieces))]]));
  const notes: string[] = [];
  const part = new Part();
  snapshotOf(disk, part, notes).load();
  expect([part.offered.size, notes.length]).toEqual([0, 1]);
  expect(notes[0]).toMatch(
    /^\/state\/snapshot can't be read: .*; it is ignored, and renamed to snapshot.damaged$/,
  );
});

test('a failing disk is logged once, and the loss is logged at the end', () => {
  const disk = new Disk();
  const part = new Part({ a: 1 });
  const notes: string[] = [];
  const snapshot = snapshotOf(disk, part, notes);
  disk.before = () => {
    throw fault('ENOSPC');
  };
  for (let i = 0; i < 3; i++) snapshot.save();
  expect(notes).toEqual(["The snapshot can't be written: ENOSPC: it failed"]);
  snapshot.end();
  expect(notes.slice(1)).toEqual([
    'Gauges and limiters will start from nothing: there is no snapshot of them',
  ]);
  disk.before = () => {};
  snapshot.save();
  expect(disk.read(PATH).toString()).toContain('1');
});

test('a snapshot that fails leaves the former one', () => {
  const disk = new Disk();
  const part = new Part({ a: 1 });
  const snapshot = snapshotOf(disk, part);
  snapshot.save();
  part.values.set('a', { bytes: new Uint8Array(1000) });
  for (const operation of ['open', 'write', 'sync', 'rename']) {
    disk.before = (found) => {
      if (found === operation) throw fault('EIO');
    };
    snapshot.save();
    disk.before = () => {};
    expect(offeredFrom(disk)).toEqual({ a: 1 });
  }
  snapshot.save();
  expect(offeredFrom(disk)).toEqual({ a: { bytes: new Uint8Array(1000) } });
});

describe('restored values:', () => {
  const module = compileModule();
  const LIMIT = { limit: 100, windowMs: DAY_MS };
  afterEach(forgetState);

  /** A simulated process that keeps its state on this disk. */
  function startOn(disk: Disk, notes: string[] = []) {
    const state = freshState();
    const exports = instantiate(module, state.memory);
    const views = viewsOf(state.memory);
    const note = (text: string): void => void notes.push(text);
    const parts = [new Gauges(state, exports, views), new Limiters(state, views, note)];
    const publish = (saved: Saved[]): void => offerSaved(state.memory, saved);
    return { state, snapshot: new Snapshot({ folder: '/state', parts, publish, note, files: disk }) };
  }

  /** Runs a server: calls `act`, and stops cleanly. */
  function run<T>(disk: Disk, act: (state: SharedState) => T, notes?: string[]): T {
    const { state, snapshot } = startOn(disk, notes);
    snapshot.load();
    const result = act(state);
    snapshot.save();
    return result;
  }

  test('gauges are restored, unless they are in use already', () => {
    const disk = new Disk();
    run(disk, () => {
      gauge('a').set(-1.5);
      gauge('b').set(2 ** 60);
      gauge('zero').set(0);
    });
    const { snapshot } = startOn(disk);
    gauge('b').set(0);
    snapshot.load();
    expect([gauge('a').value, gauge('b').value, gauge('zero').add(), gauge('none').value]).toEqual([
      -1.5, 0, 1, 0,
    ]);
    // A value is restored only once.
    gauge('a').set(0);
    expect(gauge('a').value).toBe(0);
    snapshot.save();
    run(disk, () => expect([gauge('a').add(2), gauge('zero').value]).toEqual([2, 1]));
    run(disk, () => expect(gauge('a').value).toBe(2));
  });

  test('limiters are restored, unless they are in use already, and get the options of the program', () => {
    const disk = new Disk();
    const take = (name: string, cost: number, limit = 100): number =>
      limiter(name, { ...LIMIT, limit }).take('key', cost).remaining;
    run(disk, () => expect([take('a', 40), take('b', 30)]).toEqual([60, 70]));
    const { snapshot } = startOn(disk);
    expect(take('b', 1, 50)).toBe(49);
    snapshot.load();
    expect([take('a', 10), take('b', 1, 50)]).toEqual([50, 48]);
    run(disk, () => expect(take('a', 100, 1000)).toBe(500));
  });

  test('an unchanged snapshot is not written', () => {
    const disk = new Disk();
    const { snapshot } = startOn(disk);
    snapshot.load();
    limiter('a', LIMIT).take('key', 40);
    snapshot.save();
    const steps = disk.log.length;
    snapshot.save();
    expect(disk.log.length).toBe(steps);
    limiter('a', LIMIT).take('key', 1);
    snapshot.save();
    expect(disk.log.length).toBeGreaterThan(steps);
  });

  test('a name may change its kind, and the former value waits for the way back', () => {
    const disk = new Disk();
    run(disk, () => gauge('jobs').set(7));
    run(disk, () => expect(counter('jobs').add()).toBe(1));
    run(disk, () => expect(limiter('jobs', LIMIT).take('a', 30).remaining).toBe(70));
    run(disk, () => expect(gauge('jobs').value).toBe(7));
    run(disk, () => expect(limiter('jobs', LIMIT).take('a').remaining).toBe(69));
  });

  test('200 unused names leave room for 200 new ones', () => {
    const disk = new Disk();
    run(disk, () => {
      for (let i = 0; i < 200; i++) gauge(`old ${i}`).set(i);
    });
    for (let round = 0; round < 2; round++)
      run(disk, () => {
        for (let i = 0; i < 200; i++) expect(gauge(`new ${i}`).add()).toBe(round + 1);
      });
    run(disk, () => expect([gauge('old 199').value, gauge('new 199').value]).toEqual([199, 2]));
  });

  test('similar names are not confused', () => {
    const disk = new Disk();
    const long = 'x'.repeat(111);
    const names = [long, long.slice(1), 'a', 'ab', 'abc', 'abcd', 'é', '__proto__', 'bytes', 'at', 'size'];
    run(disk, () => names.map((name, i) => gauge(name).set(i + 1)));
    run(disk, () => {
      expect(names.map((name) => gauge(name).value)).toEqual(names.map((_, i) => i + 1));
      expect(['x', 'abcde', 'b'].map((name) => gauge(name).value)).toEqual([0, 0, 0]);
    });
  });

  test('each limiter uses its own clock', () => {
    const disk = new Disk();
    let ownMs = 5000;
    const clocks = { machine: undefined, wall: Date.now, own: () => ownMs };
    const take = (cost: number): number[] =>
      Object.entries(clocks).map(
        ([name, now]) => limiter(name, { ...LIMIT, ...(now && { now }) }).take('a', cost).remaining,
      );
    run(disk, () => expect(take(40)).toEqual([60, 60, 60]));
    ownMs = 1;
    run(disk, () => expect(take(10)).toEqual([50, 50, 50]));
    ownMs = 1e12;
    run(disk, () => expect(take(10)).toEqual([40, 40, 40]));
  });

  test('a saved value survives if a thread ends right after it has claimed the name', () => {
    const disk = new Disk();
    run(disk, () => {
      gauge('level').set(3);
      limiter('limit', LIMIT).take('a', 40);
    });
    run(disk, ({ memory }) => {
      claimRow(viewsOf(memory), 'gauge', 'level');
      claimRow(viewsOf(memory), 'limiter', 'limit');
    });
    run(disk, () =>
      expect([gauge('level').value, limiter('limit', LIMIT).take('a').remaining]).toEqual([3, 59]),
    );
  });

  test('threads that ask at the same time restore a value once', async () => {
    const disk = new Disk();
    run(disk, () => gauge('level').set(0.5));
    for (let round = 0; round < 5; round++) {
      const { state, snapshot } = startOn(disk);
      snapshot.load();
      await storm(state, 4, 'add', { rounds: 100 });
      expect(gauge('level').value).toBe(4 * 100 * 2 + 0.5);
    }
  });

  test('a keeper that replaces another keeper restores each value once, and loses no unused value', () => {
    const disk = new Disk();
    run(disk, () => {
      gauge('level').set(3);
      gauge('other').set(4);
    });
    const { state, snapshot } = startOn(disk);
    snapshot.load();
    gauge('level').set(0);
    const exports = instantiate(module, state.memory);
    let published = 0;
    const publish = (): void => void published++;
    const parts = [new Gauges(state, exports, viewsOf(state.memory))];
    const next = new Snapshot({ folder: '/state', parts, publish, note: () => {}, files: disk });
    next.load(true);
    expect(published).toBe(0);
    expect([gauge('level').value, gauge('other').value]).toEqual([0, 4]);
    next.save();
    run(disk, () => expect([gauge('level').value, gauge('other').value]).toEqual([0, 4]));
  });

  test('a snapshot of version 1 is read', () => {
    const disk = new Disk();
    run(disk, () => limiter('a', LIMIT).take('key', 40));
    const { rest } = unsealBytes('snapshot', PATH, disk.read(PATH));
    const { values } = valueFrom(rest.subarray(rest.indexOf('\n') + 1)) as {
      values: { limiters: { a: LimiterSnapshot } };
    };
    const { tables, ...table } = values.limiters.a;
    const [{ limit, windowMs }] = tables as [UsedKeys];
    const keys = [...usedByKey(values.limiters.a)];
    const old = JSON.stringify(
      { gauges: { level: 5 }, limiters: { a: { ...table, limit, windowMs, keys } } },
      undefined,
      1,
    );
    const sum = createHash('sha256').update(`${old}\n`).digest('hex');
    const before = new Disk(new Map([[PATH, Buffer.from(`hotpath snapshot 1 ${sum}\n${old}\n`)]]));
    const notes: string[] = [];
    for (const round of [1, 2])
      run(
        before,
        () =>
          expect([gauge('level').add(), limiter('a', LIMIT).take('key').remaining]).toEqual([
            5 + round,
            60 - round,
          ]),
        notes,
      );
    run(new Disk(new Map([[PATH, before.read(PATH)]])), () => expect(gauge('level').value).toBe(7));
    expect(notes).toEqual([]);
  });

  test('an invalid saved limiter is ignored, and the others are restored', () => {
    const disk = new Disk();
    run(disk, () => {
      limiter('a', LIMIT).take('key', 40);
      limiter('b', LIMIT).take('key', 40);
    });
    const { rest } = unsealBytes('snapshot', PATH, disk.read(PATH));
    const text = rest.toString('latin1').replace('"buckets":2048', '"buckets":2047');
    expect(text).not.toBe(rest.toString('latin1'));
    const spoilt = new Disk(
      new Map([[PATH, Buffer.concat(sealBytes('snapshot', [Buffer.from(text, 'latin1')]))]]),
    );
    const notes: string[] = [];
    run(
      spoilt,
      () => expect(['a', 'b'].map((name) => limiter(name, LIMIT).take('key').remaining)).toEqual([99, 59]),
      notes,
    );
    expect(notes).toEqual(["The saved usage of limiter 'a' is ignored: not a valid snapshot of a limiter"]);
  });

  test('usage is saved relative to another moment after the wall clock was set', () => {
    const state = freshState();
    const now = { nowMs: monotonicMs(), wallMs: 1_700_000_000_000 };
    const limiters = new Limiters(
      state,
      viewsOf(state.memory),
      () => {},
      () => ({ ...now }),
    );
    limiter('a', LIMIT).take('key', 40);
    const used = (): number | undefined => {
      const snapshot = limiters.save().get('a') as LimiterSnapshot;
      const [units] = usedByKey(snapshot).values();
      // In milliseconds from now, by the wall clock.
      return (units as number) / LIMIT.limit - (now.wallMs - snapshot.wallMs);
    };
    const before = used() as number;
    now.wallMs -= 3_600_000;
    expect(used()).toBeCloseTo(before, 3);
    now.wallMs += 7_200_000;
    now.nowMs += 1000;
    expect(used()).toBeCloseTo(before - 1000, 3);
  });
});
