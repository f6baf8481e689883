// Threads over shared words, driven step by step through every possible schedule. A step is one atomic operation
// and the code after it up to the next one. The threads run the source of assembly/ itself, with its `atomic` replaced
// here. A call that was interrupted runs again from its beginning, with the results of the operations that it had done
// before.

/** The next action of a thread. Plain data: two threads in equal states continue alike. */
export type Plan = { [name: string]: string | number | boolean };
/** Does a part of the work by calls into the source, and returns the next plan; undefined at the end. */
export type Program = (plan: Plan) => Plan | undefined;

export interface Thread {
  plan: Plan | undefined;
  /** Results of the operations of the current call. */
  results: number[];
  /** The address of the word that the thread waits for. */
  waitsAt: number | undefined;
  /** 'dead': the thread ended, but its wait is still in the queue. 'gone': the queue has forgotten it, too. */
  life: 'alive' | 'dead' | 'gone';
}

export interface World {
  words: Record<number, number>;
  /** Indexes of waiting threads, in the order in which they began to wait. */
  queue: number[];
  threads: Thread[];
  /** The thread that notify(1) woke last; look() may read it. */
  woken: number | undefined;
  deaths: number;
  /** Values that the test keeps. */
  notes: Record<string, number>;
}

export interface Search {
  programs: readonly Program[];
  plans: readonly (Plan | undefined)[];
  /** Initial values of words; all others are 0. */
  words?: Record<number, number>;
  /** Bounds the operations of one call where a search would take too long: 9 by default. */
  operationsMax?: number;
  /** How many threads may die. After a death, the last thread runs the plan of `recovery`, its only plan; it can't die. */
  deaths?: number;
  recovery?: (dead: number, world: World) => Plan;
  /** Called after every step of a thread. */
  look?: (world: World, thread: number) => void;
  /** Called when no thread can continue. */
  end: (world: World) => void;
}

/**
 * Bounds the operations of one call. Some schedule, if an unlikely one, makes a loop repeat for ever: the search stops
 * there.
 */
const OPERATIONS = 9;
const STATES_MAX = 1_000_000;

const OK = 0;
const NOT_EQUAL = 1;
const BROKEN_OFF = Symbol('broken off');

let world: World;
let running: Thread;
let position = 0;
let stepped = false;

/** The operations that assembly/ uses; sizes and offsets are those of 32-bit words. */
const atomic = {
  load: (pointer: number, offset = 0) => once(() => read(pointer + offset)),
  store: (pointer: number, value: number, offset = 0) => {
    once(() => write(pointer + offset, value));
  },
  xchg: (pointer: number, value: number, offset = 0) =>
    once(() => {
      const found = read(pointer + offset);
      write(pointer + offset, value);
      return found;
    }),
  cmpxchg: (pointer: number, expected: number, value: number, offset = 0) =>
    once(() => {
      const found = read(pointer + offset);
      if (found === expected) write(pointer + offset, value);
      return found;
    }),
  wait: (pointer: number, expected: number) =>
    once(() => {
      if (read(pointer) !== expected) return NOT_EQUAL;
      running.waitsAt = pointer;
      world.queue.push(world.threads.indexOf(running));
      throw BROKEN_OFF;
    }),
  notify: (pointer: number, count: number) =>
    once(() => {
      let woken = 0;
      for (const index of [...world.queue]) {
        if (count >= 0 && woken === count) break;
        const thread = world.threads[index] as Thread;
        if (thread.waitsAt !== pointer) continue;
        world.queue.splice(world.queue.indexOf(index), 1);
        thread.waitsAt = undefined;
        thread.results.push(OK);
        woken++;
        if (count === 1) world.woken = index;
      }
      return woken;
    }),
};
Object.assign(globalThis, { atomic });

/** The same operations, for programs of tests. */
export const shared = atomic;

/** Runs all schedules; returns the count of different states. */
export function explore({
  programs,
  plans,
  words = {},
  operationsMax = OPERATIONS,
  deaths = 0,
  recovery,
  look,
  end,
}: Search): number {
  const first: World = {
    words,
    queue: [],
    threads: plans.map((plan) => ({ plan, results: [], waitsAt: undefined, life: 'alive' })),
    woken: undefined,
    deaths: 0,
    notes: {},
  };
  const seen = new Set<string>();
  const open = [JSON.stringify(first)];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    if (seen.has(text)) continue;
    seen.add(text);
    if (seen.size > STATES_MAX) throw new Error('too many states: take fewer threads or rounds');
    const before = parse(text);
    let moves = 0;
    for (const [index, thread] of before.threads.entries()) {
      if (thread.life !== 'alive') continue;
      if (thread.results.length >= operationsMax) moves++;
      else if (thread.plan !== undefined && thread.waitsAt === undefined) {
        step(text, index, programs[index] as Program);
        look?.(world, index);
        open.push(JSON.stringify(world));
        moves++;
      }
      if (thread.plan !== undefined && before.deaths < deaths && thread !== before.threads.at(-1)) {
        world = parse(text);
        world.deaths++;
        // Its next action no longer makes a difference.
        world.threads[index] = {
          ...(world.threads[index] as Thread),
          plan: undefined,
          results: [],
          life: 'dead',
        };
        open.push(JSON.stringify(world));
      }
    }
    const dead = before.threads.findIndex(({ life }) => life === 'dead');
    const recoverer = before.threads.at(-1) as Thread;
    if (dead >= 0 && recovery !== undefined && recoverer.plan === undefined) {
      world = parse(text);
      const thread = world.threads[dead] as Thread;
      thread.life = 'gone';
      thread.waitsAt = undefined;
      world.queue = world.queue.filter((index) => index !== dead);
      if (world.woken === dead) world.woken = undefined;
      (world.threads.at(-1) as Thread).plan = recovery(dead, world);
      open.push(JSON.stringify(world));
      moves++;
    }
    if (moves === 0) end(before);
  }
  return seen.size;
}

function step(text: string, index: number, program: Program): void {
  world = parse(text);
  running = world.threads[index] as Thread;
  stepped = false;
  try {
    while (running.plan !== undefined) {
      position = 0;
      const next = program(running.plan);
      running.results = [];
      running.plan = next;
    }
  } catch (thrown) {
    if (thrown !== BROKEN_OFF) throw thrown;
  }
}

/** Does an operation of the current call: returns its earlier result, or does it now if this step has not done one yet. */
function once(operation: () => number | undefined): number {
  const known = running.results[position++];
  if (known !== undefined) return known;
  if (stepped) throw BROKEN_OFF;
  stepped = true;
  const result = operation() ?? 0;
  running.results.push(result);
  return result;
}

function read(address: number): number {
  return world.words[address] ?? 0;
}

function write(address: number, value: number): number {
  world.words[address] = value;
  return value;
}

function parse(text: string): World {
  return JSON.parse(text) as World;
}
