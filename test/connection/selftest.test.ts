// The self-test finds which ways to read and write work here.

import type { Server } from 'node:net';
import { TLSSocket } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import { chooseEncrypted, chooseIo } from '../../src/connection/selftest.ts';
import { SecureContexts } from '../../src/tls/secure-contexts.ts';
import { pair } from '../support/certificates.ts';
import { createEngine } from '../support/engines.ts';
import { DIRECT, PUBLIC } from '../support/ways.ts';

const { slot } = createEngine('wasm');

test('this Node accepts, reads and writes the direct way', async () => {
  expect(await chooseIo('auto', slot)).toEqual(DIRECT);
  expect(await chooseIo('direct', slot)).toEqual(DIRECT);
  expect(await chooseIo('public', slot)).toEqual(PUBLIC);
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
    expect(await chooseIo('auto', slot)).toEqual({ ...DIRECT, write: 'public' });
    await expect(chooseIo('direct', slot)).rejects.toThrow('the direct way to write does not work');
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
    expect(await chooseIo('auto', slot)).toEqual({ ...DIRECT, write: 'public' });
  } finally {
    write.mockRestore();
  }
});

test('a Node that makes no sockets of handles gets the public way to read', async () => {
  const { default: net } = await import('node:net');
  const { Socket } = net;
  net.Socket = class extends Socket {
    constructor(options: object = {}) {
      if ('onread' in options) throw new Error('changed');
      super(options);
    }
  };
  try {
    expect(await chooseIo('auto', slot, 200)).toEqual({ ...DIRECT, read: 'public' });
    await expect(chooseIo('direct', slot, 200)).rejects.toThrow('the direct way to read does not work');
  } finally {
    net.Socket = Socket;
  }
});

/** Puts another handle before the one that listens, as a changed Node would have. */
function hideHandle(server: Server, onconnection: (() => void) | undefined): void {
  const holder = server as unknown as { _handle: { close(): void; getsockname(name: object): number } };
  const { _handle: handle } = holder;
  const hidden = {
    close: () => handle.close(),
    getsockname: (name: object) => handle.getsockname(name),
    onconnection,
  };
  holder._handle = hidden;
}

test.each([
  ['whose handles have no such function', undefined],
  ['whose handles call another function', () => {}],
])('a Node %s gets the public way to accept', async (_, onconnection) => {
  const { default: net } = await import('node:net');
  const { createServer } = net;
  const create = vi.spyOn(net, 'createServer').mockImplementation(((options: object) => {
    const server = createServer(options);
    server.prependListener('listening', () => hideHandle(server, onconnection));
    return server;
  }) as typeof createServer);
  try {
    expect(await chooseIo('auto', slot, 200)).toEqual({ ...DIRECT, accept: 'public' });
    await expect(chooseIo('direct', slot, 200)).rejects.toThrow('the direct way to accept does not work');
  } finally {
    create.mockRestore();
  }
});

describe('over TLS', () => {
  const contexts = new SecureContexts({ pairs: [{ ...pair(), serverNames: [] }], client: undefined });

  test('this Node reads and writes the fast way', async () => {
    expect(await chooseEncrypted('auto', DIRECT, slot, contexts)).toEqual({ ...DIRECT, encrypted: true });
    expect(await chooseEncrypted('direct', DIRECT, slot, contexts)).toEqual({ ...DIRECT, encrypted: true });
    expect(await chooseEncrypted('public', PUBLIC, slot, contexts)).toEqual(PUBLIC);
  });

  test('clients that need a certificate do not hinder it', async () => {
    const client = { ca: pair().ca, certificates: 'require' } as const;
    const strict = new SecureContexts({ pairs: [{ ...pair(), serverNames: [] }], client });
    expect(await chooseEncrypted('auto', DIRECT, slot, strict)).toEqual({ ...DIRECT, encrypted: true });
  });

  test('a Node whose sockets have changed gets the public way', async () => {
    const original = TLSSocket.prototype.on;
    // A socket whose handle knows no memory of a program.
    const on = vi.spyOn(TLSSocket.prototype, 'on').mockImplementation(function (
      this: TLSSocket,
      ...args: unknown[]
    ) {
      const { _handle } = this as unknown as { _handle: object | null };
      if (_handle !== null) Object.assign(_handle, { useUserBuffer: undefined });
      return original.apply(this, args as never);
    } as typeof original);
    try {
      expect(await chooseEncrypted('auto', DIRECT, slot, contexts, 500)).toEqual(DIRECT);
      await expect(chooseEncrypted('direct', DIRECT, slot, contexts, 500)).rejects.toThrow(
        'the direct way over TLS does not work',
      );
    } finally {
      on.mockRestore();
    }
  });
});
