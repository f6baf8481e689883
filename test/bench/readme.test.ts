// README.md and the pages beside it say what their results file says. When this fails: npm run bench -- readme readme

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGES, withFigures } from '../../bench/report/readme.ts';
import { load, README_RESULTS } from '../../bench/report/store.ts';
import type { Results } from '../../bench/results.ts';
import { fixture, HOSTILE } from './fixture.ts';

const README = readFileSync('README.md', 'utf8');
const SUITES = PAGES['README.md'] ?? [];
const withFixture = (page: string, results?: Results): string => withFigures(page, results, SUITES);

it.each(Object.keys(PAGES))('%s has the figures of the results file, and no others', (path) => {
  const results = existsSync(README_RESULTS) ? load(README_RESULTS) : undefined;
  const page = readFileSync(path, 'utf8');
  expect(page).toBe(withFigures(page, results, PAGES[path] ?? []));
});

describe('withFigures', () => {
  const written = withFixture(README, fixture());

  it('writes a table for each measure, with units, ratios and ties', () => {
    expect(written).toContain(
      '**Parsing: nanoseconds a call, the call from JavaScript included**: time a call, ns, less is better.',
    );
    expect(written).toMatch(/^\| 40 bytes \| 27\.7 \| 96\.9 \(3\.50x\) \|/m);
    expect(written).toMatch(/^\| 1 connection \| 74,370 \| \| [\d,]+ \(0\.41x\) \| \| \| [\d,]+ \(tie\) \|/m);
    expect(written).toContain('**: server CPU a request, µs, less is better.');
    expect(written).toMatch(/^\| 1 connection \| 13\.4 \| \| 31\.6 \(2\.36x\) \|/m);
    expect(written).toContain('**hotpath wasm**');
    expect(written).toContain('| node:http |');
  });

  it('writes throughput and CPU a MiB of transfers', () => {
    expect(written).toContain('**Transfer: content of 1 MiB**: throughput, MiB/s, more is better.');
    expect(written).toContain('**Transfer: content of 1 MiB**: server CPU a MiB, µs, less is better.');
    expect(written).toMatch(/^\| upload, read whole \| 3\d\d \| 4\d\d \(1\.\d\dx\) \|$/m);
    expect(written).toMatch(/^\| download of bytes \| [\d,]+ \| [\d,]+ \(unclear\) \|$/m);
  });

  it('writes a table for each group where nobody is in two', () => {
    const state = withFigures(README, fixture(), ['state']);
    expect(state).toContain(
      '**State: one step on shared state: counting by 1**: time a call, ns, less is better.',
    );
    expect(state).toMatch(
      /^\| \*\*counter\.add\(\)\*\* \| 1[\d.]+ \|\n\| a round trip \| [\d,]+ \([\d,]+x\) \|$/m,
    );
    expect(state).toMatch(/^\| \*\*histogram\.record\(\)\*\* \| [\d.]+ \|$/m);
  });

  it('says where the figures are from', () => {
    expect(written).toContain(
      'AMD EPYC 7B13, 2 cores, Linux 6.1.0, Node v20.20.2; commit e778d2e, 2026-11-22.',
    );
  });

  it('says so where they are not to be trusted', () => {
    const weak = withFixture(README, fixture({ dirty: true, pace: 'quick', complete: false }));
    for (const words of ['held changes', 'quick run', 'interrupted']) expect(weak).toContain(words);
  });

  it('changes nothing outside of its markers, and nothing twice', () => {
    expect(withFixture(written, fixture())).toBe(written);
    expect(withFixture(written, undefined)).toBe(withFixture(README, undefined));
    expect(written.split('<!-- figures')[0]).toBe(README.split('<!-- figures')[0]);
    expect(written.split('<!-- end of')[1]).toBe(README.split('<!-- end of')[1]);
  });

  it('differs for other figures: the check would see it', () => {
    const other = fixture();
    other.suites[0]!.groups[0]!.subjects[0]!.measures.nanoseconds = [1, 2, 3];
    expect(withFixture(README, other)).not.toBe(written);
  });

  it('takes names for text', () => {
    const results = fixture();
    results.suites[0]!.groups[0]!.subjects[0]!.name = `${HOSTILE} | *x*`;
    expect(withFixture(README, results)).toContain('\\</script\\>\\<img');
    expect(withFixture(README, results)).toContain('\\| \\*x\\*');
  });

  it('refuses a README without its markers', () => {
    expect(() => withFixture('# hotpath', fixture())).toThrow(/lacks its markers/);
    expect(() => withFixture(README.replace('<!-- end of figures -->', ''), fixture())).toThrow(/markers/);
  });
});
