// The started server from outside, over plain TCP.

import { describe } from 'vitest';
import { ENGINES } from '../src/protocol/codec.ts';
import { PLAIN, startDebug, startServer, testCases, testResets } from './support/black-box.ts';

describe.each(ENGINES)('%s engine: all cases', (engine) => testCases(engine, PLAIN));

describe.each([
  ['wasm engine', () => startServer('wasm', PLAIN)],
  ['js engine', () => startServer('js', PLAIN)],
  ['wasm engine, debug build', () => startDebug(PLAIN)],
])('%s: resets', (_, start) => testResets(start, PLAIN));
