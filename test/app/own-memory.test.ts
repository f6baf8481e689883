// Memory that reaches a handler has the request's own bytes and nothing else. The process reuses memory without
// clearing it, so a view that is smaller than its buffer would show bytes of other clients.

import { describe, expect, test } from 'vitest';
import type { App, ServerRequest } from '../../src/app/types.ts';
import { attach } from '../support/attached-app.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane, viewOf } from '../support/plane.ts';
import { WAYS } from '../support/ways.ts';

const READ_BYTES = 65_536;
const BYTE = 0x61;

type Reader = (request: ServerRequest, see: (bytes: Uint8Array | ArrayBuffer) => void) => Promise<unknown>;

async function* piecesOf(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

const READERS: Record<string, Reader> = {
  'a stream': async ({ body }, see) => {
    for await (const piece of piecesOf(body)) see(piece);
  },
  'a stream, slowly': async ({ body }, see) => {
    for await (const piece of piecesOf(body)) {
      see(piece);
      await sleep(1);
    }
  },
  'a stream of which half is read': async ({ body }, see) => {
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    for (let i = 0; i < 2; i++) {
      const { value } = await reader.read();
      if (value !== undefined) see(value);
    }
    await reader.cancel();
  },
  'a BYOB reader': async ({ body }, see) => {
    const reader = (body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' });
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(10_000));
      if (done) return;
      // The buffer belongs to the handler, so the server must not write behind the bytes of this read.
      const all = new Uint8Array(value.buffer);
      see(
        value.byteLength === all.length || all.subarray(value.byteLength).every((byte) => byte === 0)
          ? value.slice()
          : value,
      );
    }
  },
  'two clones': async (request, see) => {
    const clone = request.clone();
    const read = async ({ body }: ServerRequest): Promise<void> => {
      for await (const piece of piecesOf(body)) see(piece);
    };
    await Promise.all([read(request), read(clone as ServerRequest)]);
  },
  'bytes()': async (request, see) => see(await request.bytes()),
  'arrayBuffer()': async (request, see) => see(await request.arrayBuffer()),
  'blob()': async (request, see) => see(await (await request.blob()).arrayBuffer()),
  'bytes() later': async (request, see) => {
    await sleep(20);
    see(await request.bytes());
  },
  'a first piece, then new Response(stream).bytes()': async ({ body }, see) => {
    see(new Uint8Array(await new Response(body).arrayBuffer()));
  },
};

interface Upload {
  /** Sizes of the writes, with a pause after each when it is slow. */
  writes: number[];
  chunked?: boolean;
  pauseMs?: number;
  /** How the client disconnects before the end of its content. */
  leaves?: 'end' | 'resetAndDestroy';
}

const UPLOADS: Record<string, Upload> = {
  'of a few bytes': { writes: [10] },
  'of one read': { writes: [40_000] },
  'at once': { writes: [1_000_000] },
  'of several large reads, then less than a read': {
    writes: [READ_BYTES * 8 + 40_000, 50_000, 50_000, 1000, 60_000],
    pauseMs: 5,
  },
  'of large reads, then single bytes': { writes: [READ_BYTES * 2, 1, 1, 1], pauseMs: 3 },
  'of several large reads, then an early end': {
    writes: [READ_BYTES * 8 + 40_000, 50_000],
    pauseMs: 5,
    leaves: 'end',
  },
  'in quantity, then a reset': {
    writes: [READ_BYTES * 8 + 40_000, 50_000],
    pauseMs: 5,
    leaves: 'resetAndDestroy',
  },
  'in chunks': { writes: [READ_BYTES, 40_000, 100_000, 7, 3], chunked: true },
  'in chunks, slowly': { writes: [READ_BYTES, 40_000, 7, 3], chunked: true, pauseMs: 3 },
  'in chunks, then a reset': {
    writes: [READ_BYTES, 40_000],
    chunked: true,
    pauseMs: 3,
    leaves: 'resetAndDestroy',
  },
};

async function send(client: Client, { writes, chunked, pauseMs, leaves }: Upload): Promise<void> {
  const size = writes.reduce((sum, bytes) => sum + bytes, leaves === undefined ? 0 : 100_000);
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`;
  client.send(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
  for (const bytes of writes) {
    if (chunked) client.send(`${bytes.toString(16)}\r\n`);
    client.socket.write(Buffer.alloc(bytes, BYTE));
    if (chunked) client.send('\r\n');
    if (pauseMs !== undefined) {
      await eventually('written', () => client.socket.writableLength === 0);
      await sleep(pauseMs);
    }
  }
  if (leaves !== undefined) client.socket[leaves]();
  else if (chunked) client.send('0\r\n\r\n');
}

async function serve(server: OpenedPlane, app: App): Promise<void> {
  const view = viewOf(server);
  await attach(server.plane, app, { worker: 0, server: view, trustProxy: 0 });
}

describe.each(WAYS)('$read reads: an upload', (io) => {
  test.each(Object.entries(UPLOADS))('%s shows a handler only its own bytes', async (_, upload) => {
    const server = await openPlane({ io, contentBytesMax: 10_000_000 });
    const wrong: string[] = [];
    let size = 0;
    let handled = 0;
    let reader: Reader;
    const check =
      (how: string) =>
      (bytes: Uint8Array | ArrayBuffer): void => {
        const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
        size += view.length;
        if (view.buffer.byteLength !== view.byteLength)
          wrong.push(`${how}: ${view.length} of ${view.buffer.byteLength}`);
        if (!new Uint8Array(view.buffer).every((byte) => byte === BYTE)) wrong.push(`${how}: foreign bytes`);
      };
    for (const [how, one] of Object.entries(READERS)) {
      reader = one;
      const before = handled;
      await serve(server, {
        fetch: async (request) => {
          await reader(request, check(how)).catch(() => {});
          handled++;
          return new Response('done');
        },
      });
      const client = await server.connect();
      client.socket.on('error', () => {});
      await send(client, upload);
      await eventually(`${how} handled`, () => handled === before + 1);
      client.close();
    }
    expect(wrong).toEqual([]);
    expect(size).toBeGreaterThan(0);
  });
});
