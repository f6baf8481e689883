// Compares the table of `npm run mutants` with the current sources. Running the defects takes minutes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Defect } from './mutants/defect.ts';
import { type Located, locate, locateAll } from './mutants/locate.ts';
import type { Outcome } from './mutants/report.ts';
import { run } from './mutants/run.ts';
import { type Changes, changedMisfits, changedRows, changesSince, readDiff } from './mutants/since.ts';
import { DEFECTS, tableErrors } from './mutants/table.ts';
import { readTexts } from './mutants/texts.ts';
import { Trial } from './mutants/trial.ts';

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

  /** @returns where these files, beside the test file, hold the row */
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

describe('changes since a revision', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hotpath-since-'));
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgSign=false'];
    execFileSync('git', [...identity, ...args], { cwd: folder, stdio: 'ignore' });
  };
  const LONG = Array.from({ length: 20 }, (_, i) => `line ${i + 1};\n`).join('');
  let changes: Changes;

  beforeAll(() => {
    git('init');
    mkdirSync(join(folder, 'src'));
    for (const name of ['same', 'edited', 'moved', 'moved-edited', 'gone'])
      write(`src/${name}.ts`, `${name}\n${LONG}`);
    git('add', '-A');
    git('commit', '-m', 'first');
    write('src/edited.ts', `edited\n${LONG.replace('line 3;', 'line three;').replace('line 9;\n', '')}`);
    renameSync(join(folder, 'src/moved.ts'), join(folder, 'src/moved-on.ts'));
    rmSync(join(folder, 'src/gone.ts'));
    rmSync(join(folder, 'src/moved-edited.ts'));
    write('src/moved-edited-on.ts', `moved-edited\n${LONG.replace('line 5;', 'line five;')}`);
    git('add', '-A');
    git('commit', '-m', 'second');
    write('src/new.ts', 'new\n');
    changes = changesSince(folder, 'HEAD~1');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are the changed lines of files, in the working tree, too', () => {
    expect(Object.fromEntries(changes.lines)).toEqual({
      // Lines around a deleted line count as changed.
      'src/edited.ts': [
        [4, 4],
        [9, 10],
      ],
      'src/moved-edited-on.ts': [[6, 6]],
      'src/new.ts': [[1, Number.MAX_SAFE_INTEGER]],
    });
  });

  test('are the names of files before and after', () => {
    expect([...changes.files].sort()).toEqual(
      ['edited', 'gone', 'moved-edited-on', 'moved-edited', 'moved-on', 'moved', 'new'].map(
        (name) => `src/${name}.ts`,
      ),
    );
  });

  test('need a revision that Git knows', () => {
    expect(() => changesSince(folder, 'nonsense')).toThrow('--since: Git knows no revision nonsense here');
    expect(() => changesSince(folder, '--help')).toThrow('--since: Git knows no revision --help here');
  });

  test('are not misled by changed lines that look like a header', () => {
    const diff = [
      '--- a/src/a.ts',
      '+++ b/src/a.ts',
      '@@ -3,2 +3,2 @@',
      '--- a/src/b.ts',
      '-rename from src/c.ts',
      '+++ b/src/d.ts',
      '+@@ -1 +1 @@',
      '@@ -9 +9 @@ function f() {',
    ];
    const { lines, files } = readDiff(diff.join('\n'));
    expect([...files]).toEqual(['src/a.ts']);
    expect([...lines]).toEqual([
      [
        'src/a.ts',
        [
          [3, 4],
          [9, 9],
        ],
      ],
    ]);
  });
});

