// Peers that stop reading a download: the server holds a bounded number of bytes for them, and cuts them in time.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { type Watched, watch } from '../support/watched.ts';
import { PUBLIC, WAYS } from '../support/ways.ts';

const MEGABYTE = 1024 * 1024;
/** An upper bound for the kernel buffers of both sides. */
const KERNEL_BYTES = 16 * MEGABYTE;

describe.each(WAYS)('$write writes', (io) => {
  let server: OpenedPlane;
  let client: Client;
  let watched: Watched | undefined;
  beforeEach(async () => {
    server = await openPlane({ io });
    client = await server.connect();
    watched = undefined;
  });

  /** Serves a stream of `pieces` pieces, and waits for the client between them. */
  function serveStream(pieceBytes: number, pieces: number): { asked: number } {
    const produced = { asked: 0 };
    server.plane.serve((exchange) => {
      watched = watch(exchange);
      exchange.begin(200, '', pieceBytes * pieces, false);
      const go = (): void => {
        while (produced.asked < pieces && !exchange.over) {
          produced.asked++;
          if (!exchange.write(Buffer.alloc(pieceBytes, produced.asked % 251))) return;
        }
        if (!exchange.over) exchange.end('');
      };
      exchange.onDrain = go;
      go();
    });
    return produced;
  }

  test.each([10_000, 100_000])('a stream of 100 MiB in pieces of %d bytes', async (pieceBytes) => {
    const produced = serveStream(pieceBytes, Math.ceil((100 * MEGABYTE) / pieceBytes));
    client.socket.pause();
    client.send(GET);
    let before = -1;
    while (before !== produced.asked) {
      before = produced.asked;
      await sleep(50);
    }
    expect(before * pieceBytes).toBeGreaterThan(0);
    expect(before * pieceBytes).toBeLessThan(KERNEL_BYTES);
    const { writeTimeoutMs } = server.plane.deadlines;
    server.pass(writeTimeoutMs - 50_000);
    await sleep(5);
    expect(watched).toMatchObject({ gone: 0 });
    server.pass(50_000);
    await eventually('cut', () => server.statistics().open === 0);
    expect(watched).toMatchObject({ gone: 1 });
    expect(watched?.aborts).toHaveLength(1);
    // The event that woke the producer up did not ask it for more pieces.
    expect(produced.asked).toBe(before);
  });

  test('a stream whose peer reads now and then arrives whole', async () => {
    const pieces = 300;
    serveStream(100_000, pieces);
    const hash = createHash('sha256');
    let size = -1;
    client.socket.removeAllListeners('data');
    let head = '';
    client.socket.on('data', (text: unknown) => {
      const bytes = Buffer.from(text as string, 'latin1');
      if (size >= 0) {
        hash.update(bytes);
        size += bytes.length;
        if (size % 7 === 0) {
          client.socket.pause();
          setTimeout(() => client.socket.resume(), 2);
        }
        return;
      }
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      size = head.length - end - 4;
      hash.update(Buffer.from(head.slice(end + 4), 'latin1'));
    });
    client.send(GET);
    await eventually('all of it', () => size === pieces * 100_000);
    const expected = createHash('sha256');
    for (let i = 1; i <= pieces; i++) expected.update(Buffer.alloc(100_000, i % 251));
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  test('a producer that does not wait is also cut', async () => {
    server.plane.serve((exchange) => {
      watched = watch(exchange);
      exchange.begin(200, '', undefined, false);
      exchange.onDrain = () => {
        while (!exchange.over && exchange.write(Buffer.alloc(60_000)));
      };
      exchange.onDrain();
    });
    client.socket.pause();
    client.send(GET);
    await eventually('handed over', () => watched !== undefined);
    // Until neither kernel takes any more.
    await sleep(50);
    const { writeTimeoutMs } = server.plane.deadlines;
    for (let i = 0; i < 5; i++) {
      server.pass(writeTimeoutMs / 4);
      watched?.exchange.write(Buffer.from('more'));
      await sleep(2);
    }
    await eventually('cut', () => server.statistics().open === 0);
    expect(watched).toMatchObject({ gone: 1 });
  });

  test('bytes that a producer writes without waiting do not count as read by the peer', async () => {
    server.plane.serve((exchange) => {
      watched = watch(exchange);
      exchange.begin(200, '', undefined, false);
      exchange.onDrain = () => {
        while (!exchange.over && exchange.write(Buffer.alloc(60_000)));
      };
      exchange.onDrain();
    });
    client.socket.pause();
    client.send(GET);
    await eventually('handed over', () => watched !== undefined);
    // Until neither kernel takes any more.
    await sleep(50);
    const { writeTimeoutMs } = server.plane.deadlines;
    for (let i = 0; i < 3 && server.statistics().open === 1; i++) {
      watched?.exchange.write(Buffer.alloc(200_000));
      await sleep(5);
      server.pass(writeTimeoutMs);
      await sleep(5);
    }
    expect(server.statistics().open).toBe(0);
    expect(watched).toMatchObject({ gone: 1 });
  });

  test('a peer that reads very little of 60 MiB is cut', async () => {
    server.plane.serve((exchange) => {
      watched = watch(exchange);
      exchange.respond(200, '', Buffer.alloc(60 * MEGABYTE), false);
    });
    client.socket.pause();
    client.send(GET);
    await eventually('handed over', () => watched !== undefined);
    await sleep(50);
    for (let i = 0; i < 10 && server.statistics().open === 1; i++) {
      client.socket.once('data', () => client.socket.pause());
      client.socket.resume();
      await sleep(5);
      server.pass(server.plane.deadlines.writeTimeoutMs);
      await sleep(5);
    }
    expect(server.statistics().open).toBe(0);
    expect(watched).toMatchObject({ gone: 1 });
  });

  test('a whole content of 50 MiB', async () => {
    const whole = Buffer.alloc(50 * MEGABYTE, 'hotpath');
    server.plane.serve((exchange) => {
      watched = watch(exchange);
      exchange.respond(200, '', whole, false);
    });
    client.socket.pause();
    client.send(GET);
    await eventually('handed over', () => watched !== undefined);
    await sleep(50);
    expect(watched).toMatchObject({ gone: 0, exchange: { over: false } });
    const { writeTimeoutMs } = server.plane.deadlines;
    server.pass(writeTimeoutMs);
    await eventually('cut', () => server.statistics().open === 0);
    expect(watched).toMatchObject({ gone: 1 });
    // Another client keeps reading, and gets every byte.
    const other = await server.connect();
    const hash = createHash('sha256');
    let size = 0;
    let begun = false;
    other.socket.removeAllListeners('data');
    other.socket.on('data', (text: unknown) => {
      let bytes = Buffer.from(text as string, 'latin1');
      if (!begun) bytes = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
      begun = true;
      hash.update(bytes);
      size += bytes.length;
    });
    other.send(GET);
    await eventually('all of it', () => size === whole.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'));
    other.close();
  });

  test.each(['whole', 'streamed'])(
    'a %s content of 60 MiB to a peer that reads slowly, yet reads',
    async (kind) => {
      const whole = Buffer.alloc(60 * MEGABYTE, 'hotpath');
      server.plane.serve((exchange) => {
        if (kind === 'whole') exchange.respond(200, '', whole, false);
        else {
          exchange.begin(200, '', whole.length, false);
          exchange.write(whole);
          exchange.end('');
        }
      });
      const hash = createHash('sha256');
      let size = 0;
      let begun = false;
      let enough = 0;
      client.socket.removeAllListeners('data');
      client.socket.on('data', (text: unknown) => {
        let bytes = Buffer.from(text as string, 'latin1');
        if (!begun) bytes = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
        begun = true;
        hash.update(bytes);
        size += bytes.length;
        if (size >= enough) client.socket.pause();
      });
      client.send(GET);
      // More than the buffers of both kernels hold.
      for (enough = 12 * MEGABYTE; enough <= whole.length; enough += 12 * MEGABYTE) {
        client.socket.resume();
        await eventually('a part', () => size >= enough);
        await sleep(5);
        server.pass(server.plane.deadlines.writeTimeoutMs);
        await sleep(5);
        expect(server.statistics().open).toBe(1);
      }
      expect(size).toBe(whole.length);
      expect(hash.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'));
    },
  );
});

/** Reports the bytes that the kernel has not taken yet, as a handle does. The test decides how many bytes are taken. */
class CountedSocket extends HeldSocket {
  readonly _handle = { bytesWritten: 0, writeQueueSize: 0 };

  /** Takes bytes of the held write, as the kernel does. */
  takePart(bytes: number): void {
    this._handle.writeQueueSize -= bytes;
    if (this._handle.writeQueueSize === 0) this.release();
  }

  override _write(bytes: Uint8Array, encoding: BufferEncoding, written: () => void): void {
    this._handle.bytesWritten += bytes.length;
    this._handle.writeQueueSize += bytes.length;
    super._write(bytes, encoding, written);
  }
}

describe('a response of 1 MiB', () => {
  const ENOUGH_BYTES = 65_536;
  let server: OpenedPlane;
  let socket: CountedSocket;
  let watched: Watched | undefined;
  beforeEach(async () => {
    server = await openPlane({ io: PUBLIC });
    server.plane.serve((exchange) => {
      watched = watch(exchange);
      exchange.respond(200, '', Buffer.alloc(MEGABYTE), false);
    });
    socket = new CountedSocket();
    server.accept(socket.accepted);
    socket.push(GET);
    await eventually('held', () => socket.holds);
    // The head is a write of its own here.
    socket.takePart(socket._handle.writeQueueSize);
    await eventually('held', () => socket.holds);
  });
  afterEach(() => {
    socket.destroy();
  });
  const timesOut = async (): Promise<void> => {
    server.pass(server.plane.deadlines.writeTimeoutMs);
    await sleep(1);
  };

  test('is sent whole when the client reads enough within each write timeout', async () => {
    for (let left = MEGABYTE; left > 0; left -= ENOUGH_BYTES) {
      expect(socket._handle.writeQueueSize).toBe(left);
      socket.takePart(ENOUGH_BYTES);
      await timesOut();
      expect(socket.destroyed).toBe(false);
    }
    await eventually('over', () => watched?.exchange.over === true);
    expect(watched).toMatchObject({ gone: 0, aborts: [] });
  });

  test('is cut when the client reads a byte less than enough within a write timeout', async () => {
    socket.takePart(ENOUGH_BYTES);
    await timesOut();
    // Bytes that the client read beyond the minimum do not count for the next timeout.
    socket.takePart(2 * ENOUGH_BYTES);
    await timesOut();
    socket.takePart(ENOUGH_BYTES - 1);
    expect(socket.destroyed).toBe(false);
    await timesOut();
    expect(socket.destroyed).toBe(true);
    expect(watched).toMatchObject({ gone: 1 });
    expect(watched?.aborts).toHaveLength(1);
  });

  test('has the full write timeout again, and no more, after the client read enough', async () => {
    const { writeTimeoutMs } = server.plane.deadlines;
    socket.takePart(ENOUGH_BYTES);
    await timesOut();
    server.pass(writeTimeoutMs / 2);
    expect(socket.destroyed).toBe(false);
    server.pass(writeTimeoutMs / 2);
    expect(socket.destroyed).toBe(true);
  });
});

test('the server begins no further request of a pipeline while the kernel takes no bytes', async () => {
  const server = await openPlane({ io: PUBLIC });
  let begun = 0;
  server.plane.serve((exchange) => {
    begun++;
    exchange.begin(200, '', 20_000, false);
    exchange.write(Buffer.alloc(20_000, 'x'));
    exchange.end('');
  });
  const socket = new HeldSocket();
  server.accept(socket.accepted);
  socket.push(GET.repeat(64));
  await eventually('held', () => socket.holds);
  await sleep(10);
  expect(begun).toBe(1);
  while (begun < 64 || socket.holds) {
    socket.release();
    await sleep(1);
  }
  expect(readResponses(socket.taken)).toHaveLength(64);
  socket.destroy();
});
