// Connections counted by client address: in which form an address counts, when a place is free again, and that threads
// that count at the same time let exactly as many through as there are places.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  AddressCounts,
  type AddressLimit,
  createAddressLimit,
  reclaimAddresses,
  UNCOUNTED,
} from '../../src/connection/addresses.ts';

const enterAll = (counts: AddressCounts, address: string, times: number): (number | undefined)[] =>
  Array.from({ length: times }, () => counts.enter(address));
const placesFor = (counts: AddressCounts, address: string): number => {
  let places = 0;
  for (let entry = counts.enter(address); entry !== undefined; entry = counts.enter(address)) places++;
  return places;
};

describe('an address', () => {
  test('has a number of places over all slots, and other addresses have their own', () => {
    const limit = createAddressLimit(5, 100);
    const [first, second] = [new AddressCounts(limit, 0), new AddressCounts(limit, 7)];
    enterAll(first, '192.0.2.1', 3);
    expect(placesFor(second, '192.0.2.1')).toBe(2);
    expect([first.enter('192.0.2.1'), second.enter('192.0.2.1')]).toEqual([undefined, undefined]);
    expect(placesFor(first, '192.0.2.2')).toBe(5);
  });

  test('has a place again when a connection of any slot closes', () => {
    const limit = createAddressLimit(2, 100);
    const [first, second] = [new AddressCounts(limit, 0), new AddressCounts(limit, 1)];
    const mine = first.enter('192.0.2.1') as number;
    const theirs = second.enter('192.0.2.1') as number;
    expect(first.enter('192.0.2.1')).toBeUndefined();
    second.leave(theirs);
    expect(placesFor(first, '192.0.2.1')).toBe(1);
    first.leave(mine);
    expect(placesFor(second, '192.0.2.1')).toBe(1);
  });

  test('counts in one form: IPv4 also when it is mapped into IPv6, IPv6 by its /64', () => {
    const limit = createAddressLimit(2, 100);
    const counts = new AddressCounts(limit, 0);
    for (const [one, same, other] of [
      ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:192.0.2.2'],
      ['2001:db8::1', '2001:0db8:0:0:ffff::2', '2001:db8:0:1::1'],
      ['fe80::1%lo', 'fe80::2%lo', '::1'],
    ] as const) {
      counts.enter(one);
      expect(placesFor(counts, same)).toBe(1);
      expect(placesFor(counts, other)).toBe(2);
    }
  });

  test('gets back the places of a thread that ended, and other threads keep their places', () => {
    const limit = createAddressLimit(4, 1000);
    const [dead, alive] = [new AddressCounts(limit, 3), new AddressCounts(limit, 4)];
    const entries = [...Array(100).keys()].map((i) => {
      enterAll(dead, `192.0.2.${i}`, 3);
      return alive.enter(`192.0.2.${i}`);
    });
    expect(entries).not.toContain(undefined);
    reclaimAddresses(limit, 3);
    const successor = new AddressCounts(limit, 3);
    for (let i = 0; i < 100; i++) expect(placesFor(successor, `192.0.2.${i}`)).toBe(3);
    for (const entry of entries) alive.leave(entry as number);
    for (let i = 0; i < 100; i++) expect(placesFor(successor, `192.0.2.${i}`)).toBe(1);
  });

  test('leaves no entry in the table after its connections closed, even among many addresses', () => {
    const limit = createAddressLimit(1, 50);
    const counts = new AddressCounts(limit, 0);
    for (let i = 0; i < 20_000; i += 50) {
      const entries = Array.from({ length: 50 }, (_, k) =>
        counts.enter(`10.0.${(i + k) >> 8}.${(i + k) & 255}`),
      );
      expect(entries.every((entry) => entry !== undefined && entry !== UNCOUNTED)).toBe(true);
      for (const entry of entries) counts.leave(entry as number);
    }
    expect(new Int32Array(limit.memory, 16).filter((_, i) => i % 2 === 0).every((state) => state === 0)).toBe(
      true,
    );
  });
});

test('all addresses are counted, even if each connection has another one', () => {
  const limit = createAddressLimit(1, 16_384);
  const slots = Array.from({ length: 8 }, (_, slot) => new AddressCounts(limit, slot));
  for (let i = 0; i < 16_384; i++)
    expect(slots[i % 8]?.enter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)).toBeGreaterThanOrEqual(0);
  for (let i = 0; i < 16_384; i += 61)
    expect(slots[(i + 1) % 8]?.enter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)).toBeUndefined();
});

test('a full table admits connections of new addresses uncounted, and refuses addresses that are at their limit', () => {
  const limit = createAddressLimit(2, 1);
  const counts = new AddressCounts(limit, 0);
  let i = 0;
  while (counts.enter(`192.0.${i >> 8}.${i & 255}`) !== UNCOUNTED) i++;
  expect(i).toBeGreaterThanOrEqual(64);
  expect(placesFor(counts, '192.0.0.0')).toBe(1);
});

/** Counts connections in its own thread. Reports how many were open at most, and how many were refused. */
const STORM = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(({ AddressCounts }) => {
  const counts = new AddressCounts(workerData.limit, workerData.slot);
  const open = new Int32Array(workerData.open);
  let most = 0;
  let refused = 0;
  for (let i = 0; i < 20000; i++) {
    const entry = counts.enter('192.0.2.' + (i % 3));
    if (entry === undefined) { refused++; continue; }
    most = Math.max(most, Atomics.add(open, i % 3, 1) + 1);
    for (let k = 0; k < i % 50; k++) Atomics.load(open, 0);
    Atomics.sub(open, i % 3, 1);
    counts.leave(entry);
  }
  parentPort.postMessage({ most, refused });
});`;

test('threads that count at the same time never admit too many connections', async () => {
  const limit: AddressLimit = createAddressLimit(2, 100);
  const open = new SharedArrayBuffer(12);
  const told = await Promise.all(
    [0, 1, 2, 3].map(async (slot) => {
      const module = new URL('../../dist/connection/addresses.js', import.meta.url).href;
      const worker = new Worker(STORM, { eval: true, workerData: { module, limit, slot, open } });
      const [message] = (await once(worker, 'message')) as [{ most: number; refused: number }];
      return message;
    }),
  );
  expect(Math.max(...told.map(({ most }) => most))).toBeLessThanOrEqual(2);
  expect([...new Int32Array(open)]).toEqual([0, 0, 0]);
  const counts = new AddressCounts(limit, 9);
  for (let i = 0; i < 3; i++) expect(placesFor(counts, `192.0.2.${i}`)).toBe(2);
});
