// The messages between the keeper's thread and the control plane that starts it.

import type { SharedState } from '../state/shared.ts';

/** The data that the keeper's thread is started with: the folder, the URL of Redis, or both. */
export interface KeeperStart {
  state: SharedState;
  /** The state folder. */
  folder: string | undefined;
  /** URL of Redis. */
  redis: string | undefined;
  /** Whether a former keeper of this process has loaded the snapshot already. */
  resumed: boolean;
}

/** How long a stop waits until the last numbers are written down. If the disk hangs, some numbers are skipped. */
export const NUMBERS_MS = 2000;
/** How long a stop then waits for the snapshot. Millions of keys take a second, and longer on a slow disk. */
export const SNAPSHOT_MS = 30_000;

/** Tells the keeper to stop: take back the numbers that were not handed out, and write the last ones down. */
export type ToKeeper = { type: 'stop' };

export type FromKeeper =
  /** The first attempt to lease numbers for existing counters has ended. */
  | { type: 'ready' }
  /** The last numbers have been written down, or that failed. The snapshot follows. */
  | { type: 'counted' }
  | { type: 'note'; text: string }
  /** A file in the state folder can't be read, or is damaged. */
  | { type: 'failed'; message: string };
