// How long writes reach a socket that encrypts.

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Writer } from '../../src/connection/writer.ts';

const SLICE_BYTES = 65_536;

class FakeSocket {
  destroyed = false;
  readonly written: Uint8Array[] = [];
  private readonly callbacks: ((error?: Error) => void)[] = [];

  write(bytes: Uint8Array, told: (error?: Error) => void): boolean {
    this.written.push(bytes);
    this.callbacks.push(told);
    return false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  /** Calls back for the write that came first. */
  take(error?: Error): void {
    this.callbacks.shift()?.(error);
  }
}

function open() {
  const socket = new FakeSocket();
  const handle = { bytesWritten: 0, writeQueueSize: 1 };
  const events: unknown[] = [];
  const host = {
    flushed: (error?: Error | null) => events.push(['flushed', error?.message]),
    kernelFills: () => events.push('kernel fills'),
  };
  const below = { _handle: handle } as unknown as Socket;
  const writer = new Writer('encrypted', socket as unknown as Socket, below, host);
  return { socket, handle, events, writer };
}

describe('a long write to a socket that encrypts', () => {
  test('goes in slices, one after the other, so that no more than a slice is encrypted ahead of the peer', () => {
    const { socket, events, writer } = open();
    const head = Buffer.from('head');
    const content = Buffer.alloc(2 * SLICE_BYTES + 1, 'abc');
    expect(writer.write(head, content)).toBe(false);
    const behind = Buffer.from('behind');
    expect(writer.write(behind)).toBe(false);
    for (let slices = 1; slices < 5; slices++) {
      expect(socket.written).toHaveLength(slices);
      socket.take();
    }
    expect(socket.written.map(({ length }) => length)).toEqual([4, SLICE_BYTES, SLICE_BYTES, 1, 6]);
    expect(Buffer.concat(socket.written).equals(Buffer.concat([head, content, behind]))).toBe(true);
    expect(events).toEqual([]);
    socket.take();
    expect(events).toEqual([['flushed', undefined]]);
    // The next short write goes to the socket as before.
    writer.write(behind);
    expect(socket.written).toHaveLength(6);
  });

  test('waits for an earlier short write', () => {
    const { socket, events, writer } = open();
    writer.write(Buffer.from('short'));
    writer.write(Buffer.alloc(SLICE_BYTES + 1));
    expect(socket.written).toHaveLength(1);
    socket.take();
    socket.take();
    socket.take();
    expect(socket.written.map(({ length }) => length)).toEqual([5, SLICE_BYTES, 1]);
    expect(events).toEqual([['flushed', undefined]]);
  });

  test('reports the slices that the kernel takes at once before its buffers are full', () => {
    const { socket, handle, events, writer } = open();
    handle.writeQueueSize = 0;
    writer.write(Buffer.alloc(5 * SLICE_BYTES));
    socket.take();
    handle.writeQueueSize = 1;
    socket.take();
    handle.writeQueueSize = 0;
    socket.take();
    expect(events).toEqual(['kernel fills', 'kernel fills']);
  });

  test('ends at an error', () => {
    const { socket, events, writer } = open();
    writer.write(Buffer.alloc(2 * SLICE_BYTES));
    socket.take(new Error('reset'));
    expect(socket).toMatchObject({ destroyed: true, written: { length: 1 } });
    expect(events).toEqual([['flushed', 'reset']]);
  });
});
