// Streams of HTTP/2: content in both directions at the pace of its reader, what ends a request early, and its deadlines.

import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Deadlines } from '../../src/connection/deadlines.ts';
import type { Exchange } from '../../src/connection/exchange.ts';
import { pair } from '../support/certificates.ts';
import { eventually } from '../support/client.ts';
import { answerOf, ask, type Http2Plane, openHttp2 } from '../support/http2.ts';
import {
  CANCEL,
  connectFrames,
  DATA,
  END_HEADERS,
  frame,
  GOAWAY,
  NO_ERROR,
  RST_STREAM,
  request,
  SETTINGS,
  WINDOW_UPDATE,
  withFields,
  word,
} from '../support/http2-frames.ts';

let server: Http2Plane;
let client: ClientHttp2Session;
let exchanges: Exchange[];

const SECONDS = 1000;
const DEADLINES: Partial<Deadlines> = {
  idleTimeoutMs: 20 * SECONDS,
  bodyTimeoutMs: 30 * SECONDS,
  bodyRateMin: 100,
  writeTimeoutMs: 40 * SECONDS,
  handlerTimeoutMs: 50 * SECONDS,
};

beforeEach(async () => {
  server = await openHttp2({ contentBytesMax: 1_000_000, deadlines: DEADLINES, log: 'requests' });
  client = server.connectHttp2();
  exchanges = [];
  serve(() => {});
});

function serve(application: (exchange: Exchange) => void): void {
  server.plane.serve((exchange) => {
    exchanges.push(exchange);
    application(exchange);
  });
}

function post(fields: Record<string, string> = {}): ClientHttp2Stream {
  const stream = client.request({ ':method': 'POST', ':path': '/a', ...fields });
  stream.on('error', () => {});
  return stream;
}

async function given(): Promise<Exchange> {
  await eventually('given', () => exchanges.length > 0);
  return exchanges.at(-1) as Exchange;
}

async function settled(): Promise<void> {
  await eventually('over', () => server.connections.underWay.length === 0);
}

