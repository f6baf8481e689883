// Decrypted bytes that land in the slot, and what happens to them while reading is paused.

import net, { type AddressInfo } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { SERVER_OPTIONS } from '../../src/connection/handle.ts';
import { Reader } from '../../src/connection/reader.ts';
import { encrypt } from '../../src/connection/secure-socket.ts';
import { SecureContexts } from '../../src/tls/secure-contexts.ts';
import { pair } from '../support/certificates.ts';
import { eventually, sleep } from '../support/client.ts';
import { createEngine } from '../support/engines.ts';
import { atEnd } from '../support/fixtures.ts';

test('bytes that are decrypted while reading is paused wait in the stream, in their order', async () => {
  const { slot } = createEngine('wasm');
  const contexts = new SecureContexts({ pairs: [{ ...pair(), serverNames: [] }], client: undefined });
  const reads: string[] = [];
  const receiver = {
    paused: false,
    received(bytes: number) {
      expect(this.paused).toBe(false);
      reads.push(Buffer.from(slot.read.subarray(0, bytes)).toString('latin1'));
      this.paused = true;
      return false;
    },
  };
  let socket: TLSSocket | undefined;
  const server = net.createServer(SERVER_OPTIONS, (plain) => {
    const one = encrypt(plain, contexts, [], () => {
      socket = one;
      new Reader(slot).open('encrypted', one, receiver);
    });
  });
  server.listen(0, '127.0.0.1');
  await eventually('listening', () => server.listening);
  const client = tls.connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  atEnd(() => {
    client.destroy();
    server.close();
  });
  // Several records, which the server decrypts in one go.
  const text = Array.from({ length: 20_000 }, (_, i) => `${i} `).join('');
  client.end(text);
  await eventually('a read', () => reads.length > 0);
  await sleep(50);
  expect(reads).toHaveLength(1);
  let ended = false;
  socket?.on('end', () => {
    ended = true;
  });
  while (!ended) {
    receiver.paused = false;
    socket?.resume();
    const before = reads.length;
    await eventually('another read, or the end', () => ended || reads.length > before);
  }
  expect(reads.join('') === text).toBe(true);
  expect(reads.length).toBeGreaterThan(2);
  socket?.destroy();
});
