// All named state of the process, as an administrator sees it, and the changes that an administrator may make.

import { KIND_COUNTER_ATOMIC, KIND_COUNTER_LEASED } from '../memory/codes.ts';
import { type Buckets, readBuckets } from '../wasm/state/histogram.ts';
import { countKeys, forgetKeys, takesOf } from '../wasm/state/limiter-keys.ts';
import { mutexState } from '../wasm/state/mutex.ts';
import { type Kind, kindOf } from '../wasm/state/names.ts';
import { allRows, hasExtent, resetCounter } from '../wasm/state/rows.ts';
import { takeSaved } from '../wasm/state/saved.ts';
import { type Binding, inThisThread } from './binding.ts';
import { type HistogramSnapshot, snapshotOf } from './histogram.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { scratchHere } from './scratch-here.ts';
import { sharedState } from './shared.ts';

/** A value of named state. */
export type StateValue =
  | { name: string; kind: 'counter'; value: number; leased?: Leased }
  | { name: string; kind: 'gauge'; value: number }
  | { name: string; kind: 'histogram'; value: HistogramSnapshot }
  | { name: string; kind: 'limiter'; value: LimiterState }
  | { name: string; kind: 'mutex'; value: MutexState };

/** The numbers of a counter that survives. */
export interface Leased {
  /** How many are leased, and not handed out. */
  available: number;
  /** How many were asked for while too few were leased. */
  missed: number;
}

export interface LimiterState {
  limit: number;
  windowMs: number;
  /** How many keys have used some of their limit; beyond some 24,000 an estimate. */
  keys: number;
  /** How many takes were allowed and refused, since the server process started. */
  allowed: number;
  refused: number;
}

export interface MutexState {
  locked: boolean;
  /** Whether other threads than the holder's may wait. */
  contended: boolean;
}

/** A change that named state does not allow; the message says why. */
export class RefusedChange extends Error {}

interface Row {
  name: string;
  /** One of KIND_*. */
  code: number;
  kind: Kind;
  pointer: number;
}

/** Returns all names, or those of a kind; none before a server of this process has named state. */
export function listState(kind?: Kind): StateValue[] {
  const here = bound();
  if (here === undefined) return [];
  return rowsIn(here)
    .filter((row) => kind === undefined || row.kind === kind)
    .flatMap((row) => stateOf(here, row) ?? []);
}

/** Returns the value of a name; undefined if there is none. */
export function findState(name: string): StateValue | undefined {
  const found = find(name);
  return found && stateOf(found.here, found.row);
}

/** Returns the buckets of a histogram, which must exist. */
export function bucketsOf(name: string): Buckets {
  const { here, row } = find(name) as Found;
  return readBuckets(here.state.memory, row.pointer);
}

/**
 * Sets a name back to the state in which it began.
 * @returns false if there is no such name
 * @throws RefusedChange if that can't be done
 */
export function resetState(name: string): boolean {
  const found = find(name);
  if (found === undefined) return false;
  const { here, row } = found;
  const { state, exports, views } = here;
  const { pointer } = row;
  switch (row.kind) {
    case 'counter':
      if (row.code === KIND_COUNTER_LEASED)
        throw new RefusedChange(
          `counter '${name}' is kept (--state, --redis): a reset would hand its numbers out twice`,
        );
      if (row.code !== KIND_COUNTER_ATOMIC)
        throw new RefusedChange(`counter '${name}' is added to in steps (--counter), so it can't be reset`);
      resetCounter(views, pointer);
      break;
    case 'gauge':
      exports.gaugeSet(pointer, 0);
      break;
    case 'limiter':
      if (hasTable(here, row))
        forgetKeys(state.memory, pointer, scratchHere(state, exports).pointer, exports);
      break;
    case 'histogram':
      throw new RefusedChange(
        `histogram '${name}' is in pages that its threads write without a lock: compare two snapshots, or record under another name`,
      );
    case 'mutex':
      throw new RefusedChange(
        `mutex '${name}' is released by its holder, or when the thread of its holder ends`,
      );
  }
  return true;
}

/**
 * Makes a limiter forget what a key has used.
 * @param key undefined: the name itself should be forgotten
 * @returns false if there is no such name
 * @throws RefusedChange if that can't be done
 */
export function forgetState(name: string, key: string | undefined): boolean {
  const found = find(name);
  if (found === undefined) return false;
  const { here, row } = found;
  if (key === undefined)
    throw new RefusedChange(
      `${row.kind} '${name}' keeps its place until the server restarts, since threads hold handles of it: reset it, or give the key of a limiter`,
    );
  if (row.kind !== 'limiter')
    throw new RefusedChange(`${row.kind} '${name}' has no keys: only a limiter forgets keys`);
  if (hasTable(here, row)) {
    const scratch = scratchHere(here.state, here.exports);
    here.exports.limiterForget(row.pointer, scratch.pointer, scratch.write(key));
  }
  return true;
}

function bound(): Binding | undefined {
  return sharedState() === undefined ? undefined : inThisThread('named state');
}

interface Found {
  here: Binding;
  row: Row;
}

function find(name: string): Found | undefined {
  const here = bound();
  const row = here && rowsIn(here).find((one) => one.name === name);
  return here && row && { here, row };
}

function rowsIn({ views }: Binding): Row[] {
  return allRows(views).map((row) => ({ ...row, kind: kindOf(row.code) }));
}

/** Undefined while the thread that claims the name has not made what belongs to it. */
function stateOf(here: Binding, row: Row): StateValue | undefined {
  const { state, exports, views } = here;
  const { name, code, pointer } = row;
  switch (row.kind) {
    case 'counter':
      return {
        name,
        kind: 'counter',
        value: exports.counterValue(pointer),
        ...(code === KIND_COUNTER_LEASED && {
          leased: { available: exports.leasedNumbers(pointer), missed: exports.missedNumbers(pointer) },
        }),
      };
    case 'gauge':
      // The thread that has claimed the name may not have taken the saved value yet.
      takeSaved(state.memory, exports, 'gauge', name, pointer);
      return { name, kind: 'gauge', value: exports.gaugeValue(pointer) };
    case 'histogram':
      return { name, kind: 'histogram', value: snapshotOf(readBuckets(state.memory, pointer)) };
    case 'limiter': {
      if (!hasTable(here, row)) return undefined;
      const { pointer: scratch } = scratchHere(state, exports);
      const limit = exports.limiterLimit(pointer, scratch);
      const windowMs = exports.limiterWindowMs(pointer, scratch);
      const keys = countKeys(state.memory, pointer, scratch, exports, monotonicMs());
      return { name, kind: 'limiter', value: { limit, windowMs, keys, ...takesOf(state.memory, pointer) } };
    }
    case 'mutex':
      return { name, kind: 'mutex', value: mutexState(views, pointer) };
  }
}

/** Whether a limiter has a table. */
function hasTable({ views }: Binding, { pointer }: Row): boolean {
  return hasExtent(views, pointer);
}