describe('content of a request', () => {
  test('is read piece by piece, no further ahead than a window', async () => {
    const stream = post();
    const exchange = await given();
    let sent = 0;
    const more = (): void => {
      while (sent < 900_000) {
        sent += 10_000;
        if (!stream.write(Buffer.alloc(10_000, 'x'))) return void stream.once('drain', more);
      }
      stream.end();
    };
    more();
    await sleep(100);
    // What waits here, in the windows of stream and connection, and in the buffers of client and kernel.
    const before = sent;
    await sleep(100);
    expect(sent).toBe(before);
    expect(before).toBeLessThan(400_000);
    let read = 0;
    for (let piece = await exchange.content?.read(); piece; piece = await exchange.content?.read()) {
      expect(piece.buffer.byteLength).toBe(piece.length);
      read += piece.length;
    }
    expect(read).toBe(900_000);
    exchange.respond(200, '', 'done', false);
    expect((await answerOf(stream)).content).toBe('done');
  });

  test('is read whole', async () => {
    serve(async (exchange) => {
      const whole = await exchange.content?.readWhole();
      exchange.respond(200, '', `${whole?.length} ${exchange.content?.length}`, false);
    });
    expect((await ask(client, { ':method': 'POST' }, 'x'.repeat(500_000))).content).toBe('500000 undefined');
    expect((await ask(client, { ':method': 'POST', 'content-length': 5 }, 'x'.repeat(5))).content).toBe(
      '5 5',
    );
  });

  test('without a byte, announced or not', async () => {
    serve(async (exchange) => {
      const whole = await exchange.content?.readWhole();
      exchange.respond(200, '', `${whole?.length}`, false);
    });
    expect((await ask(client, { ':method': 'POST', 'content-length': 0 }, '')).content).toBe('undefined');
    expect((await ask(client, { ':method': 'POST' }, '')).content).toBe('0');
  });

  test.each([
    ['announced', { 'content-length': '1000001' }],
    ['in pieces', {}],
  ])('that is too large, %s, gets 413', async (how, fields) => {
    let reason: Error | undefined;
    serve((exchange) => {
      exchange.content?.whenBroken((error) => {
        reason = error;
      });
      exchange.content?.readWhole().catch(() => {});
    });
    const stream = post(fields);
    const answer = answerOf(stream);
    stream.write(Buffer.alloc(1_000_001));
    void given().then(
      (exchange) => exchange.content?.cancel(),
      () => {},
    );
    expect(await answer).toMatchObject({ status: 413 });
    if (how === 'in pieces') {
      expect(reason).toMatchObject({ code: 'ERR_BODY_TOO_LARGE' });
      expect(exchanges[0]?.aborted).toBe(reason);
    }
    expect(server.statistics().refused).toBe(1);
    expect(client.destroyed).toBe(false);
  });

  test.each([
    ['POST', CANCEL],
    ['POST', NO_ERROR],
    ['HEAD', CANCEL],
    ['HEAD', NO_ERROR],
  ])('that a client takes back breaks off: %s, RST_STREAM with code %i', async (method, code) => {
    const frames = await connectFrames(server.tlsPort);
    frames.send(request(1, withFields({ ':method': method }), END_HEADERS), frame(DATA, 1, 'abc'));
    const exchange = await given();
    expect(await exchange.content?.read()).toHaveLength(3);
    const next = exchange.content?.read();
    frames.send(frame(RST_STREAM, 1, word(code)));
    await expect(next).rejects.toMatchObject({ name: 'AbortError', code: 'ERR_CLIENT_GONE' });
    expect(exchange.aborted).toMatchObject({ code: 'ERR_CLIENT_GONE' });
    expect(exchange.over).toBe(true);
  });

  test('that nobody reads does not keep a stream that was taken back', async () => {
    const frames = await connectFrames(server.tlsPort);
    frames.send(request(1, withFields({ ':method': 'POST' }), END_HEADERS));
    // Each piece counts a little more than its bytes, so together they fill the window of the application.
    for (let i = 0; i < 40; i++) frames.send(frame(DATA, 1, Buffer.alloc(1600)));
    const exchange = await given();
    await sleep(50);
    frames.send(frame(RST_STREAM, 1, word(NO_ERROR)));
    await eventually('over', () => exchange.over);
  });

  test('100 Continue comes when the content is read', async () => {
    serve((exchange) => {
      setTimeout(
        async () => exchange.respond(200, '', (await exchange.content?.readWhole()) ?? '', false),
        20,
      );
    });
    const stream = post({ expect: '100-continue' });
    const answer = answerOf(stream);
    await once(stream, 'continue');
    stream.end('content');
    expect((await answer).content).toBe('content');
  });

  test('100 Continue comes for a prepared response, too', async () => {
    server.plane.serve(undefined);
    const stream = post({ expect: '100-continue' });
    const answer = answerOf(stream);
    await once(stream, 'continue');
    stream.end('content');
    expect((await answer).content).toBe('Hello1');
  });

  test('after the response, the client is told that the rest is not wanted', async () => {
    serve((exchange) => exchange.respond(200, '', 'early', false));
    const stream = post();
    const answer = answerOf(stream);
    stream.write(Buffer.alloc(200_000));
    expect((await answer).content).toBe('early');
    await eventually('closed', () => stream.closed);
    expect(stream.rstCode).toBe(0);
    await expect(exchanges[0]?.content?.read()).rejects.toMatchObject({ code: 'ERR_REQUEST_ANSWERED' });
    await eventually('idle', () => server.connections.underWay.length === 0);
  });
});

