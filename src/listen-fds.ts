// Socket activation: sockets that systemd has opened, and passes on as descriptors 3, 4, ... The environment describes
// them (sd_listen_fds(3)).

import { platform } from 'node:os';
import type { InheritedSocket } from './connection/inherited.ts';
import { escaped } from './one-line.ts';

/** The variables of the environment that describe the sockets. */
export interface ListenVariables {
  /** The process that the sockets are for. */
  LISTEN_PID?: string | undefined;
  /** How many sockets there are. */
  LISTEN_FDS?: string | undefined;
  /** Their names, with colons between them. */
  LISTEN_FDNAMES?: string | undefined;
}

const FD_FIRST = 3;
/** The name of a socket whose unit gives it none. */
const NAMELESS = 'unknown';

/**
 * Returns the sockets that systemd passes to this process; undefined if there are none.
 * @param pid of this process
 * @throws Error if the variables are malformed
 */
export function inheritedSockets(
  { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES }: ListenVariables,
  pid: number,
): InheritedSocket[] | undefined {
  if (platform() === 'win32' || LISTEN_FDS === undefined || LISTEN_PID !== `${pid}`) return undefined;
  if (!/^\d{1,6}$/.test(LISTEN_FDS))
    throw new Error(
      `LISTEN_FDS in the environment must be the number of sockets, not '${escaped(LISTEN_FDS)}'`,
    );
  const count = Number(LISTEN_FDS);
  if (count === 0) return undefined;
  const names = LISTEN_FDNAMES?.split(':');
  if (names !== undefined && names.length !== count)
    throw new Error(
      `LISTEN_FDNAMES in the environment must have ${count} names, not '${escaped(LISTEN_FDNAMES as string)}'`,
    );
  return Array.from({ length: count }, (_, i) => ({ fd: FD_FIRST + i, name: names?.[i] ?? NAMELESS }));
}

/** Removes the variables from the environment, so that no process that this one starts takes the sockets for its own. */
export function forgetSockets(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(environment))
    if (/^LISTEN_(?:PID|PIDFDID|FDS|FDNAMES)$/.test(name)) delete environment[name];
}
