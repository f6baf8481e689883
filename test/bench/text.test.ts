// The results as text for a terminal.

import { describe, expect, it } from 'vitest';
import { bar, formatTable } from '../../bench/report/table.ts';
import { suiteText } from '../../bench/report/text.ts';
import type { SuiteResult } from '../../bench/results.ts';
import { fixture } from './fixture.ts';

describe('bar', () => {
  it('is as long as its share, to an eighth of a character', () => {
    expect(bar(1, 4)).toBe('████');
    expect(bar(0.5, 4)).toBe('██');
    expect(bar(0.28125, 4)).toBe('█▏');
    expect(bar(0, 4)).toBe('');
  });

  it('is visible however short, and never too long', () => {
    expect(bar(0.0001, 4)).toBe('▏');
    expect(bar(1.5, 4)).toBe('████');
  });
});

describe('formatTable', () => {
  const table = {
    title: 'title',
    columns: ['name', '    ', 'ns'],
    rows: [
      ['a', '▍', '9.12'],
      ['longer', '████', '1,234'],
    ],
    notes: ['note'],
  };

  it('has names and bars to the left, figures to the right', () => {
    expect(formatTable(table)).toBe(
      [
        'title',
        '',
        'name             ns',
        '------  ----  -----',
        'a       ▍      9.12',
        'longer  ████  1,234',
        '',
        'note',
      ].join('\n'),
    );
  });

  it('prints only the chosen rows bold', () => {
    const lines = formatTable(table, (row) => row === 1).split('\n');
    expect(lines.filter((line) => line.includes('\u001b'))).toEqual([
      `\u001b[1mlonger  ████  1,234\u001b[22m`,
    ]);
  });
});

describe('suiteText', () => {
  const suites = fixture().suites;

  it.each(suites.map((suite) => [suite.name, suite] as const))('has all results of %s', (_, suite) => {
    const text = suiteText(suite);
    for (const { name, subjects, missing } of suite.groups)
      for (const expected of [name, ...subjects.map((one) => one.name), ...missing])
        expect(text).toContain(expected);
    for (const note of suite.notes) expect(text).toContain(note);
    for (const wrong of ['NaN', 'undefined', 'Infinity', '\u001b']) expect(text).not.toContain(wrong);
  });

  it('fits a terminal of 120 columns but for its sentences', () => {
    for (const suite of suites)
      for (const line of suiteText(suite).split('\n'))
        if (/ {2}/.test(line)) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it('prints the rows of hotpath bold on a terminal', () => {
    const bold = suiteText(suites[1] as SuiteResult, true)
      .split('\n')
      .filter((line) => line.startsWith('\u001b[1m'));
    expect(bold.length).toBeGreaterThan(0);
    for (const line of bold) expect(line).toContain('hotpath');
  });

  it('shows a group without measurements, and a subject without values', () => {
    const text = suiteText({
      name: 'server',
      title: 'Servers',
      groups: [
        { name: 'empty', reference: '', measure: 'cpuMicros', subjects: [], missing: ['Bun: not installed'] },
        {
          name: 'half',
          reference: 'a',
          measure: 'cpuMicros',
          subjects: [
            { name: 'a', ours: true, measures: { cpuMicros: [1, 2, 3] } },
            { name: 'b', ours: false, measures: { cpuMicros: [] } },
          ],
          missing: [],
        },
      ],
      notes: [],
    });
    expect(text).toContain('empty\nNothing was measured.\nNot measured: Bun: not installed');
    expect(text).toMatch(/^b +- +-$/m);
  });
});
