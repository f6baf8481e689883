// The started server from outside, over TLS.

import { describe } from 'vitest';
import { ENGINES } from '../../src/protocol/codec.ts';
import { startDebug, startServer, testCases, testResets, type WayIn } from '../support/black-box.ts';
import { pair } from '../support/certificates.ts';
import { TLS, TLS_PUBLIC } from '../support/ways.ts';

const ENCRYPTED: WayIn = {
  args: () => ['--tls-cert', pair().certFile, '--tls-key', pair().keyFile],
  way: TLS,
};

describe.each(ENGINES)('%s engine: all cases', (engine) => testCases(engine, ENCRYPTED));

describe.each([
  ['wasm engine', () => startServer('wasm', ENCRYPTED)],
  ['wasm engine, debug build', () => startDebug(ENCRYPTED)],
  ['wasm engine, debug build, public I/O', () => startDebug({ ...ENCRYPTED, way: TLS_PUBLIC })],
])('%s: resets', (_, start) => testResets(start, ENCRYPTED));
