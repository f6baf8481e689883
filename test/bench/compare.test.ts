// Two results side by side.

import { describe, expect, it } from 'vitest';
import { compareText, warnings } from '../../bench/report/compare.ts';
import type { Results, SubjectResult } from '../../bench/results.ts';
import { fixture } from './fixture.ts';

const before = { path: 'a.json', results: fixture() };

/** The same results with each value of some subjects multiplied. */
function changed(
  changes: Record<string, number>,
  more: Partial<Results> = {},
): { path: string; results: Results } {
  const results = fixture(more);
  for (const { groups } of results.suites)
    for (const { subjects } of groups)
      for (const subject of subjects) multiply(subject, changes[subject.name] ?? 1);
  return { path: 'b.json', results };
}

function multiply({ measures }: SubjectResult, factor: number): void {
  for (const values of Object.values(measures))
    for (const i of values.keys()) values[i] = values[i]! * factor;
}

describe('compareText', () => {
  it('ties a run with itself throughout', () => {
    const text = compareText(before, before);
    expect(text).not.toMatch(/\bworse$|\bbetter$/m);
    expect(text).toContain('0 better, 0 worse');
    expect(text).not.toContain('Warning');
    expect(text).not.toContain('Only in');
  });

  it('has medians, bests, the ratio and a verdict for each subject', () => {
    const text = compareText(before, changed({ 'WASM engine': 0.5, 'JS engine': 3 }));
    const [wasm, js, llhttp] = ['WASM engine', 'JS engine', 'llhttp (Node)'].map((name) =>
      text.split('\n').find((line) => line.startsWith(name)),
    );
    expect(text).toContain('parse, 40 bytes: time a call, ns');
    expect(wasm).toMatch(/^WASM engine +27\.7 +26\.4 +13\.8 +13\.2 +2\.00x +better$/);
    expect(js).toMatch(/^JS engine( +[\d.]+){4} +0\.33x +worse$/);
    expect(llhttp).toMatch(/^llhttp \(Node\)( +[\d.]+){4} +1\.00x +tie$/);
  });

  it('counts the verdicts of hotpath and of the control separately', () => {
    const text = compareText(before, changed({ 'WASM engine': 0.5, 'node:http': 2 }));
    expect(text).toMatch(/hotpath's: 4 better, 0 worse, \d+ ties/);
    expect(text).toMatch(/Control, what is not hotpath's: [1-9]\d* better, \d+ worse/);
  });

  it('lists the other measures that changed, and no more', () => {
    const text = compareText(before, changed({ 'hotpath js': 3 }));
    const others = text.slice(text.indexOf('By other measures'), text.indexOf("hotpath's:"));
    expect(others).toMatch(/^server, 64 connections, wrk +hotpath js +server CPU a request +3\.00x worse$/m);
    expect(others).not.toContain('hotpath wasm');
  });

  it('names the subjects that only one result has', () => {
    const [, ...suites] = fixture().suites;
    const text = compareText(before, { path: 'b.json', results: fixture({ suites }) });
    expect(text).toContain('Only in A: parse, 40 bytes: WASM engine');
    expect(compareText({ path: 'b.json', results: fixture({ suites: [] }) }, before)).toContain(
      'The two results have no subject in common.',
    );
  });

  it('describes both runs', () => {
    expect(compareText(before, changed({}, { dirty: true }))).toContain(
      'B  b.json: e778d2e with changes, 2026-11-22T14:03:01.000Z, full, Node v20.20.2',
    );
  });
});

describe('compareText of suites of several runs', () => {
  it('describes each run', () => {
    const [first, ...suites] = fixture().suites;
    const { format: _, suites: __, ...origin } = fixture({ commit: 'abcdef0123' });
    const results = fixture({ suites: [{ ...first!, origin }, ...suites] });
    expect(compareText(before, { path: 'b.json', results })).toContain(
      'B  b.json: e778d2e, 2026-11-22T14:03:01.000Z, full, Node v20.20.2; parse: abcdef0, 2026-11-22T14:03:01.000Z, full, Node v20.20.2',
    );
  });
});

describe('warnings', () => {
  const { machine } = fixture();

  it.each([
    ['machines', { machine: { ...machine, processor: 'other' } }],
    ['machines', { machine: { ...machine, cores: 64 } }],
    ['kernels', { machine: { ...machine, kernel: 'Linux 7' } }],
    ['versions of Node', { machine: { ...machine, node: 'v24.0.0' } }],
    ['quick', { pace: 'quick' }],
    ['interrupted', { complete: false }],
  ] as const)('are given for %s', (words, changes) => {
    expect(warnings(fixture(), fixture(changes as Partial<Results>)).join()).toContain(words);
    expect(warnings(fixture(changes as Partial<Results>), fixture()).join()).toContain(words);
  });

  it('are not given for two runs alike', () => {
    expect(warnings(fixture(), fixture())).toEqual([]);
  });
});
