// The published figures are those of the committed results file. If a page differs: npm run bench -- readme readme

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { suitesMarkdown } from '../../bench/report/markdown.ts';
import { PAGES, withFigures, withSuites } from '../../bench/report/readme.ts';
import { load, README_RESULTS } from '../../bench/report/store.ts';
import { factsMarkdown, shortTableMarkdown } from '../../bench/report/summary.ts';
import type { Results, SuiteName } from '../../bench/results.ts';
import { fixture, HOSTILE } from './fixture.ts';

const PAGE = readFileSync('bench/README.md', 'utf8');
const SUITES: readonly SuiteName[] = ['parse', 'server', 'transfer'];
const tablesOf = (suites: readonly SuiteName[]) => ({ figures: (of: Results) => suitesMarkdown(of, suites) });
const withFixture = (page: string, results?: Results): string => withFigures(page, results, tablesOf(SUITES));

it.each(Object.keys(PAGES))('%s has the figures of the results file and no others', (path) => {
  const results = existsSync(README_RESULTS) ? load(README_RESULTS) : undefined;
  const page = readFileSync(path, 'utf8');
  expect(page).toBe(withFigures(page, results, PAGES[path] ?? {}));
});

describe('withFigures', () => {
  const written = withFixture(PAGE, fixture());

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

  it('writes a table for each group if no subject is in two groups', () => {
    const state = withFigures(PAGE, fixture(), tablesOf(['state']));
    expect(state).toContain(
      '**State: one step on shared state: counting by 1**: time a call, ns, less is better.',
    );
    expect(state).toMatch(
      /^\| \*\*counter\.add\(\)\*\* \| 1[\d.]+ \|\n\| a round trip \| [\d,]+ \([\d,]+x\) \|$/m,
    );
    expect(state).toMatch(/^\| \*\*histogram\.record\(\)\*\* \| [\d.]+ \|$/m);
  });

  it('names the machine, the commit and the date', () => {
    expect(written).toContain(
      'AMD EPYC 7B13, 2 cores, Linux 6.1.0, Node v20.20.2; commit e778d2e, 2026-11-22.',
    );
  });

  it('warns of figures that are not reliable', () => {
    const weak = withFixture(PAGE, fixture({ dirty: true, pace: 'quick', complete: false }));
    for (const words of ['held changes', 'quick run', 'interrupted']) expect(weak).toContain(words);
  });

  it('changes only text between its markers, and does not change it again', () => {
    expect(withFixture(written, fixture())).toBe(written);
    expect(withFixture(written, undefined)).toBe(withFixture(PAGE, undefined));
    expect(written.split('<!-- figures')[0]).toBe(PAGE.split('<!-- figures')[0]);
    expect(written.split('<!-- end of')[1]).toBe(PAGE.split('<!-- end of')[1]);
  });

  it('differs for other figures, so the check finds stale ones', () => {
    const other = fixture();
    other.suites[0]!.groups[0]!.subjects[0]!.measures.nanoseconds = [1, 2, 3];
    expect(withFixture(PAGE, other)).not.toBe(written);
  });

  it('writes names as plain text', () => {
    const results = fixture();
    results.suites[0]!.groups[0]!.subjects[0]!.name = `${HOSTILE} | *x*`;
    expect(withFixture(PAGE, results)).toContain('\\</script\\>\\<img');
    expect(withFixture(PAGE, results)).toContain('\\| \\*x\\*');
  });

  it('refuses a page without its markers', () => {
    expect(() => withFixture('# hotpath', fixture())).toThrow(/lacks its markers/);
    expect(() => withFixture(PAGE.replace('<!-- end of figures -->', ''), fixture())).toThrow(/markers/);
  });
});

describe('the published tables', () => {
  it('leave out a group in which the load client was the limit of the first subject', () => {
    const results = fixture();
    const group = results.suites.find(({ name }) => name === 'server')!.groups[0]!;
    const row = `| ${group.name} |`;
    expect(suitesMarkdown(results, ['server'])).toContain(row);
    group.subjects[0]!.limitedBy = 'load client';
    expect(suitesMarkdown(results, ['server'])).not.toContain(row);
  });
});

