// The ways to read and write a socket.

import type { Io } from '../../src/connection/endpoint.ts';
import type { TestedEngine } from './engines.ts';

export const DIRECT: Io = { accept: 'direct', read: 'direct', write: 'direct' };
export const PUBLIC: Io = { accept: 'public', read: 'public', write: 'public' };
export const WAYS = [DIRECT, PUBLIC];

/** Each engine with each way of reading and writing, in three rows. */
export const ENGINE_WAYS: readonly [TestedEngine, Io][] = [
  ['wasm', DIRECT],
  ['wasm debug', PUBLIC],
  ['js', DIRECT],
];
