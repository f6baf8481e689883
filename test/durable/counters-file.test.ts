// The file `counters`, on a disk that fails at every step and loses power after every step: no number is leased twice,
// and a damaged file is neither used nor overwritten.

import { describe, expect, test } from 'vitest';
import { CountersFile } from '../../src/durable/counters-file.ts';
import { seal } from '../../src/durable/sealed-file.ts';
import { Disk, fault, type Remains } from './disk.ts';

const FOLDER = '/state';
const PATH = '/state/counters';

function open(disk: Disk): CountersFile {
  return new CountersFile(FOLDER, disk);
}

/** The first and last numbers that were granted. @throws the reason why a counter was refused */
function lease(file: CountersFile, wanted: Record<string, number>): Record<string, [number, number]> {
  const granted: Record<string, [number, number]> = {};
  const refusals = file.lease(new Map(Object.entries(wanted)), (name, base) => {
    granted[name] = [base + 1, base + (wanted[name] as number)];
  });
  for (const reason of refusals.values()) throw reason;
  return granted;
}

function textOf(disk: Disk): string {
  return disk.read(PATH).toString();
}

test('numbers continue after the last leased number, or after the last used number of a clean stop', () => {
  const disk = new Disk();
  const first = open(disk);
  expect(lease(first, { a: 10 })).toEqual({ a: [1, 10] });
  expect(lease(first, { a: 5, b: 7 })).toEqual({ a: [11, 15], b: [1, 7] });
  expect(textOf(disk)).toMatch(/^hotpath counters 1 [0-9a-f]{64}\n\{\n "clean": false,/);
  expect(lease(open(disk), { a: 10 })).toEqual({ a: [16, 25] });
  const last = open(disk);
  expect(lease(last, { a: 10 })).toEqual({ a: [26, 35] });
  last.end(new Map([['a', 27]]));
  expect(textOf(disk)).toContain('"clean": true');
  expect(lease(open(disk), { a: 1, b: 1 })).toEqual({ a: [28, 28], b: [8, 8] });
  expect(disk.openCount).toBe(0);
});

test('a name may be anything', () => {
  const disk = new Disk();
  const names = ['__proto__', 'constructor', '"\n\\', 'é', '7'];
  const wanted = new Map(names.map((name) => [name, 3]));
  for (const base of [0, 3]) {
    const granted = new Map<string, number>();
    open(disk).lease(wanted, (name, first) => granted.set(name, first));
    expect(granted).toEqual(new Map(names.map((name) => [name, base])));
  }
});

test('a lease beyond 2^53 - 1 is rejected', () => {
  const disk = new Disk();
  const file = open(disk);
  file.end(new Map([['a', Number.MAX_SAFE_INTEGER - 10]]));
  expect(() => lease(file, { a: 11 })).toThrow('it has reached its last number');
  expect(lease(file, { a: 10 }).a?.[1]).toBe(Number.MAX_SAFE_INTEGER);
});

test('a counter at its last number gets no lease, and the other counters still do', () => {
  const disk = new Disk();
  const file = open(disk);
  file.end(new Map([['full', Number.MAX_SAFE_INTEGER - 3]]));
  const granted = new Map<string, number>();
  const wanted = new Map([
    ['full', 4],
    ['a', 4],
  ]);
  for (const base of [0, 4]) {
    const refusals = file.lease(wanted, (name, first) => granted.set(name, first));
    expect([...refusals.keys()]).toEqual(['full']);
    expect(granted).toEqual(new Map([['a', base]]));
  }
  expect(file.leased).toEqual(
    new Map([
      ['full', Number.MAX_SAFE_INTEGER - 3],
      ['a', 8],
    ]),
  );
  // Without a grant the file is not written.
  const before = disk.log.length;
  file.lease(new Map([['full', 4]]), () => {});
  expect(disk.log.length).toBe(before);
});

test('leases begin above the numbers in memory, and above those recorded by raise()', () => {
  const disk = new Disk();
  const file = open(disk);
  const bases: number[] = [];
  const grant = (_: string, base: number): number => bases.push(base);
  file.lease(new Map([['a', 10]]), grant, () => 100);
  file.lease(new Map([['a', 10]]), grant, () => 50);
  file.raise(new Map([['a', 70]]));
  file.lease(new Map([['a', 10]]), grant);
  file.raise(new Map([['a', 1000]]));
  open(disk).lease(new Map([['a', 10]]), grant);
  expect(bases).toEqual([100, 110, 120, 1000]);
});

describe('every step fails once', () => {
  const steps = new Disk();
  lease(open(steps), { a: 10 });
  const first = steps.log.indexOf('open');

  test('the file needs this many steps', () => {
    expect(steps.log).toEqual([
      'read',
      ...['open', 'write', 'sync', 'close', 'rename'],
      ...['open folder', 'sync folder', 'close'],
    ]);
  });

  const cases = steps.log
    .slice(first)
    .flatMap((operation, i) =>
      ['ENOSPC', 'EIO', 'EROFS'].map((code) => [operation, code, i + first] as const),
    );
  test.each(cases)('%s: %s', (_, code, index) => {
    const disk = new Disk();
    const file = open(disk);
    const granted: [number, number][] = [];
    const take = (count: number): void => {
      for (const range of Object.values(lease(file, { a: count }))) granted.push(range);
    };
    take(10);
    const before = disk.log.length;
    disk.before = (__, i) => {
      if (i === before + index - first) throw fault(code);
    };
    expect(() => take(20)).toThrow(code);
    expect(granted).toEqual([[1, 10]]);
    // A new server that starts at this point and the same server that retries both use the file as it is now.
    const remains = [...disk.afterPowerLoss()];
    take(5);
    take(5);
    expect(granted[1]?.[0]).toBeGreaterThan(10);
    expect(granted[2]?.[0]).toBe((granted[1]?.[1] as number) + 1);
    for (const left of remains) expect(lease(open(new Disk(left)), { a: 1 }).a?.[0]).toBeGreaterThan(10);
    expect(lease(open(disk), { a: 1 }).a?.[0]).toBeGreaterThan(granted[2]?.[1] as number);
    expect(disk.openCount).toBe(0);
  });
});

test('power is lost after every step, and at every byte that is written', () => {
  const outcomes = new Set<number>();
  const seen: { remains: Remains; leasedTo: number }[] = [];
  const disk = new Disk();
  disk.writeMax = 50;
  const file = open(disk);
  let leasedTo = 0;
  const look = (): void => {
    for (const remains of disk.afterPowerLoss()) seen.push({ remains, leasedTo });
  };
  disk.before = look;
  for (const count of [10, 3, 20]) leasedTo = lease(file, { a: count, other: 1 }).a?.[1] as number;
  leasedTo = 25;
  file.end(new Map([['a', 25]]));
  look();
  for (const { remains, leasedTo: least } of seen) {
    const next = lease(open(new Disk(remains)), { a: 1 }).a?.[0] as number;
    expect(next).toBeGreaterThan(least);
    outcomes.add(next);
  }
  expect(seen.length).toBeGreaterThan(500);
  expect([...outcomes].sort((a, b) => a - b)).toEqual([1, 11, 14, 26, 34]);
});

describe('a damaged file is rejected and left as it is:', () => {
  const disk = new Disk();
  lease(open(disk), { tickets: 4096 });
  const good = disk.read(PATH);

  function refusal(bytes: Buffer): string {
    const bad = new Disk(new Map([[PATH, bytes]]));
    try {
      open(bad);
    } catch (error) {
      expect(bad.log).toEqual(['read']);
      return (error as Error).message;
    }
    return `taken: ${JSON.stringify(bytes.toString())}`;
  }

  test('cut off after any byte', () => {
    for (let size = 0; size < good.length; size++)
      expect(refusal(good.subarray(0, size))).toMatch(/^\/state\/counters is damaged: .*$/);
  });

  test('with any bit changed', () => {
    for (let at = 0; at < good.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        expect(refusal(bytes)).toMatch(/^\/state\/counters (is|has|holds) [^\n]*$/);
      }
  });

  test.each<[string, string | Buffer, string]>([
    ['with bytes after its end', `${good}x`, 'is damaged: its checksum does not match'],
    ['of another program', 'count=7\n', "is not hotpath's"],
    ['of zeros', '\0'.repeat(200), "is not hotpath's"],
    ['of another kind', seal('snapshot', {}), "holds hotpath's snapshot, not its counters"],
    ['without counters', seal('counters', { clean: true }), 'is damaged: it has no counters'],
    ['with null as its content', seal('counters', null), 'is damaged: it has no counters'],
    ...[-1, 1.5, '7', null, 2 ** 53].map((end): [string, Buffer, string] => [
      `with the number ${JSON.stringify(end)}`,
      seal('counters', { clean: true, counters: { a: 1, b: end } }),
      `is damaged: the number of counter 'b' is ${JSON.stringify(end)}`,
    ]),
    [
      'of a later version',
      good.toString().replace(' 1 ', ' 2 '),
      'has version 2, and this release reads version 1 at most',
    ],
  ])('%s', (_, bytes, says) => {
    expect(refusal(Buffer.from(bytes))).toBe(`/state/counters ${says}`);
  });

  test('a file that can not be read', () => {
    const unreadable = new Disk();
    unreadable.before = () => {
      throw fault('EACCES');
    };
    expect(() => open(unreadable)).toThrow('EACCES');
  });
});
