// The metrics are exact while threads die and the application is reloaded: what clients were answered is counted, a request
// that was cut off counts at most once, and no counter ever goes back.

import { connect as open } from 'node:net';
import { expect, test } from 'vitest';
import { adminOf, scrape } from '../support/admin.ts';
import { eventually, sleep } from '../support/client.ts';
import { appFiles, startServer } from '../support/fixtures.ts';
import type { ParsedFamily } from '../support/openmetrics.ts';

/** At the end of each response, so whoever reads it has read the whole response. */
const END = '<end>';
const DEATHS = 2;
const RELOADS = 2;

const APP = `import { counter, Response } from 'hotpath';
counter('made').add();
export default { routes: {
  '/fixed': new Response('${END}'),
  '/handled': () => { counter('handled').add(); return new Response('${END}'); },
  '/later': async () => { await null; return new Response('${END}'); },
  '/die': () => { setTimeout(() => process.exit(7)); return new Response(''); },
} };`;

/** A client that sends batches of requests, each after the answers to the one before, until it is told to stop. */
class Client {
  sent = 0;
  answered = 0;
  stopped = false;
  readonly ended: Promise<void>;

  constructor(
    private readonly port: number,
    private readonly paths: readonly string[],
  ) {
    this.ended = this.run();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      await this.connection();
      await sleep(1);
    }
  }

  /** Resolves when the connection has closed. */
  private connection(): Promise<void> {
    const batch = this.paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
    return new Promise((resolve) => {
      const socket = open(this.port, '127.0.0.1');
      let rest = '';
      let missing = 0;
      const next = (): void => {
        if (this.stopped || socket.destroyed) {
          socket.end();
          return;
        }
        missing = this.paths.length;
        this.sent += missing;
        socket.write(batch);
      };
      socket.setEncoding('latin1').on('connect', next);
      socket.on('data', (text) => {
        const parts = (rest + text).split(END);
        rest = parts.pop() as string;
        this.answered += parts.length;
        missing -= parts.length;
        // The server needs some of the processor for its reloads.
        if (missing === 0) setTimeout(next, 1);
      });
      socket.on('error', () => {}).on('close', () => resolve());
    });
  }
}

/** Returns the values of all counters, and the counts of histograms, by name and labels. */
function countersOf(families: Map<string, ParsedFamily>): Map<string, number> {
  const counted = [...families.values()].flatMap(({ type, samples }) =>
    type === 'counter' || type === 'histogram' ? samples : [],
  );
  return new Map(counted.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]));
}

function requestsIn(families: Map<string, ParsedFamily>): number {
  const samples = families.get('hotpath_requests')?.samples ?? [];
  return samples.filter(({ labels }) => labels.route !== '/die').reduce((sum, { value }) => sum + value, 0);
}

test.each(['wasm', 'js'])('engine %s: N answers are N requests', async (engine) => {
  const run = await startServer([
    '--admin',
    '127.0.0.1:0',
    '--workers',
    '2',
    '--engine',
    engine,
    '--drain-timeout',
    '300',
    appFiles().write('app.mjs', APP),
  ]);
  const admin = adminOf(run);
  const pipelined = ['/fixed', '/handled', '/fixed', '/later', '/fixed'];
  const clients = [pipelined, pipelined, ['/fixed'], ['/handled'], ['/later']].map(
    (paths) => new Client(run.port, paths),
  );
  let before = new Map<string, number>();
  let scrapes = 0;
  let watching = true;
  const watched = (async () => {
    while (watching) {
      const now = countersOf(await scrape(admin));
      const back = [...before].filter(([series, value]) => !((now.get(series) ?? -1) >= value));
      expect(back).toEqual([]);
      before = now;
      scrapes++;
    }
  })();
  const lines = (text: string): number => run.output.split(text).length - 1;
  const events = async (): Promise<void> => {
    for (let i = 1; i <= DEATHS; i++) {
      await fetch(`http://127.0.0.1:${run.port}/die`, { headers: { connection: 'close' } }).catch(() => {});
      await eventually('a death', () => lines('replacing it') >= i);
      if (i > RELOADS) continue;
      run.child.kill('SIGHUP');
      await eventually('a reload', () => lines('Reloaded') >= i);
    }
  };
  await Promise.race([events(), watched]);
  await sleep(100);
  for (const client of clients) client.stopped = true;
  await Promise.all(clients.map(({ ended }) => ended));
  watching = false;
  await watched;
  const families = await scrape(admin);
  const sum = (figure: 'sent' | 'answered'): number =>
    clients.reduce((total, client) => total + client[figure], 0);
  const counted = requestsIn(families);
  expect(scrapes).toBeGreaterThan(2);
  expect(sum('answered')).toBeGreaterThan(100);
  expect(counted).toBeGreaterThanOrEqual(sum('answered'));
  // At each death and each reload, what each client has sent may be cut off.
  expect(counted).toBeLessThanOrEqual(sum('sent'));
  expect(sum('sent') - sum('answered')).toBeLessThanOrEqual((DEATHS + 2 * RELOADS) * 13);
  expect(families.get('hotpath_thread_restarts')?.samples[0]?.value).toBe(DEATHS);
  expect(families.get('hotpath_reloads')?.samples[0]?.value).toBe(RELOADS);
  // Without deaths and reloads the sum is exact.
  const quiet = new Client(run.port, pipelined);
  await eventually('answers', () => quiet.answered > 50);
  quiet.stopped = true;
  await quiet.ended;
  expect(quiet.answered).toBe(quiet.sent);
  expect(requestsIn(await scrape(admin))).toBe(counted + quiet.sent);
});