describe('withSuites', () => {
  const published = fixture();
  const machine = { ...published.machine, node: 'v24.0.0' };
  const later = fixture({ commit: 'abcdef0123', date: '2026-11-27T12:00:00.000Z', machine });
  const firstOf = ({ suites }: Results, wanted: SuiteName) => suites.find(({ name }) => name === wanted)!;
  firstOf(later, 'accept').notes.push('later');

  it('replaces the named suites, and names the run that measured them', () => {
    const renewed = withSuites(published, later, ['accept']);
    expect(renewed.suites.map(({ name }) => name)).toEqual(published.suites.map(({ name }) => name));
    expect(firstOf(renewed, 'server')).toEqual(firstOf(published, 'server'));
    const { commit, date, dirty, pace, complete } = later;
    const origin = { commit, date, dirty, machine, pace, complete };
    expect(firstOf(renewed, 'accept')).toEqual({ ...firstOf(later, 'accept'), origin });
    expect(suitesMarkdown(renewed, ['server', 'accept'])).toContain(
      '`server`: AMD EPYC 7B13, 2 cores, Linux 6.1.0, Node v20.20.2; commit e778d2e, 2026-11-22. `accept`: AMD EPYC 7B13, 2 cores, Linux 6.1.0, Node v24.0.0; commit abcdef0, 2026-11-27. A cell',
    );
    expect(suitesMarkdown(renewed, ['accept'])).toMatch(/^AMD EPYC.* commit abcdef0, 2026-11-27\. A cell/);
  });

  it('adds a suite that was not published, and keeps the run of a suite that was renewed before', () => {
    const without = { ...published, suites: [] };
    const once = withSuites(without, later, ['accept']);
    expect(once.suites.map(({ name }) => name)).toEqual(['accept']);
    expect(firstOf(withSuites(published, once, ['accept']), 'accept')).toEqual(once.suites[0]);
  });

  it('refuses a suite that the other run did not measure', () => {
    const renew = () => withSuites(published, { ...later, suites: [] }, ['accept']);
    expect(renew).toThrow("The results have no suite 'accept'.");
  });
});

describe("README's facts and short table", () => {
  const committed = load(README_RESULTS);

  /** The committed results with the requests a second of one server at the base point multiplied. */
  function withLoad(name: string, factor: number): Results {
    const results = structuredClone(committed);
    const base = results.suites.find((suite) => suite.name === 'server')!.groups[0]!;
    const { measures } = base.subjects.find((subject) => subject.name === name)!;
    measures.requestsPerSecond = measures.requestsPerSecond!.map((value) => value * factor);
    return results;
  }

  it('are three facts with figures', () => {
    expect(factsMarkdown(committed).match(/^- \*\*[\d,.]+ /gm)).toHaveLength(3);
  });

  it('claim a win, a tie or a loss only where the rounds have it', () => {
    expect(factsMarkdown(withLoad('nginx', 10))).toMatch(/counted response, 0\.\d+ times nginx\./);
    expect(factsMarkdown(withLoad('nginx', 0.01))).toMatch(/counted response, \d+\.\d times nginx\./);
    const alike = structuredClone(committed);
    const { subjects } = alike.suites.find((suite) => suite.name === 'server')!.groups[0]!;
    const nginx = subjects.find(({ name }) => name === 'nginx')!;
    nginx.measures = subjects.find(({ name }) => name === 'hotpath wasm')!.measures;
    expect(factsMarkdown(alike)).toContain('counted response, a tie with nginx.');
  });

  it('leave out a fact that was not measured', () => {
    expect(factsMarkdown({ ...committed, suites: [] })).toBe('');
  });

  /** The rows of the short table, each with its cells. */
  function rowsOf(results: Results): string[][] {
    const lines = shortTableMarkdown(results).match(/^\|.*(?=\|$)/gm) ?? [];
    return lines.map((line) =>
      line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim()),
    );
  }

  it('are a column for each server that was measured, hotpath beside others, with the command that repeats it', () => {
    const [servers, , throughput, cpu] = rowsOf(committed);
    expect(servers).toHaveLength(6);
    expect(servers?.at(-1)).toBe('node:http, node:https');
    expect(throughput?.at(-1)).toMatch(/^[\d,]+ \(0\.\d+x\)$/);
    expect(cpu?.at(-1)).toMatch(/^[\d.]+ \([\d.]+x\)$/);
    const written = shortTableMarkdown(committed);
    expect(written).toContain('npm run bench -- server');
    expect(written).toContain(committed.machine.node);
  });

  it('have the rows of a connection a request and of HTTPS, if these were measured', () => {
    const rows = rowsOf(withSuites(committed, fixture(), ['accept', 'tls']));
    expect(rows.map(([load]) => load)).toEqual([
      'one worker on one core',
      '---',
      '64 connections: requests a second',
      '64 connections: server CPU a request, µs',
      'a connection a request (`ab`): requests a second',
      'a connection a request (`ab`): server CPU a request, µs',
      'HTTPS, 64 connections: requests a second',
      'HTTPS, 64 connections: server CPU a request, µs',
    ]);
    for (const row of rows.slice(2)) expect(row.at(-1)).toMatch(/^[\d,.]+ \([\d.]+x\)$/);
    // Hono was not measured over TLS.
    expect(rows.at(-1)?.at(-2)).toBe('');
    const suites = committed.suites.filter(({ name }) => name === 'server');
    expect(rowsOf({ ...committed, suites })).toHaveLength(4);
  });
});
