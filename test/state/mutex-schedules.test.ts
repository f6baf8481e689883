// The lock's own source under every schedule of a few threads: one thread at a time holds the lock, no thread sleeps
// forever or overtakes a woken thread, and the lock still works after a thread dies at any instruction.

import { describe, expect, test } from 'vitest';
import { MUTEX_ABANDONED, MUTEX_ACQUIRED } from '../../src/memory/codes.ts';
import { STATE_ABANDONED, STATE_MUTEX } from '../../src/memory/state-layout.ts';
import { explore, type Plan, type Program, shared, type Thread, type World } from '../support/schedules.ts';

/** The exports of the module, with words of 32 bits. */
interface Source {
  tryLock(row: number, owner: number): number;
  acquire(row: number, owner: number, woken: boolean): number;
  unlock(row: number, owner: number, keep: boolean): boolean;
  remind(row: number, before: boolean): boolean;
  mutexOwnerDied(row: number, owner: number): void;
  sleepUntilLocked(row: number): void;
  unlockSleeper(row: number): void;
}

// For the type checker this is AssemblyScript; it is simple enough for any other compiler.
const path = '../../assembly/state/mutex.ts';
const source = (await import(path)) as Source;

const ROW = 1024;
const WORD = ROW + STATE_MUTEX;
const FREE = 0;

const ownerOf = (thread: number): number => thread + 1;

/** Locks and unlocks as mutex-queue.ts does. */
const locker =
  (owner: number): Program =>
  (plan) => {
    switch (plan.next) {
      case 'ask':
        return goOn(plan, source.acquire(ROW, owner, plan.woken as boolean));
      case 'try':
        return goOn(plan, source.tryLock(ROW, owner));
      case 'wait':
        return { ...plan, next: 'ask', word: 0, woken: shared.wait(WORD, plan.word as number) === 0 };
      case 'leave': {
        const rounds = (plan.rounds as number) - 1;
        const kept = source.unlock(ROW, owner, rounds > 0 && plan.keeps === true);
        if (rounds === 0) return undefined;
        return { ...plan, next: kept ? 'leave' : 'ask', rounds };
      }
      case 'idle':
        return undefined;
      default:
        throw new Error(`no step is named ${plan.next}`);
    }
  };

function goOn(plan: Plan, got: number): Plan | undefined {
  if (got === MUTEX_ACQUIRED || got === MUTEX_ABANDONED)
    return { ...plan, next: 'leave', woken: false, told: got === MUTEX_ABANDONED };
  return plan.next === 'try' ? undefined : { ...plan, next: 'wait', word: got, woken: false };
}

/** Wakes waiting threads as the reminder of mutex-queue.ts does, when a woken thread has not taken the lock. */
const reminder: Program = () => {
  source.remind(ROW, true);
  return undefined;
};

const recoverer: Program = (plan) => {
  source.mutexOwnerDied(ROW, plan.owner as number);
  return undefined;
};

const sleeper: Program = (plan) => {
  if (plan.next === 'ask') {
    source.sleepUntilLocked(ROW);
    return { ...plan, next: 'leave' };
  }
  source.unlockSleeper(ROW);
  return plan.rounds === 1 ? undefined : { next: 'ask', rounds: (plan.rounds as number) - 1 };
};

const asks = (rounds: number): Plan => ({ next: 'ask', woken: false, rounds });
const keeps = (rounds: number): Plan => ({ ...asks(rounds), keeps: true });
const has: Plan = { next: 'leave', woken: false, rounds: 1 };
const tries: Plan = { next: 'try', woken: false, rounds: 1 };
/** A thread that never uses the lock. Its death makes the recovery hand the lock on while another thread does so, too. */
const idles: Plan = { next: 'idle' };

/** Whether the thread holds the lock: from the acquisition until it begins to release. */
function isInside({ plan, results }: Thread): boolean {
  return plan?.next === 'leave' && results.length === 0;
}

