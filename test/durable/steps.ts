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
): object {
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
  )(ATOMIC, load, ...Object.values(constants)) as object;
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

/** Where a thread stands, after what it has found so far: what it does next, and what follows by what it finds there. */
interface Place {
  readonly id: number;
  readonly thread: number;
  readonly found: readonly number[];
  readonly next: IteratorResult<Step, unknown>;
  readonly after: Map<number, Place>;
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
  let ids = 0;
  const placeOf = (thread: number, found: readonly number[]): Place => {
    const replayed = (threads[thread] as () => Thread)();
    let next = replayed.next();
    for (const value of found) next = replayed.next(value);
    return { id: ids++, thread, found, next, after: new Map() };
  };
  const seen = new Set<string>();
  const waiting: { memory: Memory; places: readonly Place[] }[] = [
    { memory, places: threads.map((_, thread) => placeOf(thread, [])) },
  ];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const { memory: before, places } = state;
    let over = true;
    for (const place of places) {
      if (place.next.done) continue;
      over = false;
      const { at, change } = place.next.value;
      const found = before.get(at) ?? 0;
      let then = place.after.get(found);
      if (then === undefined) {
        then = placeOf(place.thread, [...place.found, found]);
        place.after.set(found, then);
      }
      const value = change(found);
      const after = value === found ? before : new Map(before).set(at, value);
      const following = places.with(place.thread, then);
      const key = `${following.map(({ id }) => id)};${[...after]}`;
      if (seen.has(key)) continue;
      seen.add(key);
      waiting.push({ memory: after, places: following });
    }
    if (over)
      judge(
        new Map(before),
        places.map(({ next }) => next.value),
      );
  }
  return seen.size;
}
