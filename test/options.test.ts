// The table of options, and the texts that are made of it: `npm run docs` runs this file with --update, which writes
// those that differ.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { helpText } from '../src/command-line.ts';
import { flagOf, OPTION_GROUPS, OPTION_NAMES, OPTIONS } from '../src/options.ts';
import { withDocstrings, withTable } from './support/option-texts.ts';

describe('the table of options', () => {
  test('has each option in one group, in the same order', () => {
    expect(Object.values(OPTION_GROUPS).flat()).toEqual(OPTION_NAMES);
  });

  test('describes each option in one sentence without a full stop', () => {
    for (const name of OPTION_NAMES) expect(OPTIONS[name].says, name).toMatch(/^[A-Z].*[^.]$/);
  });

  test('has defaults that the options accept', () => {
    for (const name of OPTION_NAMES) {
      const { byDefault, read } = OPTIONS[name];
      if (byDefault !== undefined) expect(read(String(byDefault), name), name).toEqual(byDefault);
    }
  });

  test.each([
    ['docs/command-line.md', withTable],
    ['src/serve-options.ts', withDocstrings],
  ])('is what %s says; if not, run `npm run docs`', async (file, written) => {
    await expect(written(readFileSync(file, 'utf8'))).toMatchFileSnapshot(resolve(file));
  });

  test('has a property of serve() for each option but those of the command line', () => {
    const declared = readFileSync('src/serve-options.ts', 'utf8').matchAll(/^ {2}(\w+)\?: /gm);
    const names = new Set([...declared].map(([, name]) => name));
    expect([...names].filter((name) => name !== 'app')).toEqual(
      expect.arrayContaining(OPTION_NAMES.filter((name) => OPTIONS[name].property !== false)),
    );
    for (const name of OPTION_NAMES) expect(names.has(name), name).toBe(OPTIONS[name].property !== false);
  });
});

describe('--help', () => {
  const lines = helpText().split('\n');

  test('has a line for each option, with its default', () => {
    for (const name of OPTION_NAMES)
      expect(
        lines.filter((line) => `${line} `.startsWith(`  --${flagOf(name)} `)),
        name,
      ).toHaveLength(1);
    expect(helpText()).toMatch(/ {2}--head-timeout MS +How long [^[]*\[10000\]\n/);
  });

  test('has lines of 100 characters at most, but for the list of choices', () => {
    expect(lines.filter((line) => line.length > 100 && !line.includes('|'))).toEqual([]);
  });
});
