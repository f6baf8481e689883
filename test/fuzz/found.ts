// Minimised inputs that failed once, one file each, in test/cases/found/. The test run repeats all of them, in
// more ways than the fuzzer has time for.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Input, type LimitsName, partsOf } from './input.ts';

export const FOUND = 'test/cases/found';

export interface Found {
  /** The failure. */
  failure: string;
  /** The reads, Latin-1. */
  parts: string[];
  limits: LimitsName;
  draining: boolean;
}

/** Writes a case and returns its path. The same input always gets the same name. */
export function writeFound(input: Input, failure: string, folder = FOUND): string {
  const { limits, draining } = input;
  const found: Found = { failure, parts: partsOf(input), limits, draining };
  const name = createHash('sha256')
    .update(JSON.stringify([found.parts, limits, draining]))
    .digest('hex');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.slice(0, 12)}.json`);
  writeFileSync(path, `${JSON.stringify(found, null, 2)}\n`);
  return path;
}

/** All cases, by file name. */
export function readFound(folder = FOUND): [name: string, input: Input][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => [name, inputOf(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Found)]);
}

function inputOf({ parts, limits, draining }: Found): Input {
  let end = 0;
  const cuts = parts.slice(0, -1).map((part) => (end += part.length));
  return { text: parts.join(''), cuts, limits, draining };
}
