// The messages between the control plane and the writer's thread. Stopping and opening anew go through LogControl, since the
// writer blocks while it waits.

import type { LogMemory } from './ring.ts';

/** The data that starts the thread. */
export interface WriterStart {
  memory: LogMemory;
  /** The path of the file, or `-`. */
  path: string;
}

export type FromWriter =
  | { type: 'ready' }
  /** A line for the log. */
  | { type: 'note'; text: string }
  /** The file has been opened anew, or it could not be. */
  | { type: 'reopened'; request: number; error: string | undefined };
