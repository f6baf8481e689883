// Content that was received with its head lies in the slot while the handler is called. Every way of reading must give its
// bytes and no others, whenever it reads: the plane of these tests overwrites the slot when a turn has ended.

import { beforeEach, describe, expect, test } from 'vitest';
import { toNative } from '../../src/app/native.ts';
import type { Request } from '../../src/app/request.ts';
import { Response } from '../../src/app/response.ts';
import type { App, ServerRequest } from '../../src/app/types.ts';
import { attach } from '../support/attached-app.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane, viewOf } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

const READ_BYTES = 65_536;
const TYPE = 'Content-Type: application/x-www-form-urlencoded\r\n';

type Read = (request: ServerRequest) => Promise<unknown>;

async function piecesOf(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = [];
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value);
  return Buffer.concat(pieces).toString();
}

const textOf = (bytes: Uint8Array | ArrayBuffer): string => Buffer.from(bytes as ArrayBuffer).toString();

/** Every way of reading, and the text that it yields. */
const READS: Record<string, Read> = {
  'text()': (request) => request.text(),
  'json()': async (request) => JSON.stringify(await request.json()),
  'arrayBuffer()': async (request) => textOf(await request.arrayBuffer()),
  'bytes()': async (request) => textOf(await request.bytes()),
  'blob()': async (request) => (await request.blob()).text(),
  'formData()': async (request) => [...(await request.formData()).keys()].join(),
  'a stream': (request) => piecesOf(request.body),
  'a BYOB reader': async ({ body }) => {
    const reader = (body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' });
    let all = '';
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(READ_BYTES));
      if (done) return all;
      all += textOf(value);
    }
  },
  'textStream()': async (request) => {
    let all = '';
    for await (const piece of (request as Request).textStream()) all += piece;
    return all;
  },
  'two clones': async (request) => {
    const clone = request.clone();
    const [one, other] = await Promise.all([request.text(), clone.text()]);
    return one === other ? one : `${one} and ${other}`;
  },
  'a Response of its stream': (request) => new Response(request.body).text(),
  'a native Request': async (request) => (request as Request)[toNative]().text(),
};

/** Moments at which a handler reads. */
const MOMENTS: Record<string, () => unknown> = {
  'at once': () => undefined,
  'after a promise': () => Promise.resolve(),
  later: () => sleep(3),
};

let counted = 0;
/** A JSON string that is also a form with one key, of at least 8 bytes, unlike all others. */
function content(size = 100): string {
  const text = `"${counted++}-"`;
  return `${text.slice(0, -1)}${'abcdefghij'.repeat(size / 10 + 1).slice(0, Math.max(0, size - text.length))}"`;
}

