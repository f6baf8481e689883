// Hundreds of idle connections and half-sent heads at the started server: a small form of the bench suite
// `connections`.

import { afterEach, describe, expect, test } from 'vitest';
import { type Run, startCli } from './support/cli.ts';
import { ask, type Client, connect, GET } from './support/client.ts';
import { readResponses } from './support/responses.ts';

const IDLE_COUNT = 300;
const HALF_COUNT = 400;

/** Heads that each get a different response. */
interface Kind {
  head(i: number): string;
  answer: RegExp;
  closes: boolean;
}
const KINDS: Kind[] = [
  {
    head: (i) => `GET /${i} HTTP/1.1\r\nHost: h${i}\r\nCookie: ${'c'.repeat(i)}\r\n\r\n`,
    answer: / GMT\r\nContent-Length: \d+\r\n\r\nHello\d+$/,
    closes: false,
  },
  {
    head: (i) => `HEAD /${i} HTTP/1.0\r\nConnection: keep-alive\r\nCookie: ${'c'.repeat(i)}\r\n\r\n`,
    answer: / GMT\r\nConnection: keep-alive\r\nContent-Length: \d+\r\n\r\n$/,
    closes: false,
  },
  {
    head: (i) => `GET /${i} HTTP/1.1\r\nCookie: ${'c'.repeat(i)}\r\n\r\n`,
    answer: /\n400 Bad Request: one valid Host field is required\n$/,
    closes: true,
  },
  {
    head: (i) => `POST /${i} HTTP/1.1\r\nHost: a\r\nCookie: ${'c'.repeat(i)}\r\nExpect: ${i}\r\n\r\n`,
    answer: /\n417 Expectation Failed: only 100-continue is expected here\n$/,
    closes: true,
  },
];
const kindOf = (i: number): Kind => KINDS[i % KINDS.length] as Kind;

let run: Run | undefined;
let clients: Client[] = [];
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await run?.stop();
  run = undefined;
});

describe.each(['wasm', 'js'])('%s engine', (engine) => {
  test('other clients are served, and each half-sent head gets its own response in the end', async () => {
    run = await startCli(['--workers', '2', '--engine', engine, '--head-timeout', '60000']);
    const { port } = run;
    const open = async (count: number): Promise<Client[]> => {
      const opened = await Promise.all(Array.from({ length: count }, () => connect(port)));
      clients.push(...opened);
      return opened;
    };
    const askAll = (asked: Client[]): Promise<string[]> =>
      Promise.all(
        asked.map((client) => {
          client.received = '';
          client.send(GET);
          return client.until(/Hello\d+$/);
        }),
      );

    const idle = await open(IDLE_COUNT);
    await askAll(idle);
    const half = await open(HALF_COUNT);
    const heads = half.map((client, i) => {
      const head = kindOf(i).head(i);
      const cut = 1 + (i % (head.length - 1));
      client.send(head.slice(0, cut));
      return { head, cut };
    });

    for (let i = 0; i < 20; i++) expect(readResponses(await ask(port))[0]?.statusCode).toBe(200);
    for (const client of half) expect(client.received).toBe('');

    // The heads are completed in reverse order.
    for (const [i, client] of [...half.entries()].reverse()) {
      const { head, cut } = heads[i] as (typeof heads)[number];
      client.send(head.slice(cut));
    }
    for (const [i, client] of half.entries()) {
      const { answer, closes } = kindOf(i);
      expect(await (closes ? client.end() : client.until(answer))).toMatch(answer);
    }
    const contents = (await askAll(idle)).map((text) => readResponses(text)[0]?.content);
    expect(new Set(contents).size).toBe(IDLE_COUNT);

    for (const client of clients) client.close();
    expect(await run.stop()).toBe(0);
    const answered = 2 * IDLE_COUNT + HALF_COUNT / 2 + 20;
    const accepted = IDLE_COUNT + HALF_COUNT + 20;
    expect(run.output).toContain(`Server stopped after ${answered} requests on ${accepted} connections\n`);
  });
});
