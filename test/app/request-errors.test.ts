// The errors that handlers get from a request: the name and code of each, and that all reads that fail get the same object.

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Response } from '../../src/app/response.ts';
import type { ServerRequest } from '../../src/app/types.ts';
import { attach } from '../support/attached-app.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane, viewOf } from '../support/plane.ts';
import { WAYS } from '../support/ways.ts';

const MAX_BYTES = 200_000;
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';

/** A failure as a handler sees it. */
interface Met {
  error: Error & { code?: unknown; status?: unknown };
  reason: unknown;
}

async function readStream({ body }: ServerRequest, mode?: 'byob'): Promise<void> {
  const stream = body as ReadableStream<Uint8Array>;
  if (mode === undefined) {
    const reader = stream.getReader();
    while (!(await reader.read()).done);
    return;
  }
  const reader = stream.getReader({ mode });
  while (!(await reader.read(new Uint8Array(1000))).done);
}

const READERS: Record<string, (request: ServerRequest) => Promise<unknown>> = {
  'text()': (request) => request.text(),
  'json()': (request) => request.json(),
  'bytes()': (request) => request.bytes(),
  'arrayBuffer()': (request) => request.arrayBuffer(),
  'blob()': (request) => request.blob(),
  'formData()': (request) => request.formData(),
  'a stream': (request) => readStream(request),
  'a BYOB reader': (request) => readStream(request, 'byob'),
  'the stream of text': async (request) => {
    const { textStream } = request as unknown as { textStream(): ReadableStream<string> };
    const reader = textStream.call(request).getReader();
    while (!(await reader.read()).done);
  },
  'a clone': (request) => request.clone().text(),
  'a clone, whose trailers are asked for': async (request) => {
    const { trailers } = request.clone() as ServerRequest;
    await readStream(request).catch(() => {});
    await trailers;
  },
  'the trailers, while the handler does not read the content': (request) => request.trailers,
};

describe.each(WAYS)('$read reads', (io) => {
  let server: OpenedPlane;
  let client: Client;
  const logged = vi.spyOn(console, 'error');
  beforeEach(async () => {
    logged.mockReset().mockImplementation(() => {});
    server = await openPlane({ io, log: 'errors', contentBytesMax: MAX_BYTES });
    client = await server.connect();
  });

  let met: Met | undefined;
  let handled = 0;
  const serve = (handler: (request: ServerRequest) => Promise<unknown>): Promise<void> => {
    met = undefined;
    handled = 0;
    const view = viewOf(server);
    return attach(
      server.plane,
      {
        fetch: async (request) => {
          const { signal } = request;
          handled++;
          try {
            await handler(request);
          } catch (error) {
            met = { error: error as Error, reason: signal.reason };
          }
          return new Response('caught');
        },
      },
      { worker: 0, server: view, trustProxy: 0 },
    );
  };
  const meets = async (): Promise<Met> => {
    await eventually('met', () => met !== undefined);
    return met as Met;
  };

  describe.each(Object.entries(READERS))('%s', (_, reader) => {
    test.each(['destroy', 'resetAndDestroy', 'end'] as const)(
      'rejects with the reason of the signal when the client has disconnected: %s',
      async (leave) => {
        for (const text of [POST, CHUNKED]) {
          await serve(reader);
          client.send(text);
          await eventually('handled', () => handled === 1);
          await sleep(5);
          client.socket[leave]();
          const { error, reason } = await meets();
          expect(error).toBe(reason);
          expect(error).toBeInstanceOf(DOMException);
          expect([error.name, error.code]).toEqual(['AbortError', 'ERR_CLIENT_GONE']);
          client.close();
          client = await server.connect();
        }
      },
    );

    test('rejects with a BodyError when the body is too large, too slow or malformed', async () => {
      const { bodyTimeoutMs } = server.plane.deadlines;
      for (const [text, then, code, status] of [
        [CHUNKED, 'fffff\r\n', 'ERR_BODY_TOO_LARGE', 413],
        [CHUNKED, 'nonsense\r\n', 'ERR_BODY_MALFORMED', 400],
        [POST, '', 'ERR_BODY_TIMEOUT', 408],
      ] as const) {
        await serve(reader);
        client.send(text);
        await eventually('handled', () => handled === 1);
        await sleep(5);
        if (then === '') server.pass(bodyTimeoutMs);
        else client.send(then);
        const { error, reason } = await meets();
        expect([error.name, error.code, error.status]).toEqual(['BodyError', code, status]);
        expect(error).toBe(reason);
        expect(await client.end()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
        client.close();
        client = await server.connect();
      }
    });
  });

  test("a read that begins after the client has disconnected rejects with the signal's reason", async () => {
    await serve(async (request) => {
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      await request.body?.cancel().catch(() => {});
      await request.signal.throwIfAborted();
    });
    client.send(POST);
    await eventually('handled', () => handled === 1);
    client.socket.resetAndDestroy();
    expect((await meets()).error).toBe((await meets()).reason);

    client = await server.connect();
    await serve(async (request) => {
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      // Bytes that arrived before may still be read.
      await readStream(request);
    });
    client.send(POST);
    await eventually('handled', () => handled === 1);
    client.socket.resetAndDestroy();
    const { error, reason } = await meets();
    expect(error).toBe(reason);
  });

  test('a second read is a TypeError with a code', async () => {
    await serve(async (request) => {
      await request.text();
      await request.text();
    });
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
    const { error } = await meets();
    expect([error.name, error.code]).toEqual(['TypeError', 'ERR_BODY_USED']);
    expect(error.message).toBe('Body is unusable: Body has already been read');
  });

  test('a read of the body or the head after the response gives ERR_REQUEST_ANSWERED', async () => {
    let late: ServerRequest | undefined;
    const view = viewOf(server);
    await attach(
      server.plane,
      {
        fetch: (request) => {
          late = request;
          return new Response('answered');
        },
      },
      { worker: 0, server: view, trustProxy: 0 },
    );
    client.send(POST);
    await client.until(/answered$/);
    await expect(late?.text()).rejects.toMatchObject({ name: 'Error', code: 'ERR_REQUEST_ANSWERED' });
    const first = await late?.text().catch((error: unknown) => error);
    expect(() => late?.method).toThrow(
      expect.objectContaining({ name: 'Error', code: 'ERR_REQUEST_ANSWERED' }),
    );
    const other = await server.connect();
    other.send(POST);
    await other.until(/answered$/);
    // If two requests shared an error, a property that one handler adds to it would reach the other handler.
    expect(await late?.text().catch((error: unknown) => error)).not.toBe(first);
    other.close();
  });

  test("a handler that takes too long gets ERR_HANDLER_TIMEOUT as its signal's reason", async () => {
    let reason: { name?: string; code?: string } | undefined;
    await serve((request) => {
      request.signal.addEventListener('abort', () => {
        reason = request.signal.reason;
      });
      return new Promise(() => {});
    });
    client.send(GET);
    await eventually('handled', () => handled === 1);
    server.pass(server.plane.deadlines.handlerTimeoutMs);
    expect([reason?.name, reason?.code]).toEqual(['AbortError', 'ERR_HANDLER_TIMEOUT']);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 503 /);
  });
});
