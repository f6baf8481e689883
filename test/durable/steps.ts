// Simulated threads over shared memory, in every order of their atomic steps. The steps come from the source of assembly/: its
// functions become generators that stop at each atomic operation, so the test runs the code that is compiled.

import { readFileSync } from 'node:fs';

/** An atomic operation on the word at `at`. */
export interface Step {
  at: number;
  /** Computes the new value from the old one. */
  change(found: number): number;
}

/** A thread: it yields operations, and gets the old value of each. */
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
  /** Used only for the bell, which has no effect here. */
  *add(): Thread<void> {},
  *notify(): Thread<void> {},
};

/** The same, for files in which other threads may also change what is loaded and stored without an atomic operation. */
const ANY = {
  ...ATOMIC,
  *add(at: number, n: number, offset = 0): Thread<number> {
    return yield { at: at + offset, change: (found) => found + n };
  },
};

/**
 * The functions of a file of assembly/, over small numbers.
 * @param constants the constants that the file imports, by name
 * @param words the words that it loads without an atomic operation, by address; if left out, each such load or store is
 *   a step, too
 */
export function functionsOf(
  file: string,
  constants: Record<string, number>,
  words?: Record<number, number>,
): object {
  let code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*|^import [^;]*;$/gm, '')
    .replace(/<(?:i32|i64|f64|usize)>/g, '')
    .replace(/: (?:i32|i64|f64|usize|bool|void)\b/g, '');
  const names = [...code.matchAll(/function (\w+)/g)].map(([, name]) => name as string);
  const stepping = words === undefined ? [...names, 'load', 'store'] : names;
  const calls = [
    ...code.matchAll(new RegExp(`(?<!function )\\b(?:atomic\\.\\w+|${stepping.join('|')})\\(`, 'g')),
  ];
  // From the last to the first, so that earlier positions stay valid.
  for (const { index, 0: call } of calls.reverse()) {
    const end = closing(code, index + call.length);
    code = `${code.slice(0, index)}(yield* ${code.slice(index, end)})${code.slice(end)}`;
  }
  code = code.replace(/(?:export )?function /g, 'function* ');
  const loadOf = (pointer: number, offset: number): number => words?.[pointer + offset] as number;
  return new Function(
    'atomic',
    'load',
    'store',
    ...Object.keys(constants),
    `${code}; return { ${names.join(', ')} };`,
  )(
    words === undefined ? ANY : ATOMIC,
    words === undefined ? ANY.load : loadOf,
    ANY.store,
    ...Object.values(constants),
  ) as object;
}

/** The position behind the parenthesis that closes the one just before `start`. */
function closing(code: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; depth > 0; at++) depth += { '(': 1, ')': -1 }[code[at] as string] ?? 0;
  return at;
}

export type Memory = ReadonlyMap<number, number>;

/** Runs a single thread to its end. */
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

/** A thread that ends after this many steps, or runs to its end. */
export function* endedAfter<Result>(steps: number, thread: Thread<Result>): Thread<Result | undefined> {
  let next = thread.next();
  for (let i = 0; i < steps && !next.done; i++) next = thread.next(yield next.value);
  return next.done ? next.value : undefined;
}

/** The state of a thread after the values read so far: its next operation, and the state that follows for each value. */
interface Place {
  readonly id: number;
  readonly thread: number;
  readonly found: readonly number[];
  readonly next: IteratorResult<Step, unknown>;
  readonly after: Map<number, Place>;
}

/**
 * Runs threads in every order of their steps, and calls `judge` for each outcome. The next step of a thread depends only
 * on the values that it has read, so states with the same memory and the same values read are explored only once.
 * @returns how many states were explored
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
