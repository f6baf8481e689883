// Clients that open, read, take back and close at random: afterwards nothing of them is left.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { eventually } from '../support/client.ts';
import { openHttp2 } from '../support/http2.ts';
import {
  CANCEL,
  connectFrames,
  DATA,
  END_HEADERS,
  END_STREAM,
  type FrameClient,
  frame,
  GOAWAY,
  PING,
  RST_STREAM,
  request,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
  withFields,
  word,
} from '../support/http2-frames.ts';

const CLIENTS = 30;
const STEPS = 60;

/** A generator whose numbers are those of its seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Answers in one of many ways, at once or later. */
function answer(exchange: Exchange, random: (below: number) => number): void {
  const act = (): void => {
    if (exchange.over) return;
    switch (random(7)) {
      case 0:
        exchange.respond(200, '', 'whole', false);
        break;
      case 1:
        exchange.respond(200, '', Buffer.alloc(200_000), random(20) === 0);
        break;
      case 2:
        exchange.content?.readWhole().then(
          () => exchange.over || exchange.respond(200, '', 'read', false),
          () => {},
        );
        break;
      case 3:
        if (exchange.begin(200, '', undefined, false))
          for (let i = 0; i < 5; i++) exchange.write(Buffer.alloc(30_000), true, () => {});
        setTimeout(() => exchange.end(random(2) === 0 ? '' : 'x-a: 1\r\n'), random(10));
        break;
      case 4:
        exchange.breakOff();
        break;
      case 5:
        exchange.inform(103, '');
        exchange.answer(0);
        break;
      default:
        exchange.begin(200, '', 100, false);
        setTimeout(() => exchange.breakOff(), random(10));
    }
  };
  if (random(2) === 0) act();
  else setTimeout(act, random(10));
}

async function misbehave(client: FrameClient, random: (below: number) => number): Promise<void> {
  let next = 1;
  const uploads: number[] = [];
  const some = (): number => 2 * random((next - 1) / 2) + 1;
  for (let i = 0; i < STEPS && !client.closed; i++) {
    switch (random(12)) {
      case 0:
      case 1:
      case 2:
        client.send(request(next));
        next += 2;
        break;
      case 3:
      case 4:
        client.send(request(next, withFields({ ':method': 'POST' }), END_HEADERS));
        uploads.push(next);
        next += 2;
        break;
      case 5:
        for (const upload of uploads.splice(0)) {
          const last = random(2) * END_STREAM;
          client.send(frame(DATA, upload, Buffer.alloc(random(16_000)), last));
          if (last === 0) uploads.push(upload);
          break;
        }
        break;
      case 6:
        if (next > 1) client.send(frame(RST_STREAM, some(), word(random(2) * CANCEL)));
        break;
      case 7:
        client.send(frame(WINDOW_UPDATE, next > 1 ? random(2) * some() : 0, word(1 + random(100_000))));
        break;
      case 8:
        client.send(frame(PING, 0, '12345678'));
        break;
      case 9:
        client.send(frame(SETTINGS, 0, settings([[4, random(100_000)]])));
        break;
      case 10:
        if (random(15) === 0) client.send(frame(GOAWAY, 0, Buffer.concat([word(next), word(random(2))])));
        break;
      default:
        if (random(10) === 0) client.socket[random(2) === 0 ? 'end' : 'destroy']();
    }
    if (random(3) === 0) await sleep(random(5));
  }
}

test.each([1, 2, 3])('storm %i', async (seed) => {
  const server = await openHttp2();
  const random = randomOf(seed);
  let given = 0;
  server.plane.serve((exchange) => {
    given++;
    answer(exchange, random);
  });
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const client = await connectFrames(server.tlsPort, [[4, random(2) * 65_535]]);
      await misbehave(client, random);
      return client;
    }),
  );
  expect(given).toBeGreaterThan(CLIENTS * 5);
  await sleep(30);
  for (const { socket } of clients) socket.destroy();
  // nghttp2 reads nothing more after an error of the client: then a timeout ends the session.
  for (let i = 0; i < 6; i++) {
    await sleep(20);
    server.pass(500_000);
  }
  await eventually('closed', () => server.statistics().open === 0);
  expect(server.connections.underWay).toEqual([]);
  // The server still answers.
  server.plane.serve((exchange) => exchange.respond(200, '', 'ok', false));
  const last = await connectFrames(server.tlsPort);
  last.send(request(1));
  await last.until(({ type, flags }) => type === DATA && (flags & END_STREAM) !== 0);
});
