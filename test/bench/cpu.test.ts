// The accounting of CPU and memory, compared with processes that burn CPU, report their own usage, and wait.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import {
  cpuMicros,
  endedChildrenCpuMicros,
  forgetPeak,
  peakBytes,
  processTree,
} from '../../bench/measure/cpu.ts';

const BURNT_MICROS = 300_000;

/** Burns CPU by its own account, reports, then waits for its standard input to end. */
const BURN = `
  while (process.cpuUsage().user < ${BURNT_MICROS}) for (let i = 0; i < 1e6; i++);
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ pid: process.pid, micros: user + system }));
  process.stdin.resume();
`;
/** Burns CPU after its child has burned CPU. */
const BURN_TWICE = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', ${JSON.stringify(BURN)}], { stdio: ['inherit', 'pipe', 'inherit'] });
  child.stdout.once('data', (line) => { process.stdout.write(line); ${BURN} });
`;
/** Burns CPU after its child has burned CPU and ended. */
const BURN_AFTER_CHILD = `
  const { spawnSync } = require('node:child_process');
  process.stdout.write(spawnSync(process.execPath, ['-e', ${JSON.stringify(BURN)}], { input: '' }).stdout);
  ${BURN}
`;
const HELD_BYTES = 100 * 2 ** 20;
/** Holds memory for a moment, reports, and lets a child process hold as much until it ends. */
const HOLD = `
  const { spawn } = require('node:child_process');
  const holder = 'globalThis.held = Buffer.alloc(${HELD_BYTES}, 1); console.log("{}"); process.stdin.resume()';
  (() => Buffer.alloc(${HELD_BYTES}, 1))();
  const timer = setInterval(() => {
    gc();
    if (process.memoryUsage.rss() > ${HELD_BYTES}) return;
    clearInterval(timer);
    console.log('{}');
    spawn(process.execPath, ['-e', holder], { stdio: 'inherit' });
  }, 10);
`;
/** A name that breaks a parser of /proc/<pid>/stat that splits at spaces or parentheses. */
const BURN_UNDER_ODD_NAME = `process.title = 'a) S 1 (b'; ${BURN}`;

interface Report {
  pid: number;
  micros: number;
}

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
  }
});

/** Starts a script and waits for so many reports. */
async function start(code: string, reportCount: number): Promise<{ pid: number; reports: Report[] }> {
  const child = spawn(process.execPath, ['--expose-gc', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const reports: Report[] = [];
  for await (const line of createInterface(child.stdout))
    if (reports.push(JSON.parse(line)) === reportCount) break;
  return { pid: child.pid as number, reports };
}

/** Half as much to twice as much: ticks are coarse, and starting and reporting cost something, too. */
function expectAbout(actual: number | undefined, expected: number): void {
  expect(actual).toBeGreaterThan(expected / 2);
  expect(actual).toBeLessThan(expected * 2);
}

describe.runIf(existsSync('/proc/self/stat'))('cpuMicros', () => {
  it('counts the CPU time that a process reports', async () => {
    const { pid, reports } = await start(BURN, 1);
    expectAbout(cpuMicros(pid), reports[0]?.micros as number);
  });

  it('includes descendants', async () => {
    const { pid, reports } = await start(BURN_TWICE, 2);
    const [inner, outer] = reports as [Report, Report];
    expect(outer.pid).toBe(pid);
    expect(processTree(pid)).toEqual([pid, inner.pid]);
    const innerMicros = cpuMicros(inner.pid) as number;
    expectAbout(innerMicros, inner.micros);
    expectAbout((cpuMicros(pid) as number) - innerMicros, outer.micros);
  });

  it('includes descendants that have ended', async () => {
    const { pid, reports } = await start(BURN_AFTER_CHILD, 2);
    const [ended, own] = reports as [Report, Report];
    expect(processTree(pid)).toEqual([pid]);
    expectAbout(cpuMicros(pid), ended.micros + own.micros);
  });

  it('reads a process whose name looks like other fields of /proc', async () => {
    const { pid, reports } = await start(BURN_UNDER_ODD_NAME, 1);
    expectAbout(cpuMicros(pid), reports[0]?.micros as number);
  });

  it('does not grow while the process waits', async () => {
    const { pid, reports } = await start(BURN, 1);
    const before = cpuMicros(pid) as number;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((cpuMicros(pid) as number) - before).toBeLessThan((reports[0]?.micros as number) / 4);
  });

  it('returns undefined for a process that is gone', async () => {
    const { pid } = await start(BURN, 1);
    const child = children.pop() as ChildProcess;
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
    expect(cpuMicros(pid)).toBeUndefined();
    expect(processTree(pid)).toEqual([pid]);
  });
});

describe.runIf(existsSync('/proc/self/stat'))('endedChildrenCpuMicros', () => {
  it('counts a child once it has ended', async () => {
    const before = endedChildrenCpuMicros() as number;
    const { reports } = await start(BURN, 1);
    expect(endedChildrenCpuMicros()).toBe(before);
    const child = children.pop() as ChildProcess;
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
    expectAbout((endedChildrenCpuMicros() as number) - before, reports[0]?.micros as number);
  });
});

describe.runIf(existsSync('/proc/self/clear_refs'))('peakBytes', () => {
  it('adds up the peaks of all processes, until it is reset', async () => {
    const { pid } = await start(HOLD, 2);
    const both = peakBytes(pid) as number;
    expect(both).toBeGreaterThan(2 * HELD_BYTES);
    expect(both).toBeLessThan(4 * HELD_BYTES);
    forgetPeak(pid);
    const held = peakBytes(pid) as number;
    expect(held).toBeGreaterThan(HELD_BYTES);
    expect(both - held).toBeGreaterThan(HELD_BYTES / 2);
  });

  it('returns undefined for a process that is gone', () => {
    expect(peakBytes(2 ** 22 + 1)).toBeUndefined();
  });
});
