// How a name becomes a row of the process's named state, in the thread that asks.

import { isMainThread, threadId } from 'node:worker_threads';
import type { Views } from '../memory/views.ts';
import { viewsOf } from '../memory/views.ts';
import { checkVersion } from '../wasm/header.ts';
import { type Exports, instantiate } from '../wasm/instance.ts';
import { awaitLease, leaseSize } from '../wasm/state/leasing.ts';
import { claimRow, HELLO_NAME, type Kind, OWN_PREFIX } from '../wasm/state/names.ts';
import { rowPointer } from '../wasm/state/rows.ts';
import { type SharedState, sharedState, unbindLater } from './shared.ts';

/** The named state, with an instance of the module for this thread. */
export interface Bound {
  readonly state: SharedState;
  readonly exports: Exports;
  /** Of the memory as it was when the thread bound itself: extents lie behind their end. */
  readonly views: Views;
}

/** Who holds what can be held: no other thread of the process ever has this number. Never 0. */
export const OWNER = ownerOf(threadId);

/** Whether this thread ends with its process only. */
export const IS_MAIN = isMainThread;

/** A new counter's first lease is waited for: until then it would have no number to hand out. */
const FIRST_LEASE_MS = 2000;

let bound: Bound | undefined;

/** The number under which the thread of this id holds what it holds. */
export function ownerOf(id: number): number {
  return id + 1;
}

/**
 * The named state as this thread uses it.
 * @param what for, in an error: `counter 'hits'`
 * @throws Error when there is no server whose state it could be, or when another version of this package made it
 */
export function inThisThread(what: string): Bound {
  const state = sharedState();
  if (state === undefined)
    throw new Error(
      IS_MAIN
        ? `${what} is used before this thread has a server: start one with serve(), or use it in the app`
        : `${what} is used in a worker thread that no server has started, before this thread has a server: post the values that it needs to it, or call serve() in it`,
    );
  if (bound?.state !== state) {
    const views = viewsOf(state.memory);
    checkVersion(views);
    bound = { state, views, exports: instantiate(state.module, state.memory) };
  }
  return bound;
}

/**
 * Index of the row of this name.
 * @throws RangeError when there is no room for one more, or the name is one of the server's own
 * @throws TypeError when the name is that of something of another kind
 */
export function claim({ views, exports }: Bound, kind: Kind, name: string): number {
  if (name.startsWith(OWN_PREFIX) && name !== HELLO_NAME)
    throw new RangeError(`${kind} '${name}': names that begin with '${OWN_PREFIX}' are the server's own`);
  const index = claimRow(views, kind, name);
  if (kind === 'counter' && leaseSize(views) > 0)
    awaitLease(views, exports, rowPointer(index), FIRST_LEASE_MS);
  return index;
}

/**
 * The row of this name: its pointer, and what works on it.
 * @param unbind called when that is no longer the process's named state, since no server has started with it
 */
export function bind(kind: Kind, name: string, unbind?: () => void): Bound & { pointer: number } {
  const here = inThisThread(`${kind} '${name}'`);
  const pointer = rowPointer(claim(here, kind, name));
  if (unbind !== undefined) unbindLater(unbind);
  return { ...here, pointer };
}