const head = (framing: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${TYPE}${framing}\r\n\r\n`;
const byLength = (text: string): string => `${head(`Content-Length: ${text.length}`)}${text}`;
const chunks = (text: string): string =>
  `3\r\n${text.slice(0, 3)}\r\n${(text.length - 3).toString(16)};a=b\r\n${text.slice(3)}\r\n0\r\nSum: 1\r\n\r\n`;
const chunked = (text: string): string => head('Transfer-Encoding: chunked') + chunks(text);

/** Sends requests in some way. @returns their contents */
type Arrival = (client: Client) => Promise<string[]> | string[];

function atOnce(client: Client, requests: [text: string, request: string][]): string[] {
  client.send(requests.map(([, request]) => request).join(''));
  return requests.map(([text]) => text);
}

async function inPieces(client: Client, pieces: string[]): Promise<void> {
  for (const piece of pieces) {
    client.send(piece);
    await sleep(2);
  }
}

const one = (text: string, make = byLength): [string, string] => [text, make(text)];

const ARRIVALS: Record<string, Arrival> = {
  'in one read': (client) => atOnce(client, [one(content())]),
  'of one byte more than is copied with the head': (client) => atOnce(client, [one(content(1025))]),
  'of several KiB': (client) => atOnce(client, [one(content(20_000))]),
  'that fills the slot': (client) => {
    const text = content(READ_BYTES - head(`Content-Length: ${READ_BYTES - 100}`).length);
    const request = byLength(text);
    if (request.length !== READ_BYTES) throw new Error(`the request has ${request.length} bytes`);
    return atOnce(client, [[text, request]]);
  },
  'behind its head': async (client) => {
    const text = content();
    await inPieces(client, [head(`Content-Length: ${text.length}`), text]);
    return [text];
  },
  'in pieces': async (client) => {
    const text = content();
    const request = byLength(text);
    await inPieces(client, [
      request.slice(0, 30),
      request.slice(30, -60),
      request.slice(-60, -20),
      request.slice(-20),
    ]);
    return [text];
  },
  'in chunks': (client) => atOnce(client, [one(content(), chunked)]),
  'in chunks of several reads': async (client) => {
    const text = content();
    const request = chunked(text);
    await inPieces(client, [request.slice(0, -90), request.slice(-90, -20), request.slice(-20)]);
    return [text];
  },
  'among pipelined requests': (client) =>
    atOnce(client, [one(content()), one(content(), chunked), one(content(3000)), one(content())]),
  'before a part of the next request': async (client) => {
    const [text, other] = [content(), content()];
    client.send(byLength(text) + byLength(other).slice(0, -40));
    await sleep(5);
    client.send(byLength(other).slice(-40));
    return [text, other];
  },
};

describe.each(ENGINE_WAYS)('%s engine, $read reads', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  beforeEach(async () => {
    server = await openPlane({ engine, io });
    client = await server.connect();
  });
  const serve = (app: App): Promise<void> =>
    attach(server.plane, app, { worker: 0, server: viewOf(server), trustProxy: 0 });
  /** Returns the contents of the next responses. */
  async function responses(count: number): Promise<string[]> {
    const text = await client.until(
      (received) => received.split('HTTP/1.1 ').length === count + 1 && whole(received),
    );
    client.received = '';
    return readResponses(text).map((response) => response.content);
  }
  function whole(received: string): boolean {
    try {
      readResponses(received);
      return true;
    } catch {
      return false;
    }
  }

  describe.each(Object.entries(ARRIVALS))('content %s', (_, send) => {
    test.each(Object.entries(MOMENTS))('is read %s in every way', async (_moment, moment) => {
      let read: Read;
      await serve({
        fetch: async (request) => {
          const wait = moment();
          if (wait !== undefined) await wait;
          return new Response((await read(request)) as string);
        },
      });
      for (const [how, way] of Object.entries(READS)) {
        read = way;
        const sent = await send(client);
        const got = await responses(sent.length);
        expect(got.length, how).toBe(sent.length);
        for (const [i, text] of sent.entries()) if (got[i] !== text) expect(got[i], how).toBe(text);
      }
    });
  });

  test.each(['Content-Length: 0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'])(
    'empty content is read in every way: %j',
    async (framing) => {
      for (const moment of Object.values(MOMENTS))
        for (const [how, read] of Object.entries(READS)) {
          await serve({
            fetch: async (request) => {
              await moment();
              return new Response(String(await read(request).catch((error) => error.name)));
            },
          });
          client.send(`POST / HTTP/1.1\r\nHost: a\r\n${TYPE}${framing}`);
          expect(await responses(1), how).toEqual([how === 'json()' ? 'SyntaxError' : '']);
        }
    },
  );

  test('a request that is kept and read after its response is gone, and shows no bytes of others', async () => {
    const kept: ServerRequest[] = [];
    await serve({
      fetch: (request) => {
        kept.push(request);
        return new Response('answered');
      },
    });
    for (const [how, read] of Object.entries(READS)) {
      for (const make of [byLength, chunked]) {
        client.send(make(content()) + make(content()));
        await responses(2);
      }
      for (const request of kept.splice(0)) {
        const trailers = request.trailers.catch((error: unknown) => error);
        const failure = await read(request).then(
          (text) => `read ${text}`,
          (error: unknown) => error,
        );
        expect(failure, how).toMatchObject({ code: 'ERR_REQUEST_ANSWERED' });
        expect(await trailers, how).toMatchObject({ code: 'ERR_REQUEST_ANSWERED' });
      }
    }
  });

  test('a handler that answers at once keeps the content by beginning to read it', async () => {
    const reading: Promise<unknown>[] = [];
    for (const [how, read] of Object.entries(READS)) {
      await serve({
        fetch: (request) => {
          reading.push(read(request));
          return new Response('answered');
        },
      });
      const texts = [content(), content(), content(5000), content(5000)];
      client.send(byLength(texts[0] as string) + chunked(texts[1] as string));
      client.send(byLength(texts[2] as string) + byLength(texts[3] as string));
      await responses(4);
      expect(await Promise.all(reading.splice(0)), how).toEqual(texts);
    }
  });

  test('a handler that answers at once keeps the content by taking its stream, or a clone', async () => {
    const kept: (() => Promise<unknown>)[] = [];
    const keeps: ((request: ServerRequest) => () => Promise<unknown>)[] = [
      ({ body }) =>
        () =>
          piecesOf(body),
      (request) => {
        const clone = request.clone();
        return () => clone.text();
      },
      (request) => {
        const native = (request as Request)[toNative]();
        return () => native.text();
      },
    ];
    for (const keep of keeps) {
      await serve({
        fetch: (request) => {
          kept.push(keep(request));
          return new Response('answered');
        },
      });
      const texts = [content(), content(), content(5000)];
      client.send(byLength(texts[0] as string) + chunked(texts[1] as string) + byLength(texts[2] as string));
      await responses(3);
      expect(await Promise.all(kept.splice(0).map((read) => read()))).toEqual(texts);
    }
  });

  test('a response of the request stream, and error() after a handler that throws, get the content', async () => {
    for (const app of [
      { fetch: (request) => new Response(request.body) },
      {
        fetch: () => {
          throw new Error('no');
        },
        error: async (_error, request) => new Response(await request.text()),
      },
      {
        fetch: () => {
          throw new Error('no');
        },
        error: async (_error, request) => {
          await null;
          return new Response(await request.text());
        },
      },
      {
        fetch: async () => {
          await null;
          throw new Error('no');
        },
        error: async (_error, request) => new Response(await request.text()),
      },
    ] satisfies App[]) {
      await serve(app);
      const texts = [content(), content(), content(5000)];
      client.send(byLength(texts[0] as string) + chunked(texts[1] as string) + byLength(texts[2] as string));
      expect(await responses(3)).toEqual(texts);
    }
  });

  test('handlers on many connections get the content of their own', async () => {
    await serve({
      fetch: async (request) => {
        await sleep(1);
        return new Response(await request.text());
      },
    });
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    const texts = clients.map((_, i) => content(50 + i * 100));
    for (const [i, other] of clients.entries()) other.send(byLength(texts[i] as string));
    for (const [i, other] of clients.entries()) {
      await eventually('answered', () => whole(other.received) && other.received !== '');
      expect(readResponses(other.received)[0]?.content).toBe(texts[i]);
    }
  });
});
