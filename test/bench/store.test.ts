// Results files: their names, their text, and the search for a file.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkout, fileName, find, load, reportPath, save, serialize } from '../../bench/report/store.ts';
import type { Results } from '../../bench/results.ts';
import { temporaryFolder } from '../support/fixtures.ts';
import { fixture } from './fixture.ts';

const root = temporaryFolder('results');
let folder: string;
let count = 0;

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

function put(changes: Partial<Results>, name = fileName(fixture(changes))): string {
  const path = join(folder, name);
  save(fixture(changes), path);
  return path;
}

describe('a results file', () => {
  it('is named by its date and commit', () => {
    expect(fileName(fixture())).toBe('2026-11-22T140301-e778d2e.json');
    expect(fileName(fixture({ dirty: true }))).toBe('2026-11-22T140301-e778d2e-dirty.json');
    expect(fileName(fixture({ commit: 'unknown' }))).toBe('2026-11-22T140301-unknown.json');
    expect(reportPath('a/2026.json')).toBe('a/2026.html');
  });

  it('holds the saved results, with each series on one line', () => {
    const path = put({});
    expect(load(path)).toEqual(fixture());
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.filter((line) => /"cpuMicros": \[[\d., ]+\]/.test(line)).length).toBeGreaterThan(10);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
  });

  it('keeps text that looks like a series', () => {
    const [suite, ...others] = fixture().suites;
    const notes = ['[\n1,\n2\n]', '[ 1, 2 ]'];
    const results = fixture({ suites: [{ ...suite!, notes }, ...others] });
    expect(JSON.parse(serialize(results))).toEqual(results);
  });

  it('leaves no partial file behind', () => {
    put({});
    expect(readdirSync(folder)).toEqual(['2026-11-22T140301-e778d2e.json']);
  });

  it('is rejected with one line if it is another kind of file', () => {
    const path = join(folder, 'other.json');
    expect(() => load(path)).toThrow(/other\.json can't be read: ENOENT/);
    writeFileSync(path, 'not JSON');
    expect(() => load(path)).toThrow(/other\.json can't be read/);
    for (const text of ['null', '{}', '{"format": 99}', '[]']) {
      writeFileSync(path, text);
      expect(() => load(path)).toThrow(/not a results file of format 1/);
    }
  });
});

describe('find', () => {
  const A = 'a'.repeat(40);
  const AB = `${'a'.repeat(6)}${'b'.repeat(34)}`;

  it('accepts a path, and a name with or without its ending', () => {
    const path = put({});
    for (const what of [path, '2026-11-22T140301-e778d2e.json', '2026-11-22T140301-e778d2e'])
      expect(find(what, folder)).toBe(path);
  });

  it('accepts the beginning of a commit, and finds its newest file', () => {
    put({ commit: A, date: '2026-11-20T10:00:00.000Z' });
    const newest = put({ commit: A, date: '2026-11-21T10:00:00.000Z' });
    put({ commit: 'c'.repeat(40), date: '2026-11-22T10:00:00.000Z' });
    expect(find('aaaa', folder)).toBe(newest);
    expect(find(A, folder)).toBe(newest);
  });

  it('rejects a beginning that two commits share', () => {
    put({ commit: A });
    put({ commit: AB, date: '2026-11-21T10:00:00.000Z' });
    expect(() => find('aaaa', folder)).toThrow("'aaaa' is the beginning of 2 commits.");
    expect(find('aaaaaab', folder)).toContain('aaaaaab');
  });

  it('accepts latest, by the date in the results, not of the file', () => {
    const newest = put({ date: '2026-11-23T10:00:00.000Z' }, 'a.json');
    put({ date: '2026-11-21T10:00:00.000Z' }, 'z.json');
    expect(find('latest', folder)).toBe(newest);
  });

  it('prefers a file to its copy for the published pages', () => {
    put({}, 'readme.json');
    expect(find('latest', folder)).toBe(join(folder, 'readme.json'));
    expect(find('readme', folder)).toBe(join(folder, 'readme.json'));
    const original = put({});
    expect(find('latest', folder)).toBe(original);
  });

  it('lists the results that exist', () => {
    put({}, 'one.json');
    expect(() => find('other', folder)).toThrow(/no results 'other'.*There is: one\.json/);
    expect(() => find('eee', folder)).toThrow(/no results/);
    expect(() => find('latest', join(folder, 'nowhere'))).toThrow(/There is: nothing/);
  });
});

it('returns the commit of the checkout', () => {
  expect(checkout().commit).toMatch(/^([0-9a-f]{40}|unknown)$/);
});
