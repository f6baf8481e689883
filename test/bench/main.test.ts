// `npm run bench` as a process: usage, saved results, and cleanup after Ctrl-C.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isInstalled } from '../../bench/measure/children.ts';
import { processTree } from '../../bench/measure/cpu.ts';
import { save } from '../../bench/report/store.ts';
import type { Results } from '../../bench/results.ts';
import { temporaryFolder } from '../support/fixtures.ts';
import { fixture } from './fixture.ts';

const MAIN = 'build/bench/main.js';
const TIMEOUT_MS = 60_000;

const folder = temporaryFolder('bench');

beforeAll(() => {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench']);
}, TIMEOUT_MS);

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('usage', () => {
  it('is printed on demand', () => {
    const { status, stdout } = bench('--help');
    expect(status).toBe(0);
    for (const words of ['compare A B', 'readme FILE', '--quick', 'parse', 'server'])
      expect(stdout).toContain(words);
  });

  it.each([
    [['nonsense'], "There is no suite 'nonsense'."],
    [['parse', 'compare'], "There is no suite 'compare'."],
    [['--slow'], '--slow'],
    [['compare', 'latest'], "'compare' takes 2"],
    [['report'], "'report' takes 1"],
    [['report', 'latest', 'parse'], "'report' takes 1"],
    [['readme'], "'readme' takes 1"],
    [['readme', 'latest', 'nonsense'], "There is no suite 'nonsense'."],
  ])('is wrong with %j', (args, words) => {
    const { status, stderr } = bench(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).toContain('Usage:');
  });

  it('reports in one line that there are no such results', () => {
    const { status, stderr } = bench('compare', 'latest', 'latest', '--out', join(folder, 'nowhere'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^There are no results 'latest' in .*\n$/);
  });
});

describe('results that were saved', () => {
  const path = join(folder, 'saved', 'one.json');
  beforeAll(() => save(fixture(), path));

  it('are printed and reported again', () => {
    const { status, stdout } = bench('report', 'one', '--out', join(folder, 'saved'));
    expect(status).toBe(0);
    expect(stdout).toContain('hotpath wasm: more requests a second than node:http');
    expect(readFileSync(join(folder, 'saved', 'one.html'), 'utf8')).toContain('<h1>hotpath, measured</h1>');
  });

  it('are compared', () => {
    const { status, stdout } = bench('compare', path, 'e778', '--out', join(folder, 'saved'));
    expect(status).toBe(0);
    expect(stdout).toContain('0 better, 0 worse');
  });
});

describe.concurrent('a run', () => {
  function start(name: string, ...args: string[]) {
    const out = join(folder, name);
    const child = spawn(process.execPath, [MAIN, '--quick', '--out', out, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, closed, output: () => output, results: () => resultsIn(out) };
  }

  /** The one results file of a folder, which has its report beside it. */
  function resultsIn(out: string): Results {
    const names = readdirSync(out).sort();
    expect(names).toHaveLength(2);
    expect(names[0]).toBe(names[1]?.replace('.json', '.html'));
    return JSON.parse(readFileSync(join(out, names[1] as string), 'utf8')) as Results;
  }

  it('prints and saves its results, and prints its progress line by line', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { closed, output, results } = start('whole', 'counter');
    expect(await closed, output()).toBe(0);
    expect(output()).toMatch(/^\[0%, \d+ (s|min) left\] counter$/m);
    expect(output()).not.toContain('\u001b');
    expect(output()).toContain('1 thread: time a call, ns');
    const { complete, pace, suites, machine, commit } = results();
    expect({ complete, pace, node: machine.node }).toEqual({
      complete: true,
      pace: 'quick',
      node: process.version,
    });
    expect(commit).not.toBe('');
    expect(suites.map(({ name }) => name)).toEqual(['counter']);
    expect(suites[0]?.groups.length).toBeGreaterThan(1);
  });

  it('measures connections over TCP and TLS', { timeout: 2 * TIMEOUT_MS }, async () => {
    const { closed, output, results } = start('accept', 'accept', 'tls');
    expect(await closed, output()).toBe(0);
    const [accept, tls] = results().suites;
    expect(accept?.groups.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^a connection a request, (ab|own client)$/),
    ]);
    const names = accept?.groups[0]?.subjects.map(({ name }) => name);
    expect(names?.slice(0, 3)).toEqual(['hotpath wasm', 'hotpath fetch', 'node:http']);
    expect(accept?.groups[0]?.subjects[0]?.measures.cpuMicros).toHaveLength(3);
    expect(tls?.groups.map(({ name }) => name)).toEqual([
      'keep-alive, 64 connections',
      'TLS 1.3, resumed sessions',
      ...(isInstalled('h2load') ? ['HTTP/2, 10 connections, 16 streams each'] : []),
    ]);
  });

  it('keeps its results if it is interrupted, and leaves no process', { timeout: TIMEOUT_MS }, async () => {
    const { child, closed, output, results } = start('interrupted', 'counter', 'ladder');
    const tree = await descendants(child, () => output().includes('] ladder'));
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(output()).toContain('The run was interrupted');
    expect(output()).not.toContain('failed');
    expect(results().complete).toBe(false);
    expect(results().suites[0]?.groups.length).toBeGreaterThan(0);
    expect(tree.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  /** All processes of a run, once it has started servers. */
  async function descendants(child: ChildProcess, isSoFar: () => boolean): Promise<number[]> {
    for (;;) {
      const tree = processTree(child.pid as number);
      if (isSoFar() && tree.length > 2) return tree;
      if (child.exitCode !== null) throw new Error('it started nothing');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