describe('of the rows', () => {
  const text = 'one;\ntwo;\nthree;\n';
  const texts = new Map([
    ['src/a.ts', text],
    ['src/b.ts', text],
  ]);
  const changes = {
    lines: new Map([['src/a.ts', [[2, 2]] as const]]),
    files: new Set(['src/a.ts', 'src/old.ts']),
  };

  function located(file: string, found: string): Located {
    const start = text.indexOf(found);
    const defect = { name: `${file} ${found}`, file, found, put: '', tests: [] };
    return { defect, place: { file, start, end: start + found.length }, tests: [], moved: false };
  }

  test('rows in changed files are tried, rows in changed lines first', () => {
    const rows = [
      located('src/a.ts', 'one'),
      located('src/b.ts', 'two'),
      located('src/a.ts', 'two'),
      located('src/a.ts', 'one;\ntwo'),
    ];
    const names = changedRows(rows, changes, texts).map(({ defect }) => defect.name);
    expect(names).toEqual(['src/a.ts two', 'src/a.ts one;\ntwo', 'src/a.ts one']);
  });

  test('rows that no longer fit count if the change touched their file or their test', () => {
    const misfit = (file: string, ...tests: string[]) => ({
      defect: { name: file, file, found: '', put: '', tests },
      reason: 'gone',
    });
    const misfits = [
      misfit('src/old.ts', 'test/old.test.ts'),
      misfit('src/b.ts', 'test/b.test.ts'),
      misfit('src/c.ts', 'test/c.test.ts', 'src/a.ts'),
    ];
    const names = changedMisfits(misfits, changes).map(({ defect }) => defect.name);
    expect(names).toEqual(['src/old.ts', 'src/c.ts']);
  });
});

describe('a trial that is bounded in time', () => {
  const NOTHING = { caught: 0, hung: 0, survived: 0, skipped: 0, broken: 0, untried: 0 };
  const MINUTE_MS = 60_000;
  const row = (name: string): Located => ({
    defect: { name, file: 'src/a.ts', found: 'a', put: 'b', tests: ['test/a.test.ts'], only: name },
    place: { file: 'src/a.ts', start: 0, end: 1 },
    tests: ['test/a.test.ts'],
    moved: false,
  });
  const outcome = (kind: Outcome['kind']) => async (): Promise<Outcome> => ({ kind, by: kind });
  afterEach(() => vi.restoreAllMocks());

  test('counts what became of each defect', async () => {
    vi.spyOn(console, 'log').mockReturnValue();
    const trial = new Trial([{ test: outcome('survived'), attempt: outcome('caught') }]);
    const tally = await trial.until(Date.now() + MINUTE_MS, [row('one'), row('two')]);
    expect(tally).toEqual({ ...NOTHING, caught: 2 });
  });

  test('does not try a defect whose tests are skipped or fail without it', async () => {
    vi.spyOn(console, 'log').mockReturnValue();
    const said = vi.spyOn(console, 'error').mockReturnValue();
    const attempt = vi.fn(outcome('survived'));
    const skipping = new Trial([{ test: outcome('skipped'), attempt }]);
    expect(await skipping.until(Date.now() + MINUTE_MS, [row('one')])).toEqual({ ...NOTHING, skipped: 1 });
    const failing = new Trial([{ test: outcome('caught'), attempt }]);
    expect(await failing.until(Date.now() + MINUTE_MS, [row('one')])).toEqual({ ...NOTHING, broken: 1 });
    expect(attempt).not.toHaveBeenCalled();
    expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('fails without any defect'));
  });

  test('counts as untried the defect that it was at when the time was over, and the rest', async () => {
    vi.spyOn(console, 'log').mockReturnValue();
    const attempt = (): Promise<Outcome> =>
      new Promise((resolve) => setTimeout(resolve, 50, { kind: 'survived', by: '' }));
    const trial = new Trial([{ test: outcome('survived'), attempt }]);
    const tally = await trial.until(Date.now() + 5, [row('one'), row('two')]);
    expect(tally).toEqual({ ...NOTHING, untried: 2 });
  });
});

describe('npm run mutants', () => {
  afterEach(() => vi.restoreAllMocks());

  test.each([
    [['--wrong'], "Unknown option '--wrong'"],
    [['--lanes', '0'], '--lanes must be'],
    [['--minutes', 'soon'], '--minutes must be'],
    [['--minutes', '-1'], '--minutes'],
    [['--seed', '0.5'], '--seed must be'],
    [['--since', 'no-such-revision'], 'Git knows no revision no-such-revision'],
    [['no such defect'], 'no defect has no such defect'],
  ])('with %j reports wrong usage in one line', async (args, message) => {
    const said = vi.spyOn(console, 'error').mockReturnValue();
    expect(await run(args)).toBe(2);
    expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(message));
    expect(said.mock.calls[0]?.[0]).not.toContain('\n');
  });
});
