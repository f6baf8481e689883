// Binds a handle of named state to its row in the shared memory, with this thread's instance of the module.

import { isMainThread, threadId } from 'node:worker_threads';
import type { Views } from '../memory/views.ts';
import { viewsOf } from '../memory/views.ts';
import { checkVersion } from '../wasm/header.ts';
import { type Exports, instantiate } from '../wasm/instance.ts';
import { awaitLease, leaseSize } from '../wasm/state/leasing.ts';
import { claimRow, HELLO_NAME, type Kind, OWN_PREFIX } from '../wasm/state/names.ts';
import { rowPointer } from '../wasm/state/rows.ts';
import { type SharedState, sharedState, unbindLater } from './shared.ts';

/** The named state as this thread uses it: with its own instance of the module. */
export interface Binding {
  readonly state: SharedState;
  readonly exports: Exports;
  /** Views made when this thread first used the memory. Extents that were added later are outside of them. */
  readonly views: Views;
}

/** Number of this thread as an owner of locks and pages. Never 0, and never used by another thread of the process. */
export const OWNER = ownerOf(threadId);

/** Whether this is the main thread, which ends only with the process. */
export const IS_MAIN = isMainThread;

/** How long to wait for the first lease of a new counter, which has no numbers before. */
const FIRST_LEASE_MS = 2000;

let bound: Binding | undefined;

/** The owner number of the thread with this id. */
export function ownerOf(id: number): number {
  return id + 1;
}

/**
 * Returns the named state as this thread uses it.
 * @param what names the user in an error message: `counter 'hits'`
 * @throws Error when no server of this process has made the state, or another version of this package made it
 */
export function inThisThread(what: string): Binding {
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
 * Claims the row of this name, and returns its index.
 * @throws RangeError when there is no room for another name, or the name is reserved for the server
 * @throws TypeError when the name belongs to named state of another kind
 */
export function claim({ views, exports }: Binding, kind: Kind, name: string): number {
  if (name.startsWith(OWN_PREFIX) && name !== HELLO_NAME)
    throw new RangeError(`${kind} '${name}': names that begin with '${OWN_PREFIX}' are the server's own`);
  const index = claimRow(views, kind, name);
  if (kind === 'counter' && leaseSize(views) > 0)
    awaitLease(views, exports, rowPointer(index), FIRST_LEASE_MS);
  return index;
}

/**
 * Binds to the row of this name, and returns its pointer with the named state.
 * @param unbind called when the process drops this named state, since every server that used it failed to start
 */
export function bindRow(kind: Kind, name: string, unbind?: () => void): Binding & { pointer: number } {
  const here = inThisThread(`${kind} '${name}'`);
  const pointer = rowPointer(claim(here, kind, name));
  if (unbind !== undefined) unbindLater(unbind);
  return { ...here, pointer };
}
