// Tests of a started server, of which they know only the port: every case of every table over real sockets, and peers
// that vanish at every stage. After each, the server still responds. The tests of each way in call them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Run, startCli } from './cli.ts';
import { type Client, connect, eventually, GET, sleep } from './client.ts';
import { LIMITS } from './engines.ts';
import { EXCHANGES, type Exchange } from './exchanges.ts';
import { startPlane } from './plane.ts';
import { type Response, readResponses, withoutInterim } from './responses.ts';
import { DIRECT, type Way } from './ways.ts';

/** Count of exchanges side by side. */
const LANES = 24;
/** Wait for bytes that must not arrive. */
const QUIET_MS = 60;
/** Pause between two parts, so that the server reads them one by one. */
const PART_MS = 2;

/** A way in for the clients of these tests. */
export interface WayIn {
  /** Options of the command that open it. */
  args(): string[];
  /** How a plane in this thread is reached the same way. */
  way: Way;
}

export const PLAIN: WayIn = { args: () => [], way: DIRECT };

/** Defines the tests that perform every case of every table. */
export function testCases(engine: string, { args, way }: WayIn): void {
  let run: Run;
  let requests = 0;
  let connections = 0;
  const numbers: string[] = [];

  beforeAll(async () => {
    run = await startCli([
      ...['--engine', engine, '--workers', '2', ...args()],
      ...['--max-head', `${LIMITS.headBytesMax}`, '--max-target', `${LIMITS.targetBytesMax}`],
      ...['--max-body', `${LIMITS.contentBytesMax}`],
      // The timeouts are long, so that a slow machine reaches none of them either.
      ...['--head-timeout', '600000', '--idle-timeout', '600000', '--body-timeout', '600000'],
    ]);
  });
  afterAll(async () => {
    if (run.child.exitCode === null) await run.stop();
  });

  test.each([
    ['whole', (input: string) => [input]],
    ['in parts', inParts],
  ])('%s', { timeout: 120_000 }, async (_, split) => {
    const failures: string[] = [];
    const waiting = [...EXCHANGES];
    const lanes = Array.from({ length: LANES }, async () => {
      const witness = await open();
      for (let exchange = waiting.pop(); exchange !== undefined; exchange = waiting.pop()) {
        try {
          note(await perform(exchange, split(exchange.input)), exchange.heads);
          note(await askAgain(witness), new Set());
        } catch (error) {
          failures.push(`${exchange.name}: ${(error as Error).message}`);
        }
      }
      witness.close();
    });
    await Promise.all(lanes);
    expect(failures).toEqual([]);
  });

  test('every number was issued once, every request counted, and no error logged', async () => {
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeGreaterThan(EXCHANGES.length);
    expect(await run.stop()).toBe(0);
    expect(run.output).toMatch(
      new RegExp(`Server stopped after ${requests} requests on ${connections} connections\\n$`),
    );
    expect(run.errors).toBe('');
  });

  function open(): Promise<Client> {
    connections++;
    return connect(run.port, undefined, way.tls);
  }

  function note(responses: Response[], heads: ReadonlySet<number>): void {
    for (const [i, { statusCode, content }] of responses.entries()) {
      if (statusCode === 200 || statusCode === 421) requests++;
      if (statusCode !== 200) continue;
      if (!heads.has(i)) numbers.push(content);
      if (!heads.has(i) && !/^Hello[1-9]\d*$/.test(content)) throw new Error(`content ${content}`);
    }
  }

  /** Returns all responses. @throws if they differ from the case */
  async function perform({ input, statuses, heads, end }: Exchange, parts: string[]): Promise<Response[]> {
    const client = await open();
    try {
      for (const part of parts) {
        client.send(part);
        if (parts.length > 1) await sleep(PART_MS);
      }
      // A target with the scheme https is misdirected only where nothing is encrypted.
      const expected = statuses.map((status) => (status === 421 && way.tls ? 200 : status));
      if (end !== 'closed') {
        await client.until((received) => countFinal(received) >= statuses.length);
        if (end === 'unfinished') {
          await sleep(QUIET_MS);
          if (countFinal(client.received) > statuses.length || client.ended) throw new Error('not awaited');
          // A client that ends within a request has a request refused; within an empty line, it has begun no request.
          if (!'\r\n'.startsWith(input)) expected.push(400);
        }
        client.socket.end();
      }
      const responses = readResponses(withoutInterim(await client.end()), heads);
      expect(responses.map(({ statusCode }) => statusCode)).toEqual(expected);
      const closes = responses.map(({ fields }) => fields.get('connection') === 'close');
      const last = end === 'closed' || expected.length > statuses.length ? responses.length - 1 : -1;
      expect(closes).toEqual(responses.map((_, i) => i === last));
      return responses;
    } finally {
      client.close();
    }
  }
}

