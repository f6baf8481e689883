// The self-test finds what works here, and what does not.

import { expect, test, vi } from 'vitest';
import { chooseIo } from '../../src/connection/selftest.ts';
import { createEngine } from '../support/engines.ts';

const { slot } = createEngine('wasm');

test('this Node reads and writes the direct way', async () => {
  expect(await chooseIo('auto', slot)).toEqual({ read: 'direct', write: 'direct' });
  expect(await chooseIo('direct', slot)).toEqual({ read: 'direct', write: 'direct' });
  expect(await chooseIo('public', slot)).toEqual({ read: 'public', write: 'public' });
});

test('a Node whose sockets have changed gets the public ways', async () => {
  const { Socket } = await import('node:net');
  const write = vi.spyOn(Socket.prototype, '_write').mockImplementation(() => {
    throw new Error('changed');
  });
  // The public way rests on _write, too; only the direct one shows what it throws.
  const end = vi.spyOn(Socket.prototype, 'end');
  const io = await chooseIo('auto', slot).catch((error: Error) => error);
  write.mockRestore();
  end.mockRestore();
  expect(io).toMatchObject({ write: 'public' });
});
