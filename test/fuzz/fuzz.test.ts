// A short run of the fuzzer over the same inputs each time, and every input that has ever failed.

import { describe, expect, test } from 'vitest';
import * as codes from '../../src/memory/codes.ts';
import { temporaryFolder } from '../support/fixtures.ts';
import { Checker, END_ANSWERED, END_UNFINISHED } from './check.ts';
import { readFound, writeFound } from './found.ts';
import type { Input } from './input.ts';
import { minimise } from './minimise.ts';
import { batchSeed, runBatch } from './run.ts';

const BATCHES = 24;
/** Errors that the caller of an engine finds, that no counter here has, that only redirects have, or that end no connection. */
const FOUND_BY_CALLER: readonly number[] = [
  codes.ERROR_INCOMPLETE,
  codes.ERROR_TIMEOUT,
  codes.ERROR_OVERLOADED,
  codes.ERROR_HANDLER_TIMEOUT,
  codes.ERROR_LEASE_EXHAUSTED,
  codes.ERROR_MISDIRECTED,
  codes.ERROR_PLAINTEXT,
  codes.ERROR_NO_PLACE,
];
const ERRORS = Object.entries(codes)
  .filter(([name, code]) => name.startsWith('ERROR_') && !FOUND_BY_CALLER.includes(code))
  .map(([, code]) => code);

test('composed and mutated inputs end with every error', { timeout: 120_000 }, () => {
  const checker = new Checker();
  for (let batch = 0; batch < BATCHES; batch++)
    expect(runBatch(checker, batchSeed(1, batch))).toBeUndefined();
  const ends = [...checker.ends.keys()].sort((a, b) => a - b);
  expect(ends).toEqual([END_ANSWERED, END_UNFINISHED, ...ERRORS].sort((a, b) => a - b));
});

describe('saved failures', () => {
  const checker = new Checker();

  test.each(readFound())('%s', (_name, input) => {
    expect(checker.checkThoroughly(input)).toBe('');
  });
});

describe('a failing input', () => {
  const input: Input = {
    text: `${'x'.repeat(300)}\r\nB: b\xff`,
    cuts: [10, 299, 303],
    limits: 'small',
    draining: true,
  };

  test('shrinks as long as it fails', () => {
    const fails = ({ text, cuts }: Input): boolean => text.includes('\xff') && cuts.length > 0;
    expect(minimise(input, fails)).toEqual({
      text: 'a\xff',
      cuts: [1],
      limits: 'usual',
      draining: false,
    });
  });

  test('is read back as the fuzzer wrote it', () => {
    const folder = temporaryFolder('found');
    writeFound(input, 'a failure', folder);
    expect(readFound(folder).map(([, found]) => found)).toEqual([input]);
  });
});
