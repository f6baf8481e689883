// Rounds of a server under load that is killed, loses threads, or stops cleanly, and is started again over the
// same state: no number may be issued twice, and a clean stop may skip no number.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Run, startCli } from '../support/cli.ts';
import { sleep } from '../support/client.ts';
import { type Load, startLoad } from './load.ts';
import { Numbers } from './numbers.ts';

/** Serves single numbers from WASM, three numbers at a time from a handler, and a request that ends the thread. */
export const APP = `
import { counted, counter } from 'hotpath';
const threes = counter('threes');
export default {
  routes: {
    '/one': counted('', counter('ones')),
    '/three': () => new Response(String(threes.add(3))),
    '/die': () => {
      setTimeout(() => { throw new Error('told to'); });
      return new Response('dying');
    },
  },
};
`;

export interface Rounds {
  rounds: number;
  /** The path of the application. */
  app: string;
  /** The state folder. */
  folder: string;
  /** A random number from 0 to 1 on each call. */
  random: () => number;
  say?: (line: string) => void;
}

export interface Outcome {
  kills: number;
  stops: number;
  deaths: number;
  /** Numbers that clients received. */
  given: number;
  /** Numbers that were skipped. */
  skipped: number;
}

const CONNECTIONS = 4;
const LEASES = ['16', '256', '4096'];
const LOAD_MS = 150;

/** @throws Error that names the number that came twice or was skipped, or the server that failed to start or stop */
export async function runRounds({ rounds, app, folder, random, say }: Rounds): Promise<Outcome> {
  const ones = new Numbers('ones');
  const threes = new Numbers('threes');
  const outcome: Outcome = { kills: 0, stops: 0, deaths: 0, given: 0, skipped: 0 };
  const among = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  /** The last number before this round, if the previous round ended with a clean stop. */
  let before: Record<string, number> | undefined = {};
  let broken: Error | undefined;
  for (let round = 1; round <= rounds; round++) {
    const lease = among(LEASES);
    const run = await startCli(
      [app, '--workers', '2', '--state', folder, '--lease', lease, '--log', 'start'],
      {},
      true,
    );
    const first = { ones: ones.count, threes: threes.count };
    const load = startLoad(run.port, CONNECTIONS, ['/one', '/one', '/one', '/three'], (target, number) => {
      try {
        if (target === '/one') ones.add(number);
        else for (let i = 2; i >= 0; i--) threes.add(number - i);
      } catch (error) {
        broken ??= error as Error;
      }
    });
    await sleep(random() * LOAD_MS);
    const deaths = random() < 0.3 ? 1 + Math.floor(random() * 3) : 0;
    for (let i = 0; i < deaths; i++) {
      await askToDie(run.port);
      await sleep((random() * LOAD_MS) / 3);
    }
    outcome.deaths += deaths;
    if (random() < 0.7) {
      await kill(run, load);
      outcome.kills++;
      before = undefined;
    } else {
      await stop(run, load);
      outcome.stops++;
      const { clean, counters } = contentOf(folder);
      if (!clean) throw new Error('after a clean stop the file says there was none');
      for (const [name, numbers] of Object.entries({ ones, threes })) {
        const last = counters[name] ?? 0;
        // A thread that was ended lost the responses that it had not sent yet.
        const given = numbers.count - first[name as keyof typeof first];
        if (deaths === 0 && before !== undefined && last - (before[name] ?? 0) !== given)
          throw new Error(`${name}: ${given} were given, from ${before[name]} to ${last}`);
        if (deaths === 0 && given > 0 && last !== numbers.last)
          throw new Error(`${name}: ${numbers.last} was the last, and ${last} is written down`);
      }
      before = counters;
    }
    if (broken !== undefined) throw broken;
    say?.(
      `round ${String(round).padStart(3)}: lease ${lease.padStart(4)}, ${before === undefined ? 'killed ' : 'stopped'}, ${deaths} threads ended, ${String(load.responses).padStart(6)} responses, ${load.exhausted} without a number; ${ones.last} is the last of ${ones.count} ones`,
    );
  }
  outcome.given = ones.count + threes.count;
  outcome.skipped = ones.last + threes.last - outcome.given;
  return outcome;
}

/** Kills the whole process group at once, as the kernel may. */
async function kill(run: Run, load: Load): Promise<void> {
  process.kill(-(run.child.pid as number), 'SIGKILL');
  await Promise.all([run.exit, load.ended]);
}

async function stop(run: Run, load: Load): Promise<void> {
  const code = await run.stop();
  await load.ended;
  if (code !== 0) throw new Error(`stopped with ${code}: ${run.errors}`);
}

async function askToDie(port: number): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/die`).then(
    (response) => response.text(),
    () => {},
  );
}

function contentOf(folder: string): { clean: boolean; counters: Record<string, number> } {
  const text = readFileSync(join(folder, 'counters'), 'utf8');
  return JSON.parse(text.slice(text.indexOf('\n')));
}