describe('content of a response', () => {
  test('waits for a slow reader, and goes on', async () => {
    const stream = client.request({ ':path': '/' });
    const exchange = await given();
    exchange.begin(200, '', undefined, false);
    let written = 0;
    const piece = Buffer.alloc(16_384, 'x');
    while (exchange.write(piece, true)) {
      written += piece.length;
      await new Promise((resolve) => setImmediate(resolve));
      if (written > 10_000_000) break;
    }
    expect(written).toBeLessThan(1_000_000);
    const drained = new Promise<void>((resolve) => (exchange.onDrain = resolve));
    const answer = answerOf(stream);
    await drained;
    exchange.end('x-a: 1\r\n');
    const { content, trailers } = await answer;
    expect(content.length).toBe(written + piece.length);
    expect(trailers).toMatchObject({ 'x-a': '1' });
  });

  test('bytes may change after write(), unless they are lasting', async () => {
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      const bytes = Buffer.from('one');
      exchange.write(bytes);
      bytes.fill('x');
      exchange.write(bytes);
      bytes.fill('y');
      exchange.end('');
    });
    expect((await ask(client)).content).toBe('onexxx');
  });

  test('callbacks of write() are called in order, once the client has taken the bytes', async () => {
    const calls: string[] = [];
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      for (const name of ['a', 'b', 'c'])
        exchange.write(Buffer.alloc(name === 'b' ? 0 : 100_000, name), true, (error) =>
          calls.push(error ? 'error' : name),
        );
      exchange.end('');
    });
    expect((await ask(client)).content.length).toBe(200_000);
    expect(calls).toEqual(['a', 'b', 'c']);
  });

  test('callbacks of write() get an error when the client is gone', async () => {
    const errors: (Error | undefined)[] = [];
    const stream = client.request({ ':path': '/' });
    stream.on('error', () => {});
    const exchange = await given();
    exchange.begin(200, '', undefined, false);
    for (let i = 0; i < 3; i++) exchange.write(Buffer.alloc(1_000_000), true, (error) => errors.push(error));
    await once(stream, 'response');
    stream.close(8);
    await eventually('told', () => errors.length === 3);
    expect(errors.every((error) => (error as { code?: string })?.code === 'ERR_CLIENT_GONE')).toBe(true);
  });

  test('a length that is not kept breaks the response off', async () => {
    serve((exchange) => {
      exchange.begin(200, '', 10, false);
      exchange.write(Buffer.from('short'));
      exchange.end('');
    });
    await expect(ask(client)).rejects.toThrow();
    await settled();
    serve((exchange) => {
      exchange.begin(200, '', 3, false);
      expect(() => exchange.write(Buffer.from('long'))).toThrow(RangeError);
      exchange.write(Buffer.from('fit'));
      exchange.end('');
    });
    expect(await ask(client)).toMatchObject({ content: 'fit', fields: { 'content-length': '3' } });
  });

  test('a response that ends at once has a length; one that does not has none', async () => {
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('whole'));
      if (exchange.head.target === '/whole') exchange.end('');
      else setTimeout(() => exchange.end(''), 20);
    });
    expect((await ask(client, '/whole')).fields['content-length']).toBe('5');
    expect(await ask(client, '/later')).toMatchObject({ content: 'whole', fields: { ':status': 200 } });
    expect((await ask(client, '/later')).fields).not.toHaveProperty('content-length');
  });

  test('breakOff() resets the stream after a part of it, and sends a 500 before', async () => {
    serve((exchange) => exchange.breakOff());
    expect((await ask(client)).status).toBe(500);
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('part'));
      setTimeout(() => exchange.breakOff(), 20);
    });
    await expect(ask(client)).rejects.toThrow(/INTERNAL_ERROR/);
    expect(await ask(client, '/').catch(String)).toMatch(/INTERNAL_ERROR/);
    expect(client.destroyed).toBe(false);
  });

  test('withdraw() takes a head back that has not left', async () => {
    serve((exchange) => {
      exchange.begin(200, 'x-a: 1\r\n', undefined, false);
      exchange.write(Buffer.from('lost'));
      expect(exchange.withdraw()).toBe(true);
      exchange.respond(503, '', 'instead', false);
    });
    const { status, fields, content } = await ask(client);
    expect([status, fields['x-a'], content]).toEqual([503, undefined, 'instead']);
  });

  test('informational responses come before the response', async () => {
    serve((exchange) => {
      expect(exchange.inform(103, 'link: </a.css>\r\n')).toBe(true);
      expect(() => exchange.inform(101, '')).toThrow(RangeError);
      exchange.respond(200, '', 'ok', false);
      expect(exchange.inform(103, '')).toBe(false);
    });
    const { informational, content } = await ask(client);
    expect(content).toBe('ok');
    expect(informational).toMatchObject([{ ':status': 103, link: '</a.css>' }]);
  });

  test('an application that throws gets a 500, and its error is logged', async () => {
    const failures: unknown[] = [];
    server.plane.log.failed = (_what, error) => failures.push(error);
    serve(() => {
      throw new Error('thrown');
    });
    expect((await ask(client)).status).toBe(500);
    expect(failures).toEqual([new Error('thrown')]);
  });

  test('upgrade() fails', async () => {
    serve((exchange) => {
      expect(() => exchange.upgrade(() => {})).toThrow('HTTP/2');
      exchange.respond(200, '', 'ok', false);
    });
    expect((await ask(client)).content).toBe('ok');
  });

  test('a response that closes the connection ends the session, after the others', async () => {
    serve((exchange) => {
      if (exchange.head.target === '/slow') setTimeout(() => exchange.respond(200, '', 'slow', false), 50);
      else exchange.respond(200, '', 'last', true);
    });
    const slow = ask(client, '/slow');
    expect((await ask(client)).content).toBe('last');
    expect((await slow).content).toBe('slow');
    if (!client.destroyed) await once(client, 'close');
  });

  test('the address of a client that has gone is unknown; only clients of a unix socket have an empty one', async () => {
    // The log of requests reads the address at the start.
    const other = await openHttp2();
    other.plane.serve((exchange) => exchanges.push(exchange));
    const gone = other.connectHttp2();
    gone.request({ ':path': '/' }).on('error', () => {});
    const exchange = await given();
    gone.destroy();
    await eventually('closed', () => other.statistics().open === 0);
    expect(exchange.remoteAddress).toBe('unknown');
  });

  test('events of an exchange: left, gone, abort, drain', async () => {
    const events: string[] = [];
    serve((exchange) => {
      for (const event of ['left', 'gone', 'abort', 'drain'] as const)
        exchange.on(event, (() => events.push(`${exchange.head.target} ${event}`)) as never);
      if (exchange.head.target === '/ok') setImmediate(() => exchange.respond(200, '', 'ok', false));
    });
    await ask(client, '/ok');
    await eventually('left', () => events.includes('/ok left'));
    const stream = client.request({ ':path': '/gone' });
    stream.on('error', () => {});
    await eventually('given', () => exchanges.length === 2);
    stream.close(8);
    await eventually('gone', () => events.includes('/gone left'));
    expect(events).toEqual(['/ok left', '/gone abort', '/gone gone', '/gone drain', '/gone left']);
  });
});

