// Pipelines of requests that are answered in every way. The responses arrive complete and in order, and contain no bytes of
// another connection. Waiting heads do not change, however many other heads arrive after them.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { statusLine } from '../../src/protocol/status.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { everySplit } from '../support/conversation.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { readAll } from '../support/watched.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

const SIZE = 300;
const content = (tag: string): string => `${tag}.`.repeat(SIZE).slice(0, SIZE);

/** How a request is sent. Each request carries its tag in target, field and content. */
const SENT = {
  get: (target: string, tag: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\nX-Tag: ${tag}\r\n\r\n`,
  head: (target: string, tag: string) => `HEAD ${target} HTTP/1.1\r\nHost: a\r\nX-Tag: ${tag}\r\n\r\n`,
  length: (target: string, tag: string) =>
    `POST ${target} HTTP/1.1\r\nHost: a\r\nX-Tag: ${tag}\r\nContent-Length: ${SIZE}\r\n\r\n${content(tag)}`,
  chunked: (target: string, tag: string) =>
    `PUT ${target} HTTP/1.1\r\nX-Tag: ${tag}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${[
      content(tag).slice(0, 7),
      content(tag).slice(7, 100),
      content(tag).slice(100),
    ]
      .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      .join('')}0\r\nX-Sum: ${tag}\r\n\r\n`,
};
type Sent = keyof typeof SENT;

/** How a request is answered, by the first segment of its target. */
const ANSWERED: Record<string, (exchange: Exchange) => void> = {
  sync: answer,
  tick: (exchange) => queueMicrotask(() => answer(exchange)),
  later: (exchange) => setTimeout(() => answer(exchange), 1),
  read: async (exchange) => {
    const tag = tagOf(exchange);
    const read = await readAll(exchange);
    if (exchange.content !== undefined && read.toString('latin1') !== content(tag))
      exchange.respond(500, '', `wrong content ${read.toString('latin1')}`, false);
    else answer(exchange);
  },
  cancel: (exchange) => {
    exchange.content?.cancel();
    setImmediate(() => answer(exchange));
  },
  stream: async (exchange) => {
    exchange.begin(200, `x-tag: ${tagOf(exchange)}\r\n`, undefined, false);
    await sleep(1);
    if (exchange.head.method !== 'HEAD')
      for (const byte of tagOf(exchange)) exchange.write(Buffer.from(byte));
    exchange.end('');
  },
  told: (exchange) => {
    const tag = tagOf(exchange);
    if (exchange.begin(200, `x-tag: ${tag}\r\n`, tag.length, false)) exchange.write(Buffer.from(tag));
    exchange.end('');
  },
};

function tagOf({ head }: Exchange): string {
  return head.fieldValue(head.findField('x-tag'));
}

function answer(exchange: Exchange): void {
  const tag = tagOf(exchange);
  exchange.respond(200, `x-tag: ${tag}\r\n`, tag, false);
}

const KINDS = [...Object.keys(ANSWERED), 'prepared'].flatMap((answered) =>
  (Object.keys(SENT) as Sent[]).map((sent) => ({ answered, sent })),
);
type Kind = (typeof KINDS)[number];

const inputOf = (kinds: Kind[]): string =>
  kinds
    .map(({ answered, sent }, i) =>
      SENT[sent](answered === 'prepared' ? '/prepared' : `/${answered}/${i}`, `tag${i}end`),
    )
    .join('');

/** Reads the responses and compares each with its request. */
function check(received: string, kinds: Kind[]): void {
  const heads = new Set(kinds.flatMap(({ sent }, i) => (sent === 'head' ? [i] : [])));
  const responses = readResponses(received, heads, 'any');
  const told = responses.map((response) => response.content || (response.fields.get('x-tag') ?? ''));
  const expected = kinds.map(({ answered, sent }, i) =>
    // A path with prepared responses to GET and HEAD only. The application answers other methods.
    answered === 'prepared' && (sent === 'get' || sent === 'head')
      ? sent === 'get'
        ? 'fixed'
        : ''
      : `tag${i}end`,
  );
  expect(told).toEqual(expected);
}

describe.each(ENGINE_WAYS)('%s engine, $read reads', (engine, io) => {
  let server: OpenedPlane;
  beforeEach(async () => {
    server = await openPlane({ engine, io });
    server.plane.slot.prepared.addRoute('/prepared', {
      head: statusLine(200),
      content: 'fixed',
      counter: -1,
      bare: false,
    });
    server.plane.serve((exchange) => {
      const [, answered = ''] = exchange.head.target.split('/');
      (ANSWERED[answered] ?? answer)(exchange);
    });
  });
  const send = async (parts: string[], kinds: Kind[]): Promise<void> => {
    const client = await server.connect();
    for (const [i, part] of parts.entries()) {
      client.send(part);
      if (i < parts.length - 1) await new Promise(setImmediate);
    }
    const last = `tag${kinds.length}end`;
    client.send(SENT.get('/sync/last', last));
    const received = await client.until((text) => text.endsWith(last));
    check(received, [...kinds, { answered: 'sync', sent: 'get' }]);
    client.close();
  };

  // Other combinations run the same code.
  const inDepth = test.runIf(engine === 'wasm');

  inDepth('every kind of request behind every other kind', async () => {
    for (const first of KINDS) {
      const kinds = KINDS.flatMap((second) => [first, second]);
      await send([inputOf(kinds)], kinds);
    }
  });

  test('16 requests in any order, in one write', async () => {
    const sixteen = fc.array(fc.constantFrom(...KINDS), { minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(sixteen, (kinds) => send([inputOf(kinds)], kinds)),
      { numRuns: 40 },
    );
  });

  inDepth('cut at every byte', async () => {
    const pipelines: Kind[][] = [
      [
        { answered: 'later', sent: 'length' },
        { answered: 'read', sent: 'chunked' },
        { answered: 'cancel', sent: 'get' },
      ],
      [
        { answered: 'sync', sent: 'chunked' },
        { answered: 'prepared', sent: 'get' },
        { answered: 'stream', sent: 'get' },
      ],
    ];
    for (const kinds of pipelines) {
      const splits = everySplit(inputOf(kinds)).slice(0, -1);
      for (let from = 0; from < splits.length; from += 50)
        await Promise.all(splits.slice(from, from + 50).map((parts) => send(parts, kinds)));
    }
  });

  test('a pipeline much larger than the bytes that may wait', async () => {
    const kinds = Array.from({ length: 600 }, (_, i) => KINDS[(i * 7) % KINDS.length] as Kind);
    await send([inputOf(kinds)], kinds);
  });
});

test.each(ENGINE_WAYS)(
  '1,000 requests that wait over reused buffers, %s engine, $read reads',
  async (engine, io) => {
    const server = await openPlane({ engine, io });
    const waiting: Exchange[] = [];
    let finished: Exchange | undefined;
    server.plane.serve((exchange) => {
      if (exchange.head.target === '/sync') {
        finished = exchange;
        exchange.respond(200, '', exchange.head.fieldValue(0), false);
      } else waiting.push(exchange);
    });
    const clients: Client[] = [];
    const fields = (i: number): [string, string][] =>
      Array.from({ length: 1 + (i % 60) }, (_, k) => [`X-${i}-${k}`, `${i}.`.repeat(1 + ((i * k) % 40))]);
    const requestOf = (i: number): string =>
      `${['GET', 'POST', 'PURGE'][i % 3]} /target/${i} HTTP/1.1\r\nHost: ${i}.example\r\n${fields(i)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}${i % 3 === 1 ? 'Content-Length: 3\r\n\r\nabc' : '\r\n'}`;
    for (let i = 0; i < 1000; i += 100) {
      const some = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
      for (const [k, client] of some.entries()) {
        const text = requestOf(i + k);
        client.send(text.slice(0, (k * 13) % text.length));
      }
      await sleep(5);
      for (const [k, client] of some.entries()) {
        const text = requestOf(i + k);
        client.send(text.slice((k * 13) % text.length));
      }
      clients.push(...some);
    }
    await eventually('all wait', () => waiting.length === 1000);
    const order =
      fc.sample(fc.shuffledSubarray(waiting, { minLength: 1000 }), { numRuns: 1, seed: 5 })[0] ?? [];
    for (const exchange of order) {
      const { head } = exchange;
      const i = Number(head.target.slice(8));
      expect(head.method).toBe(['GET', 'POST', 'PURGE'][i % 3]);
      const lines = Array.from({ length: head.fieldCount }, (_, k) => [
        head.fieldName(k),
        head.fieldValue(k),
      ]);
      const length = i % 3 === 1 ? [['Content-Length', '3']] : [];
      expect(lines).toEqual([['Host', `${i}.example`], ...fields(i), ...length]);
      expect(head.findField(`x-${i}-${i % 60}`)).toBe(1 + (i % 60));
      expect(head.findField('x')).toBe(-1);
      exchange.respond(200, '', `${i}`, false);
      expect(head.target).toBe(`/target/${i}`);
    }
    for (const [i, client] of clients.entries()) {
      const received = await client.until((text) => /\r\n\r\n\d+$/.test(text));
      expect(readResponses(received).map(({ content }) => content)).toEqual([`${i}`]);
    }
    clients[0]?.send('GET /sync HTTP/1.1\r\nHost: a\r\n\r\n');
    await clients[0]?.until(/a$/);
    expect(() => finished?.head.target).toThrow('the request has been answered');
    expect(() => finished?.head.findField('host')).toThrow('the request has been answered');
    expect(() => finished?.head.fieldName(0)).toThrow('the request has been answered');
    for (const client of clients) client.close();
  },
);
