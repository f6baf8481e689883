// The self-test finds which ways to read and write work here.

import { expect, test, vi } from 'vitest';
import { chooseIo } from '../../src/connection/selftest.ts';
import { createEngine } from '../support/engines.ts';

const { slot } = createEngine('wasm');

test('this Node reads and writes the direct way', async () => {
  expect(await chooseIo('auto', slot)).toEqual({ read: 'direct', write: 'direct' });
  expect(await chooseIo('direct', slot)).toEqual({ read: 'direct', write: 'direct' });
  expect(await chooseIo('public', slot)).toEqual({ read: 'public', write: 'public' });
});

/** The public way passes a Buffer or a string to _write(); only the direct way passes a plain view. */
function isPlainView(bytes: unknown): boolean {
  return bytes instanceof Uint8Array && !Buffer.isBuffer(bytes);
}

test('a Node whose sockets have changed gets the public ways', async () => {
  const { Socket } = await import('node:net');
  const original = Socket.prototype._write;
  const write = vi.spyOn(Socket.prototype, '_write').mockImplementation(function (
    this: InstanceType<typeof Socket>,
    ...args
  ) {
    if (isPlainView(args[0])) throw new Error('changed');
    original.apply(this, args);
  });
  try {
    expect(await chooseIo('auto', slot)).toMatchObject({ write: 'public' });
    await expect(chooseIo('direct', slot)).rejects.toThrow('public way');
  } finally {
    write.mockRestore();
  }
});

test('a Node that writes other bytes gets the public way', async () => {
  const { Socket } = await import('node:net');
  const original = Socket.prototype._write;
  const write = vi.spyOn(Socket.prototype, '_write').mockImplementation(function (
    this: InstanceType<typeof Socket>,
    bytes,
    ...others
  ) {
    original.call(this, isPlainView(bytes) ? Buffer.from('Something else.') : bytes, ...others);
  });
  try {
    expect(await chooseIo('auto', slot)).toEqual({ read: 'direct', write: 'public' });
  } finally {
    write.mockRestore();
  }
});

test('a Node whose handles have changed gets the public ways', async () => {
  const { Socket } = await import('node:net');
  const destroy = vi.spyOn(Socket.prototype, 'destroy');
  destroy.mockImplementationOnce(() => {
    throw new Error('changed');
  });
  try {
    expect(await chooseIo('auto', slot, 200)).toMatchObject({ read: 'public' });
  } finally {
    destroy.mockRestore();
  }
});
