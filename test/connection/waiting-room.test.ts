// The waiting room: which connections it admits, which it refuses, and when.

import { beforeEach, expect, test } from 'vitest';
import { plainEndpoint } from '../../src/connection/endpoint.ts';
import type { Accepted } from '../../src/connection/handle.ts';
import { WaitingRoom } from '../../src/connection/waiting-room.ts';

const ENDPOINT = plainEndpoint({ accept: 'public', read: 'public', write: 'public' });

let places: number;
let others: boolean;
let asked: number;
let told: string[];
let room: WaitingRoom;
beforeEach(() => {
  places = 0;
  others = true;
  asked = 0;
  told = [];
  room = new WaitingRoom({
    admit: ({ addressEntry: entry }) => {
      if (places === 0) return false;
      places--;
      told.push(`${entry} admitted`);
      return true;
    },
    refuse: ({ addressEntry: entry }) => told.push(`${entry} refused`),
    askOthers: () => {
      if (others) asked++;
      return others;
    },
  });
});

const enter = (...entries: number[]): void => {
  for (const entry of entries)
    room.enter({ accepted: {} as Accepted, endpoint: ENDPOINT, addressEntry: entry });
};
const poll = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a connection is admitted or refused only after the bytes that the kernel holds have been read', async () => {
  places = 2;
  others = false;
  enter(1, 2, 3);
  await new Promise((resolve) => process.nextTick(resolve));
  await Promise.resolve();
  expect(told).toEqual([]);
  await poll();
  expect(told).toEqual(['1 admitted', '2 admitted', '3 refused']);
  expect(room.size).toBe(0);
});

test('the room asks other threads for one place for each waiting connection, and asks again', async () => {
  enter(1, 2);
  await poll();
  expect(asked).toBe(2);
  room.tick();
  expect(asked).toBe(2);
  room.tick();
  expect(asked).toBe(4);
  expect([room.size, told]).toEqual([2, []]);
});

test('the connection that came first is admitted first, at the next tick after there is room', async () => {
  enter(1, 2);
  await poll();
  room.tick();
  enter(3);
  await poll();
  expect(asked).toBe(3);
  places = 2;
  room.tick();
  expect(told).toEqual(['1 admitted', '2 admitted']);
  places = 1;
  room.tick();
  expect(told).toEqual(['1 admitted', '2 admitted', '3 admitted']);
});

test('a connection that has waited for four ticks is refused', async () => {
  enter(1);
  await poll();
  for (let i = 0; i < 2; i++) room.tick();
  enter(2);
  await poll();
  for (let i = 0; i < 2; i++) room.tick();
  expect([room.size, told]).toEqual([1, ['1 refused']]);
  for (let i = 0; i < 2; i++) room.tick();
  expect([room.size, told]).toEqual([0, ['1 refused', '2 refused']]);
});

test('all connections leave the room when the server stops', async () => {
  enter(1, 2);
  const left: number[] = [];
  room.clear(({ addressEntry: entry }) => left.push(entry));
  places = 2;
  await poll();
  expect([room.size, left, told]).toEqual([0, [1, 2], []]);
});
