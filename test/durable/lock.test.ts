// The lock of the state folder: at most one server holds it, in any order of starts and deaths.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { lockFolder, type Sockets, takeNumber } from '../../src/durable/lock.ts';
import { temporaryFolder } from '../support/fixtures.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const locksIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('lock'));

describe('in this process', () => {
  test('the second server is rejected with one line, until the first releases the lock', async () => {
    const folder = temporaryFolder('lock');
    const lock = await lockFolder(folder);
    expect(locksIn(folder)).toEqual(['lock.1']);
    for (let i = 0; i < 3; i++)
      await expect(lockFolder(folder)).rejects.toThrow(
        `the state folder ${folder} is in use by another server: stop that server, or use another folder`,
      );
    expect(locksIn(folder)).toEqual(['lock.1']);
    await lock.release();
    const next = await lockFolder(folder);
    expect(locksIn(folder)).toEqual(['lock.2']);
    await next.release();
  });

  test('other files in the folder stay, and sockets of dead servers are removed', async () => {
    const folder = temporaryFolder('lock');
    for (const name of ['counters', 'lock.x', 'lock.3', 'lock.12', 'lock.fresh-0a0b0c0d'])
      writeFileSync(join(folder, name), '');
    const lock = await lockFolder(folder);
    expect(readdirSync(folder).sort()).toEqual(['counters', 'lock.13', 'lock.x']);
    await lock.release();
  });

  test('a path that is too long for a socket is rejected with one line', async () => {
    const folder = join(temporaryFolder('lock'), 'x'.repeat(80));
    mkdirSync(folder);
    await expect(lockFolder(folder)).rejects.toThrow(
      /can't hold a socket: its path has more than \d+ bytes$/,
    );
    const gone = join(temporaryFolder('lock'), 'gone');
    await expect(lockFolder(gone)).rejects.toThrow(/^no socket can be made in the state folder .*gone: /);
  });
});

test('of processes that start together one gets the lock; when it is killed, another process gets the lock', async () => {
  const folder = temporaryFolder('lock');
  const start = async (): Promise<ChildProcess> => {
    const child = fork('test/support/lock.js');
    children.push(child);
    await once(child, 'message');
    return child;
  };
  const waiting = await Promise.all(Array.from({ length: 5 }, start));
  for (let round = 1; round <= 3; round++) {
    const answers = await Promise.all(
      waiting.map(async (child) => {
        const answer = once(child, 'message');
        child.send(folder);
        return [child, (await answer)[0] as string] as const;
      }),
    );
    const winners = answers.filter(([, answer]) => answer === 'taken');
    expect(winners.length, answers.map(([, answer]) => answer).join('\n')).toBe(1);
    expect(locksIn(folder).length).toBe(1);
    const [winner] = winners[0] as [ChildProcess, string];
    waiting.splice(waiting.indexOf(winner), 1);
    const exit = once(winner, 'exit');
    winner.kill('SIGKILL');
    await exit;
  }
});

/** Simulated sockets of a folder. Each step of each server waits for its turn. */
class Folder {
  readonly sockets = new Map<number, Contender>();
  /** The waiting step of each server. */
  readonly waiting: { who: Contender; act: () => void }[] = [];

  socketsOf(who: Contender): Sockets {
    const step = <T>(act: () => T): Promise<T> =>
      new Promise((resolve) => this.waiting.push({ who, act: () => resolve(act()) }));
    return {
      highest: () => step(() => Math.max(0, ...this.sockets.keys())),
      answers: (number) => step(() => this.sockets.get(number)?.alive === true),
      link: (number) =>
        step(() => {
          if (this.sockets.has(number)) return false;
          this.sockets.set(number, who);
          return true;
        }),
      remove: (number) => step(() => void this.sockets.delete(number)),
    };
  }
}

class Contender {
  alive = true;
  number: number | undefined;
  readonly over: Promise<void>;

  constructor(folder: Folder) {
    this.over = this.run(folder);
  }

  private async run(folder: Folder): Promise<void> {
    const sockets = folder.socketsOf(this);
    this.number = await takeNumber(sockets);
    // The lock holder removes the sockets with lower numbers.
    for (let lower = 1; lower < (this.number ?? 0); lower++) await sockets.remove(lower);
  }

  get holds(): boolean {
    return this.alive && this.number !== undefined;
  }
}

test('no two servers ever hold the lock, in any order of their steps and deaths', async () => {
  let held = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ turn: fc.nat(3), dies: fc.integer({ min: 0, max: 9 }) }), {
        minLength: 20,
        maxLength: 60,
      }),
      async (schedule) => {
        const folder = new Folder();
        let contenders = Array.from({ length: 4 }, () => new Contender(folder));
        for (const { turn, dies } of schedule) {
          await settled();
          const who = contenders[turn] as Contender;
          if (dies === 0) {
            // Killed and started again.
            who.alive = false;
            contenders = contenders.map((one) => (one === who ? new Contender(folder) : one));
          } else {
            const next = folder.waiting.findIndex((waiting) => waiting.who === who);
            if (next >= 0) folder.waiting.splice(next, 1)[0]?.act();
          }
          await settled();
          const holders = contenders.filter(({ holds }) => holds);
          expect(holders.length).toBeLessThan(2);
          held += holders.length;
        }
      },
    ),
    { numRuns: 1500 },
  );
  expect(held).toBeGreaterThan(1000);
});

test('a single server gets the lock, whatever sockets dead servers have left', async () => {
  for (const left of [[], [1], [7], [3, 4, 9]]) {
    const folder = new Folder();
    for (const number of left) folder.sockets.set(number, { alive: false } as Contender);
    const only = new Contender(folder);
    for (let i = 0; i < 30; i++) {
      await settled();
      folder.waiting.shift()?.act();
    }
    expect(only.number).toBe(Math.max(0, ...left) + 1);
    expect([...folder.sockets.keys()]).toEqual([only.number]);
  }
});

/** Lets each server whose step is done continue. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await undefined;
}
