// The packages that the benches compare hotpath with: a package of their own, installed on demand.

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

/** @throws Error when it is not installed */
export function loadPeer(name: string): unknown {
  return requirePeer(name);
}
