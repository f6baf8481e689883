// The ways to read and write a socket.

import { spawnSync } from 'node:child_process';
import type { Io } from '../../src/connection/endpoint.ts';
import type { TestedEngine } from './engines.ts';

export const DIRECT: Io = { accept: 'direct', read: 'direct', write: 'direct' };
export const PUBLIC: Io = { accept: 'public', read: 'public', write: 'public' };

/** A way to read and write, perhaps over TLS. */
export interface Way extends Io {
  tls?: boolean;
}

export const TLS: Way = { accept: 'direct', read: 'encrypted', write: 'encrypted', tls: true };
export const TLS_PUBLIC: Way = { ...PUBLIC, tls: true };

/** Certificates of tests are made by the command openssl. Without it, tests over TLS are left out. */
export const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;

export const WAYS: readonly Way[] = [DIRECT, PUBLIC, ...(hasOpenssl ? [TLS, TLS_PUBLIC] : [])];

/** The engines over TLS. */
export const ENGINES_OVER_TLS: readonly [TestedEngine, Way][] = hasOpenssl
  ? [
      ['wasm', TLS],
      ['js', TLS_PUBLIC],
    ]
  : [];

/** Each engine with each way of reading and writing, in few rows. */
export const ENGINE_WAYS: readonly [TestedEngine, Way][] = [
  ['wasm', DIRECT],
  ['wasm debug', PUBLIC],
  ['js', DIRECT],
  ...ENGINES_OVER_TLS,
];
