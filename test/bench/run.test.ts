// A run of made-up suites keeps its results when a suite fails and when the run is interrupted.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { QUICK } from '../../bench/measure/pace.ts';
import type { RunProgress } from '../../bench/report/progress.ts';
import type { Group, SuiteName, SuiteResult } from '../../bench/results.ts';
import { Run, type RunEvents } from '../../bench/run.ts';
import type { Suite } from '../../bench/suite.ts';
import { fixture } from './fixture.ts';

const GROUP: Group = {
  name: '64 connections',
  reference: 'hotpath',
  measure: 'cpuMicros',
  subjects: [{ name: 'hotpath', ours: true, measures: { cpuMicros: [1, 2, 3] } }],
  missing: [],
};

const said: string[] = [];
const progress: RunProgress = {
  begin: (suite, seconds) => said.push(`begin ${suite} ${seconds}`),
  at: (what, seconds) => said.push(`at ${what} ${seconds}`),
  end: () => said.push('end'),
};
const measured: string[] = [];
const failed: string[] = [];
const events: RunEvents = {
  measured: ({ name }: SuiteResult) => measured.push(name),
  failed: ({ name }, { message }) => failed.push(`${name}: ${message}`),
};

beforeEach(() => {
  for (const list of [said, measured, failed]) list.length = 0;
});

function suite(name: SuiteName, run: Suite['run']): Suite {
  return { name, title: `The suite ${name}`, byDefault: true, seconds: () => 7, run };
}

const measures: Suite['run'] = async (result) => {
  result.groups.push(GROUP);
};

function createRun(...suites: Suite[]): Run {
  return new Run(suites, QUICK, fixture({ suites: [], complete: false }));
}

describe('a run', () => {
  it('keeps the results of each suite, and is complete', async () => {
    const run = createRun(suite('parse', measures), suite('server', measures));
    expect(run.seconds).toBe(14);
    await run.go(progress, events);
    expect(run.results.complete).toBe(true);
    expect(run.results.suites).toEqual([
      { name: 'parse', title: 'The suite parse', groups: [GROUP], notes: [] },
      { name: 'server', title: 'The suite server', groups: [GROUP], notes: [] },
    ]);
    expect(said).toEqual(['begin parse 7', 'end', 'begin server 7', 'end']);
    expect(measured).toEqual(['parse', 'server']);
    expect(run.failures).toBe(0);
  });

  it('continues after a suite that fails, and notes the failure in its results', async () => {
    const failing = suite('parse', async (result, told) => {
      told.at('something', 1);
      await measures(result, told, QUICK);
      throw new Error('the server does not answer');
    });
    const run = createRun(failing, suite('server', measures));
    await run.go(progress, events);
    expect(run.failures).toBe(1);
    expect(failed).toEqual(['parse: the server does not answer']);
    expect(measured).toEqual(['parse', 'server']);
    expect(run.results.complete).toBe(true);
    expect(run.results.suites[0]).toMatchObject({
      groups: [GROUP],
      notes: ['The suite failed, and later groups may be missing: the server does not answer'],
    });
  });
});

describe('an interrupted run', () => {
  it('keeps the measurements, starts no other suite, and is not complete', async () => {
    const endChildren = vi.fn(async () => {});
    const run = createRun(
      suite('parse', measures),
      suite('server', async (result, told) => {
        result.groups.push(GROUP);
        void run.stop(endChildren);
        while (!told.stopped) await new Promise((resolve) => setTimeout(resolve, 1));
      }),
      suite('ladder', measures),
    );
    await run.go(progress, events);
    expect(run.isStopped).toBe(true);
    expect(endChildren).toHaveBeenCalledOnce();
    expect(run.results.complete).toBe(false);
    expect(run.results.suites.map(({ name, groups }) => [name, groups.length])).toEqual([
      ['parse', 1],
      ['server', 1],
    ]);
    expect(measured).toEqual(['parse', 'server']);
    expect(run.failures).toBe(0);
  });

  it('does not count the end of its children as a failure', async () => {
    let end = () => {};
    const child = new Promise<void>((_, reject) => (end = () => reject(new Error('ended by SIGTERM'))));
    const run = createRun(
      suite('server', async (result) => {
        result.groups.push(GROUP);
        await child;
      }),
    );
    const going = run.go(progress, events);
    await run.stop(async () => end());
    await going;
    expect(run.failures).toBe(0);
    expect(failed).toEqual([]);
    expect(run.results.suites[0]?.notes).toEqual([]);
  });

  it('accepts that a child gets the signal first', async () => {
    const run = createRun(
      suite('server', async () => {
        setTimeout(() => void run.stop(async () => {}), 10);
        throw new Error('wrk ended by SIGINT');
      }),
    );
    await run.go(progress, events);
    expect(run.failures).toBe(0);
    expect(run.results.complete).toBe(false);
  });

  it('does not wait for a suite that does not return', async () => {
    const run = createRun(suite('parse', () => new Promise(() => {})));
    const going = run.go(progress, events);
    await run.stop(async () => {});
    await going;
    expect(run.results.complete).toBe(false);
  });

  it('ends its children once, however often it is stopped', async () => {
    const endChildren = vi.fn(async () => {});
    const run = createRun();
    await Promise.all([run.stop(endChildren), run.stop(endChildren)]);
    expect(endChildren).toHaveBeenCalledOnce();
  });
});