function oneIsInside(world: World): void {
  const inside = world.threads.filter(isInside);
  if (inside.length > 1) throw new Error(`two are inside: ${JSON.stringify(world)}`);
  for (const { plan } of inside)
    if (plan?.told === true) {
      world.notes.told = (world.notes.told ?? 0) + 1;
      plan.told = false;
    }
}

/** Checks that the thread woken by notify() is the next holder. */
function nobodyPasses(world: World, index: number): void {
  oneIsInside(world);
  if (world.woken === undefined || !isInside(world.threads[index] as Thread)) return;
  if (world.woken !== index)
    throw new Error(`thread ${index} passed ${world.woken}: ${JSON.stringify(world)}`);
  delete (world as Partial<World>).woken;
}

/** Checks that every living thread has held the lock, and that it is free. */
function isOver(world: World): void {
  const waiting = world.threads.filter(({ life, plan }) => life === 'alive' && plan !== undefined);
  if (waiting.length > 0) throw new Error(`a thread waits forever: ${JSON.stringify(world)}`);
  if ((world.words[WORD] ?? FREE) !== FREE) throw new Error(`it is never free: ${JSON.stringify(world)}`);
}

describe('every schedule of threads that', () => {
  test.each<[string, Plan[]]>([
    ['lock, two of them, three times each', [asks(3), asks(3)]],
    ['lock, three of them', [asks(1), asks(1), asks(1)]],
    ['lock, and keep it for others of their own', [keeps(2), keeps(2)]],
    ['lock, and a thread that only tries', [asks(2), asks(1), tries]],
  ])('%s', (_, plans) => {
    const programs = plans.map((_, thread) => locker(ownerOf(thread)));
    expect(explore({ programs, plans, look: nobodyPasses, end: isOver })).toBeGreaterThan(500);
  });

  test('are reminded', () => {
    const programs = [locker(1), locker(2), reminder];
    expect(
      explore({ programs, plans: [asks(2), asks(1), {}], look: oneIsInside, end: isOver }),
    ).toBeGreaterThan(500);
  });

  test('sleep', () => {
    const programs = [sleeper, sleeper, sleeper];
    const plans = [2, 1, 1].map((rounds) => ({ next: 'ask', rounds }));
    expect(explore({ programs, plans, look: oneIsInside, end: isOver })).toBeGreaterThan(500);
  });
});

describe('every schedule in which a thread dies that', () => {
  test.each<[string, Plan[], number]>([
    ['locks, one of two', [asks(2), asks(1)], 1],
    ['locks, two of two', [asks(2), asks(1)], 2],
    ['keeps it for others of its own, or tries', [keeps(2), tries], 1],
    ['has it, or waits for it, one of three', [has, asks(1), asks(1)], 1],
    ['has it, or waits for it, two of three', [has, asks(1), asks(1)], 2],
    ['has it, waits for it, tries, or does nothing, two of four', [has, asks(1), tries, idles], 2],
  ])('%s', (_, plans, deaths) => {
    const programs = [...plans.map((_, thread) => locker(ownerOf(thread))), recoverer];
    const words = { [WORD]: plans[0] === has ? ownerOf(0) << 2 : FREE };
    // With three threads, 9 operations would take long; those schedules have been run once.
    const operationsMax = plans.length > 2 ? 6 : 9;
    const recovery = (dead: number, { words, notes }: World): Plan => {
      if ((words[WORD] ?? FREE) >> 2 === ownerOf(dead)) notes.left = (notes.left ?? 0) + 1;
      return { owner: ownerOf(dead) };
    };
    const end = (world: World): void => {
      isOver(world);
      const { left = 0, told = 0 } = world.notes;
      // The thread that learns of the death may die, too.
      const known = told + (world.words[ROW + STATE_ABANDONED] ?? 0);
      if (deaths === 1 ? known !== left : known > left)
        throw new Error(`${told} of ${left} abandoned locks were reported`);
    };
    const states = explore({
      programs,
      plans: [...plans, undefined],
      words,
      operationsMax,
      deaths,
      recovery,
      look: oneIsInside,
      end,
    });
    expect(states).toBeGreaterThan(500);
  });
});
