// What the keeper's thread and who started it tell each other.

import type { SharedState } from '../state/shared.ts';

/** What keeps the named state: a folder, Redis, or both. */
export interface KeeperStart {
  state: SharedState;
  /** The state folder. */
  folder: string | undefined;
  /** URL of Redis. */
  redis: string | undefined;
}

/** Stop: take back what has not been handed out, and write down where the numbers stand. */
export type ToKeeper = { type: 'stop' };

export type FromKeeper =
  /** Counters that are there have been leased numbers, if that could be. */
  | { type: 'ready' }
  | { type: 'note'; text: string }
  /** What is in the state folder can't be read, or believed. */
  | { type: 'failed'; message: string };
