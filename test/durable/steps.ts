// Threads over shared memory in every order of their atomic steps. The steps are those of a file of assembly/ itself: its
// functions become generators that stop at each atomic operation, so what is tried out is what is compiled.

import { readFileSync } from 'node:fs';

/** An atomic operation: what it does to the word at `at`. */
export interface Step {
  at: number;
  /** Given what is there, what shall be there. */
  change(found: number): number;
}

/** A thread is told what it found. */
export type Thread<Result = unknown> = Generator<Step, Result, number>;
export type Functions = Record<string, (...values: number[]) => Thread<number>>;

const ATOMIC = {
  *load(at: number, offset = 0): Thread<number> {
    return yield { at: at + offset, change: (found) => found };
  },
  *store(at: number, value: number, offset = 0): Thread<void> {
    yield { at: at + offset, change: () => value };
  },
  *cmpxchg(at: number, expected: number, value: number, offset = 0): Thread<number> {
    return yield { at: at + offset, change: (found) => (found === expected ? value : found) };
  },
  /** Only of the bell, which changes nothing for anybody here. */
  *add(): Thread<void> {},
  *notify(): Thread<void> {},
};

/**
 * The functions of a file of assembly/, over small numbers.
 * @param constants what the file imports, by name
 * @param words what it loads without an atomic operation, by address
 */
export function functionsOf(
  file: string,
  constants: Record<string, number>,
  words: Record<number, number>,
): Functions {
  let code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*|^import [^;]*;$/gm, '')
    .replace(/<(?:i32|i64|f64|usize)>/g, '')
    .replace(/: (?:i32|i64|f64|usize|bool|void)\b/g, '');
  const names = [...code.matchAll(/function (\w+)/g)].map(([, name]) => name as string);
  const calls = [
    ...code.matchAll(new RegExp(`(?<!function )\\b(?:atomic\\.\\w+|${names.join('|')})\\(`, 'g')),
  ];
  // From the last to the first: then places before stay where they are.
  for (const { index, 0: call } of calls.reverse()) {
    const end = closing(code, index + call.length);
    code = `${code.slice(0, index)}(yield* ${code.slice(index, end)})${code.slice(end)}`;
  }
  code = code.replace(/(?:export )?function /g, 'function* ');
  const load = (pointer: number, offset: number): number => words[pointer + offset] as number;
  return new Function(
    'atomic',
    'load',
    ...Object.keys(constants),
    `${code}; return { ${names.join(', ')} };`,
  )(ATOMIC, load, ...Object.values(constants)) as Functions;
}

/** The position behind the parenthesis that closes the one before `start`. */
function closing(code: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; depth > 0; at++) depth += { '(': 1, ')': -1 }[code[at] as string] ?? 0;
  return at;
}

export type Memory = ReadonlyMap<number, number>;

/** Runs a thread alone to its end. */
export function runAlone<Result>(memory: Map<number, number>, thread: Thread<Result>): Result {
  let next = thread.next();
  while (!next.done) {
    const { at, change } = next.value;
    const found = memory.get(at) ?? 0;
    memory.set(at, change(found));
    next = thread.next(found);
  }
  return next.value;
}

/** The same thread, ended behind so many of its steps, or run to its end. */
export function* endedAfter<Result>(steps: number, thread: Thread<Result>): Thread<Result | undefined> {
  let next = thread.next();
  for (let i = 0; i < steps && !next.done; i++) next = thread.next(yield next.value);
  return next.done ? next.value : undefined;
}

/**
 * Runs threads in every order of their steps, and has `judge` look at each outcome that there is. A thread goes on
 * by what it found alone; so where the memory is the same and all have found the same, what follows is, too.
 * @returns how many states were come through
 */
export function everySchedule(
  memory: Memory,
  threads: readonly (() => Thread)[],
  judge: (memory: Map<number, number>, results: unknown[]) => void,
): number {
  const places = new Map<string, IteratorResult<Step, unknown>>();
  const placeOf = (thread: number, found: readonly number[]): IteratorResult<Step, unknown> => {
    const key = `${thread}:${found}`;
    let place = places.get(key);
    if (place === undefined) {
      const replayed = (threads[thread] as () => Thread)();
      place = replayed.next();
      for (const value of found) place = replayed.next(value);
      places.set(key, place);
    }
    return place;
  };
  const seen = new Set<string>();
  const waiting: { memory: Memory; found: readonly (readonly number[])[] }[] = [
    { memory, found: threads.map(() => []) },
  ];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const { memory: before, found } = state;
    const ends = found.map((values, thread) => placeOf(thread, values));
    if (ends.every(({ done }) => done))
      judge(
        new Map(before),
        ends.map(({ value }) => value),
      );
    for (const [thread, place] of ends.entries()) {
      if (place.done) continue;
      const { at, change } = place.value;
      const here = before.get(at) ?? 0;
      const after = new Map(before).set(at, change(here));
      const histories = found.map((values, i) => (i === thread ? [...values, here] : values));
      const key = `${[...after].sort(([a], [b]) => a - b).join()};${histories.join(';')}`;
      if (seen.has(key)) continue;
      seen.add(key);
      waiting.push({ memory: after, found: histories });
    }
  }
  return seen.size;
}
