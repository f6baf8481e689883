// The packages with which the benchmarks compare hotpath. They are dependencies of a package of their own,
// installed on demand.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

export const PEERS_FOLDER = resolve('bench/peers');
export const INSTALL_PEERS = 'not installed (npm run bench:peers)';

const requirePeer = createRequire(`${PEERS_FOLDER}/package.json`);

export function hasPeer(name: string): boolean {
  try {
    requirePeer.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Loads a package. @throws Error if it is not installed */
export function loadPeer(name: string): unknown {
  return requirePeer(name);
}
