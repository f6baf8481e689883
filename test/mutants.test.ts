// The table of `npm run mutants` against the sources as they are. Trying the defects takes minutes.

import { describe, expect, test } from 'vitest';
import type { Defect } from './mutants/defect.ts';
import { locate, locateAll } from './mutants/locate.ts';
import { DEFECTS, tableErrors } from './mutants/table.ts';
import { readTexts } from './mutants/texts.ts';

test('the table of defects has no mistake of its own; rows that no longer fit the sources are reported', () => {
  expect(tableErrors()).toEqual([]);
  expect(DEFECTS.length).toBeGreaterThanOrEqual(50);
  const { located, misfits } = locateAll(DEFECTS, readTexts('.'));
  const moved = located.filter((row) => row.moved);
  if (moved.length > 0) console.warn(`test/mutants: ${moved.length} rows fit, in other files than they name`);
  if (misfits.length > 0)
    console.warn(
      [
        `test/mutants: ${misfits.length} rows no longer fit the sources`,
        ...misfits.map(({ defect, reason }) => `${defect.file}: ${defect.name}: ${reason}`),
      ].join('\n'),
    );
});

describe('a row', () => {
  const row: Defect = {
    name: 'nothing is drained',
    file: 'src/connection/plane.ts',
    found: 'if (open) {\n  drain();',
    put: 'if (open) {',
    tests: ['test/connection/plane.test.ts'],
    only: 'drains',
  };
  const code = 'if (open) {\n  drain();\n}';
  const testText = "test('a plane drains', () => {});";

  /** @returns where the row is found among these files, beside the test file */
  function found(files: Record<string, string>): unknown {
    const texts = new Map(Object.entries({ 'test/connection/plane.test.ts': testText, ...files }));
    const result = locate(row, texts);
    return 'reason' in result ? result.reason : result.place.file;
  }

  test.each([
    [
      'in the file that it names',
      { 'src/connection/plane.ts': code, 'src/a.ts': code },
      'src/connection/plane.ts',
    ],
    ['in a file of that name elsewhere', { 'src/a.ts': code, 'src/b/plane.ts': code }, 'src/b/plane.ts'],
    [
      'in the folder of its file',
      { 'src/connection/drain.ts': code, 'src/a.ts': code },
      'src/connection/drain.ts',
    ],
    ['in a folder around it', { 'src/connection/plane.ts': '', 'src/state/a.ts': code }, 'src/state/a.ts'],
    [
      'with other indentation',
      { 'src/connection/plane.ts': 'if (open) {\n      drain();' },
      'src/connection/plane.ts',
    ],
  ])('fits %s', (_, files, file) => {
    expect(found(files)).toBe(file);
  });

  test.each([
    ['is gone', { 'src/connection/plane.ts': 'drain();' }, 'its text is not found'],
    ['stands only below another top folder', { 'assembly/plane.ts': code }, 'its text is not found'],
    [
      'stands twice in its file',
      { 'src/connection/plane.ts': code + code },
      'found 2 times, not once, in src/connection/plane.ts',
    ],
    [
      'stands in two files',
      { 'src/a.ts': code, 'src/b.ts': code },
      'found 2 times, not once, in src/a.ts, src/b.ts',
    ],
  ])('does not fit if its text %s', (_, files, reason) => {
    expect(found(files)).toContain(reason);
  });

  test('spans the text as it stands', () => {
    const text = `// open\nif (open) {\n\n    drain();\n}`;
    const result = locate(
      row,
      new Map([
        [row.file, text],
        ['test/connection/plane.test.ts', testText],
      ]),
    );
    expect(result).toMatchObject({ place: { start: 8, end: text.length - 2 }, moved: false });
  });

  test.each([
    [
      'is where the row says',
      { 'test/connection/plane.test.ts': testText },
      ['test/connection/plane.test.ts'],
    ],
    ['has moved', { 'test/plane.test.ts': testText }, ['test/plane.test.ts']],
    [
      'has moved into another file',
      { 'test/connection/plane.test.ts': '', 'test/drain.test.ts': testText },
      ['test/drain.test.ts'],
    ],
  ])('fits if its test %s', (_, files, tests) => {
    expect(locate(row, new Map(Object.entries({ [row.file]: code, ...files })))).toMatchObject({ tests });
  });

  test.each([
    ['was given another title', { 'test/connection/plane.test.ts': "test('stops')" }, '0 other test files'],
    ['may be in two files', { 'test/a.test.ts': testText, 'test/b.test.ts': testText }, '2 other test files'],
  ])('does not fit if its test %s', (_, files, reason) => {
    expect(locate(row, new Map(Object.entries({ [row.file]: code, ...files })))).toMatchObject({
      reason: expect.stringContaining(reason),
    });
  });

  test('without a title does not fit if its test file is gone', () => {
    const { only, ...whole } = row;
    expect(locate(whole, new Map([[row.file, code]]))).toMatchObject({
      reason: `there is no test file ${row.tests[0]}`,
    });
  });
});