/** Sends one more request on a connection that other connections must not have touched. */
async function askAgain(client: Client): Promise<Response[]> {
  client.received = '';
  client.send(GET);
  return readResponses(await client.until(/Hello\d+$/));
}

/** Splits the text into two or three parts, at places that depend on its size. */
function inParts(input: string): string[] {
  const { length } = input;
  const places = length % 2 === 0 ? [length >> 1] : [Math.floor(length / 3), length - 2];
  const cuts = [0, ...places.filter((place) => place > 0 && place < length), length];
  return cuts.slice(1).map((cut, i) => input.slice(cuts[i], cut));
}

function countFinal(received: string): number {
  return received.match(/HTTP\/1\.1 (?!100)\d{3} /g)?.length ?? 0;
}

const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const BY_LENGTH = `${POST}Content-Length: 100\r\n\r\n`;
const PIPELINE = GET.repeat(100_000);
const EVERYTHING = `${CHUNKED}5;a\r\nHello\r\n0\r\nT: x\r\n\r\n${BY_LENGTH.replace('100', '5')}Hello${GET}`;

/** The stage at which a client resets the connection. */
const STAGES: [name: string, stage: (client: Client) => Promise<unknown> | undefined][] = [
  ['before the first byte', () => undefined],
  ...(
    [
      ['within an empty line', '\r'],
      ['within a method', 'GE'],
      ['within a target', 'GET /abc'],
      ['within a version', 'GET / HTT'],
      ['between CR and LF of the request line', 'GET / HTTP/1.1\r'],
      ['within a field name', 'GET / HTTP/1.1\r\nHos'],
      ['within a field value', 'GET / HTTP/1.1\r\nHost: a'],
      ['between CR and LF of a field', 'GET / HTTP/1.1\r\nHost: a\r'],
      ['within the empty line behind a head', 'GET / HTTP/1.1\r\nHost: a\r\n\r'],
      ['behind a head', GET],
      ['behind a head and within the next', GET + GET.slice(0, 9)],
      ['behind a head that announces content', BY_LENGTH],
      ['within content by length', `${BY_LENGTH}x`],
      ['behind a head that announces chunks', CHUNKED],
      ['within a chunk size', `${CHUNKED}1`],
      ['within an extension', `${CHUNKED}1;a`],
      ['between CR and LF of a chunk size', `${CHUNKED}5\r`],
      ['within chunk data', `${CHUNKED}5\r\nHe`],
      ['behind chunk data', `${CHUNKED}5\r\nHello`],
      ['between CR and LF of chunk data', `${CHUNKED}5\r\nHello\r`],
      ['within the last chunk', `${CHUNKED}5\r\nHello\r\n0\r\n`],
      ['within a trailer', `${CHUNKED}0\r\nT: x`],
      ['within the empty line behind trailers', `${CHUNKED}0\r\nT: x\r\n\r`],
      ['behind a request that is refused', '\0'],
      ['behind a request that closes', GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')],
    ] as const
  ).map(([name, text]): (typeof STAGES)[number] => [
    name,
    (client) => {
      client.send(text);
      return sleep(PART_MS);
    },
  ]),
  [
    'at once behind a head',
    (client) => {
      client.send(GET);
      return undefined;
    },
  ],
  [
    'when 100 Continue has come',
    (client) => {
      client.send(`${POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
      return client.until(/100 Continue\r\n\r\n$/);
    },
  ],
  [
    'with an answer in hand',
    (client) => {
      client.send(GET);
      return client.until(/Hello\d+$/);
    },
  ],
  [
    'while the server writes responses that the client does not read',
    (client) => {
      client.socket.pause();
      client.send(PIPELINE);
      return sleep(50);
    },
  ],
  [
    'while the server writes responses that the client reads',
    (client) => {
      client.send(PIPELINE);
      return client.until(100_000);
    },
  ],
  [
    'after closing its half within a head',
    (client) => {
      client.send(GET.slice(0, 9));
      client.socket.end();
      return sleep(PART_MS);
    },
  ],
  [
    'after closing its half within content',
    (client) => {
      client.send(`${BY_LENGTH}x`);
      client.socket.end();
      return sleep(PART_MS);
    },
  ],
  [
    'after closing its half, with many responses unread',
    (client) => {
      client.socket.pause();
      client.socket.end(PIPELINE);
      return sleep(50);
    },
  ],
  [
    'while the server waits for it to close',
    async (client) => {
      client.send('\0');
      await client.end();
      client.send('x'.repeat(1000));
      await sleep(PART_MS);
    },
  ],
  [
    'while it sends more than the server discards',
    async (client) => {
      client.send('\0');
      await client.end();
      client.send('x'.repeat(500_000));
      await sleep(PART_MS);
    },
  ],
];

interface Target {
  port: number;
  open(): number;
  stop(): Promise<void>;
}

export async function startServer(engine: string, { args }: WayIn): Promise<Target> {
  const run = await startCli([
    ...['--engine', engine, '--workers', '2', '--log', 'connections', '--head-timeout', '600000'],
    ...args(),
  ]);
  const count = (pattern: RegExp): number => run.output.match(pattern)?.length ?? 0;
  return {
    port: run.port,
    open: () => count(/^Accepted /gm) - count(/^Closed /gm),
    stop: async () => {
      expect(await run.stop()).toBe(0);
      expect(run.output).toMatch(/Server stopped after \d+ requests on \d+ connections\n$/);
      expect(run.errors).toBe('');
    },
  };
}

/** Runs in this thread, where guards and asserts watch the memory. */
export async function startDebug({ way }: WayIn): Promise<Target> {
  const { plane, engine, port, statistics, stop } = await startPlane({ engine: 'wasm debug', io: way });
  return {
    port,
    open: () => statistics().open,
    stop: async () => {
      // The region at hand, and all lent regions, are back.
      expect(plane.outputs.spare).toBe(engine.slot.outputs.length - 1);
      await stop();
    },
  };
}

/** Defines the tests of clients that reset their connections. */
export function testResets(start: () => Promise<Target>, { way }: WayIn): void {
  let target: Target;
  let witness: Client;
  beforeAll(async () => {
    target = await start();
    witness = await connect(target.port, undefined, way.tls);
    witness.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
  });

  test.each(STAGES)('%s', async (_, stage) => {
    await Promise.all(Array.from({ length: 6 }, () => reset(stage)));
    await answers();
  });

  test('behind every byte of a conversation', async () => {
    for (let cut = 1; cut <= EVERYTHING.length; cut += 10) {
      const cuts = Array.from({ length: 10 }, (_, i) => cut + i);
      await Promise.all(
        cuts.map((at) =>
          reset((client) => {
            client.send(EVERYTHING.slice(0, at));
            return sleep(PART_MS);
          }),
        ),
      );
    }
    await answers();
  });

  test('no connection is left of them', async () => {
    witness.send('\r\n\r\n');
    expect(readResponses(await witness.until(/Hello\d+$/))).toHaveLength(1);
    witness.close();
    await eventually('all closed', () => target.open() === 0);
    await target.stop();
  });

  async function reset(stage: (client: Client) => Promise<unknown> | undefined): Promise<void> {
    const client = await connect(target.port, undefined, way.tls);
    await stage(client);
    client.socket.resetAndDestroy();
  }

  /** Checks that a new connection gets a response, and that the server still waits for an incomplete head. */
  async function answers(): Promise<void> {
    const client = await connect(target.port, undefined, way.tls);
    client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect(readResponses(await client.end())[0]?.statusCode).toBe(200);
    client.close();
    witness.send('x');
    expect([witness.received, witness.ended]).toEqual(['', false]);
  }
}