describe('the end of a connection', () => {
  test.each([
    ['closes it', () => client.destroy()],
    ['reports an error', () => client.goaway(2)],
  ])('a client that %s aborts its requests', async (_, end) => {
    post();
    client.request({ ':path': '/' }).on('error', () => {});
    await eventually('given', () => exchanges.length === 2);
    end();
    await eventually('aborted', () => exchanges.every(({ aborted, over }) => over && aborted !== undefined));
    await eventually('closed', () => server.statistics().open === 0);
  });

  test('requests under way go on when the client says that it sends no more', async () => {
    const answer = ask(client);
    const exchange = await given();
    client.close();
    await sleep(20);
    expect(exchange.aborted).toBeUndefined();
    exchange.respond(200, '', 'ok', false);
    expect((await answer).content).toBe('ok');
    await eventually('closed', () => server.statistics().open === 0);
  });

  test('a session makes no room for another connection before its client has had time for a first request', async () => {
    const other = await openHttp2({ limits: { connectionsMax: 1 } });
    other.plane.serve((exchange) => exchange.respond(200, '', 'ok', false));
    const first = other.connectHttp2();
    await once(first, 'remoteSettings');
    const second = net.connect(other.tlsPort, '127.0.0.1').on('error', () => {});
    await eventually('turned away', () => other.statistics().accepted === 2);
    expect((await ask(first)).content).toBe('ok');
    second.destroy();
    // After a request it makes room.
    await ask(other.connectHttp2()).catch(() => {});
    await eventually('closed', () => first.destroyed);
  });

  test('a drain finishes the requests under way', async () => {
    const answer = ask(client);
    const exchange = await given();
    const goaway = once(client, 'goaway');
    const drained = server.connections.drain();
    await goaway;
    exchange.respond(200, '', 'ok', false);
    expect((await answer).content).toBe('ok');
    await drained;
  });

  test('a session that begins during the drain of a reload ends after its first request', async () => {
    serve((exchange) => exchange.respond(200, '', 'ok', false));
    const socket = net.connect(server.tlsPort, '127.0.0.1');
    await eventually('accepted', () => server.statistics().open === 2);
    const drained = server.connections.drain({ closeIdle: false });
    await eventually('announced', () => client.closed);
    const { ca } = pair();
    const late = server.connectHttp2({
      createConnection: () => tls.connect({ socket, ca, servername: 'localhost', ALPNProtocols: ['h2'] }),
    });
    expect((await ask(late)).content).toBe('ok');
    await eventually('announced', () => late.closed);
    await drained;
    expect(server.statistics().open).toBe(0);
  });

  test('a drain does not wait for a client that does not close', async () => {
    const frames = await connectFrames(server.tlsPort, [], true);
    await frames.until(({ type }) => type === SETTINGS);
    client.destroy();
    const drained = server.connections.drain();
    await frames.until(({ type }) => type === GOAWAY);
    await sleep(50);
    expect(server.statistics().open).toBe(1);
    server.pass(3 * SECONDS);
    await eventually('cut', () => server.statistics().open === 0);
    await drained;
  });

  test('destroy() aborts and counts what is under way', async () => {
    const answer = ask(client).catch(() => {});
    const exchange = await given();
    expect(server.connections.destroy()).toBe(1);
    expect(exchange.aborted).toMatchObject({ code: 'ERR_SERVER_STOPPED' });
    await answer;
  });

  test('a request that is destroyed leaves the others alone', async () => {
    const one = ask(client, '/one').catch(() => {});
    await given();
    const two = ask(client, '/two');
    await eventually('given', () => exchanges.length === 2);
    expect(server.connections.underWay.map(({ head }) => head.target)).toEqual(['/one', '/two']);
    server.connections.underWay[0]?.destroy();
    await one;
    exchanges[1]?.respond(200, '', 'ok', false);
    expect((await two).content).toBe('ok');
  });
});

