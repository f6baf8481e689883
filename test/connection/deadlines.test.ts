// Every timeout, with time that the test lets pass.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentDeadline } from '../../src/connection/deadlines.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { DEADLINES, type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { PUBLIC } from '../support/ways.ts';

const { headTimeoutMs, idleTimeoutMs, bodyTimeoutMs, writeTimeoutMs } = DEADLINES;
/** How much earlier than a deadline the tests check, longer than a test takes in real time. */
const MARGIN_MS = 20_000;
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';

let server: OpenedPlane;
let client: Client;
beforeEach(async () => {
  server = await openPlane();
  client = await server.connect();
  await eventually('accepted', () => server.statistics().open === 1);
});

const send = async (text: string): Promise<void> => {
  client.send(text);
  await sleep(30);
};
const statusAtEnd = async (): Promise<number[]> =>
  readResponses(await client.end()).map(({ statusCode }) => statusCode);

test('a connection that never sends a byte is closed without a response', async () => {
  server.pass(headTimeoutMs - MARGIN_MS);
  await sleep(30);
  expect(client.ended).toBe(false);
  server.pass(MARGIN_MS);
  expect(await client.end()).toBe('');
});

test('an idle connection is closed without a response, counted from its last one', async () => {
  await send(GET);
  server.pass(idleTimeoutMs - MARGIN_MS);
  await send(GET);
  server.pass(idleTimeoutMs - MARGIN_MS);
  await send(GET);
  expect(client.ended).toBe(false);
  server.pass(idleTimeoutMs);
  expect(await statusAtEnd()).toEqual([200, 200, 200]);
  expect(server.statistics().refused).toBe(0);
});

test('a head that arrives too slowly gets 408: single bytes give no more time', async () => {
  await send(GET);
  for (const byte of GET.slice(0, 4)) {
    await send(byte);
    server.pass(headTimeoutMs / 5);
  }
  await send(GET[4] as string);
  expect(client.ended).toBe(false);
  server.pass(headTimeoutMs / 5);
  expect(await statusAtEnd()).toEqual([200, 408]);
});

test('each head has a timeout of its own', async () => {
  await send(GET.slice(0, 10));
  server.pass(headTimeoutMs - MARGIN_MS);
  await send(GET.slice(10) + GET.slice(0, 10));
  server.pass(headTimeoutMs - MARGIN_MS);
  await send(GET.slice(10));
  expect(readResponses(client.received).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
});

test('an empty line is not the beginning of a head', async () => {
  await send(`${GET}\r\n`);
  server.pass(idleTimeoutMs);
  expect(await statusAtEnd()).toEqual([200]);
});

test('the log names the reason', async () => {
  const logged = await openPlane({ log: 'requests' });
  const slow = await logged.connect();
  const port = slow.socket.localPort;
  slow.send(`${GET}GET`);
  await slow.until(/Hello1$/);
  await sleep(30);
  logged.pass(headTimeoutMs);
  await slow.end();
  slow.close();
  await logged.stop();
  const peer = `127.0.0.1:${port}`;
  expect(logged.lines.slice(3)).toEqual([
    `Refused request from ${peer}: the request did not arrive in time`,
    `Sent response to ${peer}: 408 "408 Request Timeout: the request did not arrive in time\\n"`,
    `Closed connection from ${peer}`,
  ]);
});

describe('content', () => {
  test('that stops gets 408', async () => {
    await send(`${POST}Content-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`);
    server.pass(bodyTimeoutMs - MARGIN_MS);
    await send('x');
    server.pass(bodyTimeoutMs - MARGIN_MS);
    await send('x');
    expect(client.ended).toBe(false);
    server.pass(bodyTimeoutMs);
    expect(await statusAtEnd()).toEqual([408]);
  });

  test('below the least upload rate gets 408', async () => {
    await send(`${POST}Transfer-Encoding: chunked\r\n\r\nffff\r\n`);
    for (let i = 0; i < 4 && !client.ended; i++) {
      server.pass(bodyTimeoutMs / 3);
      await send('x');
    }
    expect(await statusAtEnd()).toEqual([408]);
  });

  test('has a timeout and a rate of its own, independent of earlier content', async () => {
    await send(`${POST}Content-Length: 50001\r\n\r\n`);
    await send('x'.repeat(50_000));
    await send('x');
    server.pass(idleTimeoutMs - MARGIN_MS);
    await send(GET);
    server.pass(idleTimeoutMs - MARGIN_MS);
    await send(`${POST}Content-Length: 100\r\n\r\n`);
    server.pass(bodyTimeoutMs - MARGIN_MS);
    await send('x');
    expect(client.ended).toBe(false);
    server.pass(2 * MARGIN_MS);
    expect(await statusAtEnd()).toEqual([200, 200, 408]);
  });

  test('the deadline: a pause is bounded, and every byte gives more time', () => {
    const deadline = (nowMs: number, bytes: number): number => contentDeadline(DEADLINES, nowMs, 0, bytes);
    expect(deadline(0, 0)).toBe(bodyTimeoutMs);
    expect(deadline(200_000, 0)).toBe(bodyTimeoutMs);
    expect(deadline(200_000, 1000)).toBe(bodyTimeoutMs + 100_000);
    expect(deadline(200_000, 1e9)).toBe(200_000 + bodyTimeoutMs);
    expect(contentDeadline({ ...DEADLINES, bodyRateMin: 0 }, 5, 0, 0)).toBe(5 + bodyTimeoutMs);
  });
});

test('a peer that does not read is cut, and its region is returned', async () => {
  client.socket.pause();
  client.send(GET.repeat(100_000));
  await eventually('a lent region', () => server.plane.outputs.spare === 6);
  await sleep(300);
  server.pass(writeTimeoutMs - MARGIN_MS);
  await sleep(30);
  expect(server.statistics().open).toBe(1);
  server.pass(MARGIN_MS);
  await eventually('the connection cut', () => server.statistics().open === 0);
  expect(server.plane.outputs.spare).toBe(7);
});

describe('a peer that keeps the server waiting', () => {
  let socket: HeldSocket;
  let plane: OpenedPlane;
  beforeEach(async () => {
    plane = await openPlane({ io: PUBLIC });
    socket = new HeldSocket();
    plane.accept(socket.accepted);
  });
  afterEach(() => {
    socket.destroy();
  });

  test('has the write timeout for its last response', async () => {
    socket.push(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await eventually('the answer', () => socket.holds);
    plane.pass(writeTimeoutMs - MARGIN_MS);
    expect(socket.destroyed).toBe(false);
    plane.pass(MARGIN_MS);
    expect(socket.destroyed).toBe(true);
  });

  test('and then reads is idle from then on', async () => {
    socket.push(GET);
    await eventually('the answer', () => socket.holds);
    plane.pass(writeTimeoutMs - MARGIN_MS);
    socket.release();
    await sleep(20);
    plane.pass(idleTimeoutMs - MARGIN_MS);
    expect(socket.writableEnded).toBe(false);
    plane.pass(MARGIN_MS);
    expect(socket.writableEnded).toBe(true);
  });
});
