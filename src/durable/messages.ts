// What the keeper's thread and who started it tell each other.

import type { SharedState } from '../state/shared.ts';

/** What keeps the named state: a folder, Redis, or both. */
export interface KeeperStart {
  state: SharedState;
  /** The state folder. */
  folder: string | undefined;
  /** URL of Redis. */
  redis: string | undefined;
  /** Another keeper of this process has read the snapshot already. */
  resumed: boolean;
}

/** How long a stop waits until it is written down where the numbers stand. A disk may hang: then some are skipped. */
export const NUMBERS_MS = 2000;
/** How long a stop waits for the snapshot after that: millions of keys take a second, a slow disk takes longer. */
export const SNAPSHOT_MS = 30_000;

/** Stop: take back what has not been handed out, and write down where the numbers stand. */
export type ToKeeper = { type: 'stop' };

export type FromKeeper =
  /** Counters that are there have been leased numbers, if that could be. */
  | { type: 'ready' }
  /** The last numbers are written down, or can't be. The snapshot follows. */
  | { type: 'counted' }
  | { type: 'note'; text: string }
  /** What is in the state folder can't be read, or believed. */
  | { type: 'failed'; message: string };