describe('deadlines', () => {
  test('a session without requests closes', async () => {
    await ask(
      client.once('connect', () => {}),
      { ':path': '/', expect: 'x' },
    );
    await eventually('idle', () => server.connections.underWay.length === 0);
    server.pass(19 * SECONDS);
    expect(client.closed).toBe(false);
    server.pass(2 * SECONDS);
    await eventually('closed', () => client.closed);
  });

  test('a client that sends nothing, or does not close an idle session, is cut', async () => {
    const frames = await connectFrames(server.tlsPort);
    await frames.until(({ type }) => type === SETTINGS);
    server.pass(21 * SECONDS);
    await frames.until(({ type }) => type === GOAWAY);
    expect(frames.closed).toBe(false);
    server.pass(3 * SECONDS);
    await frames.end();
  });

  test('a handler that takes too long gets a 503', async () => {
    const answer = ask(client);
    const exchange = await given();
    server.pass(49 * SECONDS);
    expect(exchange.aborted).toBeUndefined();
    server.pass(2 * SECONDS);
    expect(exchange.aborted).toMatchObject({ code: 'ERR_HANDLER_TIMEOUT' });
    expect(await answer).toMatchObject({ status: 503, content: /did not answer in time/ });
    expect(server.lines).toContain('The response to GET / did not come within the handler timeout');
  });

  test('a response that stands still is reset', async () => {
    const answer = ask(client).catch(String);
    const exchange = await given();
    exchange.begin(200, '', undefined, false);
    exchange.write(Buffer.from('part'));
    await sleep(50);
    server.pass(51 * SECONDS);
    expect(await answer).toMatch(/INTERNAL_ERROR/);
    expect(exchange.over).toBe(true);
  });

  test('content that does not come gets a 408', async () => {
    const stream = post();
    const answer = answerOf(stream);
    const exchange = await given();
    stream.write('a');
    await exchange.content?.read();
    const next = exchange.content?.read().catch((error) => error.code);
    server.pass(29 * SECONDS);
    stream.write('b');
    await next;
    const last = exchange.content?.read().catch((error) => error.code);
    server.pass(31 * SECONDS);
    expect(exchange.aborted).toMatchObject({ code: 'ERR_BODY_TIMEOUT' });
    expect(await answer).toMatchObject({ status: 408 });
    expect(await last).toBe('ERR_BODY_TIMEOUT');
  });

  test('a client that does not read loses its stream, not its session', async () => {
    const stream = client.request({ ':path': '/' });
    stream.on('error', () => {});
    const exchange = await given();
    exchange.respond(200, '', Buffer.alloc(10_000_000), false);
    await once(stream, 'response');
    await sleep(50);
    server.pass(39 * SECONDS);
    expect(exchange.aborted).toBeUndefined();
    server.pass(2 * SECONDS);
    expect(exchange.aborted).toMatchObject({ code: 'ERR_WRITE_TIMEOUT' });
    await once(stream, 'close');
    expect(stream.rstCode).toBe(8);
    serve((other) => other.respond(200, '', 'ok', false));
    expect((await ask(client)).content).toBe('ok');
  });

  test('a client that reads nothing at all loses its connection', async () => {
    client.destroy();
    await sleep(50);
    await eventually('closed', () => server.statistics().open === 0);
    const frames = await connectFrames(server.tlsPort);
    frames.send(request(1));
    const exchange = await given();
    frames.socket.pause();
    frames.send(frame(WINDOW_UPDATE, 0, word(2 ** 30)), frame(WINDOW_UPDATE, 1, word(2 ** 30)));
    exchange.respond(200, '', Buffer.alloc(30_000_000), false);
    await sleep(100);
    server.pass(41 * SECONDS);
    expect(exchange.aborted).toMatchObject({ code: 'ERR_WRITE_TIMEOUT' });
    await sleep(20);
    expect(server.statistics().open).toBe(1);
    server.pass(41 * SECONDS);
    await eventually('cut', () => server.statistics().open === 0);
  });
});

describe('the log', () => {
  test('has each request and response', async () => {
    server.plane.serve(undefined);
    await ask(client, '/one?a');
    serve((exchange) => exchange.respond(200, '', 'ok', false));
    server.plane.slot.prepared.fallback = -1;
    await ask(client, '/two');
    await ask(client, { expect: 'x' });
    const lines = server.lines.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'client'));
    expect(lines.slice(1)).toEqual([
      'Received request from client: GET /one?a HTTP/2',
      'Sent response to client: 200 "Hello1"',
      'Received request from client: GET /two HTTP/2',
      'Sent response to client: 200 "ok"',
      'Refused request from client: only 100-continue is expected here',
      'Sent response to client: 417 "417 Expectation Failed: only 100-continue is expected here\\n"',
    ]);
  });

  test('says when a response broke off', async () => {
    const events: unknown[] = [];
    server.plane.log.responded = ({ request, httpVersion, statusCode, complete }) =>
      events.push([request?.target, httpVersion, statusCode, complete]);
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('part'));
      setTimeout(() => exchange.breakOff(), 20);
    });
    await expect(ask(client, '/a')).rejects.toThrow();
    expect(events).toEqual([['/a', '2', 200, false]]);
  });
});
