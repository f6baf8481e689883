// The buffer that the direct reader gives Node for the next read, call by call. landing.test.ts and selftest.test.ts test
// that Node uses it.

import net from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Reader } from '../../src/connection/reader.ts';
import { createEngine } from '../support/engines.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

interface OnRead {
  buffer(): Uint8Array | undefined;
  callback(this: net.Socket, bytes: number, buffer: Uint8Array): boolean;
}

/** Opens a socket with the direct reader. `read` calls the reader's callbacks as Node does. */
function open(rooms: (Uint8Array | undefined)[], goesOn = true) {
  const { slot } = createEngine('js');
  const told: [bytes: number, landed: boolean][] = [];
  const accepted = new net.Socket();
  const made = vi.spyOn(net, 'Socket');
  const socket = new Reader(slot).open('direct', accepted, {
    received: (bytes, landed) => {
      told.push([bytes, landed]);
      return goesOn;
    },
    room: () => rooms.shift(),
  });
  const [{ onread }] = made.mock.lastCall as unknown as [{ onread: OnRead }];
  let at = onread.buffer() as Uint8Array;
  return {
    slot,
    told,
    get at() {
      return at;
    },
    read: (bytes: number): boolean => {
      const result = onread.callback.call(socket, bytes, at);
      at = onread.buffer() ?? at;
      return result;
    },
  };
}

test('reads land in the slot as long as they do not fill it', () => {
  const reader = open([new Uint8Array(1)]);
  const { read } = reader.slot;
  expect(reader.at).toBe(read);
  for (const bytes of [1, 100, read.length - 1]) {
    reader.read(bytes);
    expect(reader.at).toBe(read);
  }
  expect(reader.told).toEqual([
    [1, false],
    [100, false],
    [read.length - 1, false],
  ]);
});

test('a read that fills the slot asks for room; without room the next read lands in the slot again', () => {
  const room = new Uint8Array(10);
  const reader = open([undefined, room]);
  const { read } = reader.slot;
  reader.read(read.length);
  expect(reader.at).toBe(read);
  reader.read(read.length);
  expect(reader.at).toBe(room);
  expect(reader.told).toEqual([
    [read.length, false],
    [read.length, false],
  ]);
});

test('one read lands in a room', () => {
  const { length } = createEngine('js').slot.read;
  const rooms = [1, 2].map(() => new Uint8Array(length));
  for (const last of [length, length - 1, 1]) {
    const reader = open([rooms[0], rooms[1]]);
    reader.read(length);
    expect(reader.at).toBe(rooms[0]);
    reader.read(length);
    expect(reader.at).toBe(rooms[1]);
    reader.read(last);
    expect(reader.at).toBe(reader.slot.read);
    expect(reader.told).toEqual([
      [length, false],
      [length, true],
      [last, true],
    ]);
  }
});

test('a room smaller than the slot is the last one', () => {
  const room = new Uint8Array(10);
  const reader = open([room, new Uint8Array(10)]);
  reader.read(reader.slot.read.length);
  reader.read(10);
  expect(reader.at).toBe(reader.slot.read);
});

test('the first read of each socket lands in the slot', () => {
  const { slot } = createEngine('js');
  const made = vi.spyOn(net, 'Socket');
  const reader = new Reader(slot);
  for (let i = 0; i < 2; i++) {
    const socket = reader.open('direct', new net.Socket(), { received: () => true });
    const [{ onread }] = made.mock.lastCall as unknown as [{ onread: OnRead }];
    expect(onread.buffer()).toBe(slot.read);
    onread.callback.call(socket, 1, slot.read);
    expect(onread.buffer()).toBeUndefined();
  }
});

test('the receiver decides whether reading goes on', () => {
  for (const goesOn of [true, false]) expect(open([], goesOn).read(1)).toBe(goesOn);
});
