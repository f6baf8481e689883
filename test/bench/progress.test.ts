// The progress that a run displays, with a simulated clock.

import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProgress, duration, Estimate, suiteProgress } from '../../bench/report/progress.ts';

let nowMs = 0;
const clock = () => nowMs;

beforeEach(() => {
  nowMs = 0;
});

function output(isTTY: boolean): { stream: NodeJS.WriteStream; text(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  // The methods of a terminal that cli-progress calls.
  Object.assign(stream, { cursorTo: () => true, moveCursor: () => true, clearLine: () => true });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    text: () => String(stream.read() ?? ''),
  };
}

describe('Estimate', () => {
  it('counts down the estimated time left', () => {
    const estimate = new Estimate(100, clock);
    estimate.begin(40);
    expect(estimate.leftSeconds).toBe(100);
    nowMs = 5000;
    expect(estimate.leftSeconds).toBe(95);
    estimate.at(5);
    expect(estimate.leftSeconds).toBe(95);
    expect(estimate.share).toBe(0.05);
  });

  it('learns how much longer than estimated the suites take', () => {
    const estimate = new Estimate(100, clock);
    estimate.begin(40);
    nowMs = 40_000;
    estimate.at(20);
    expect(estimate.leftSeconds).toBe(160);
  });

  it('counts a suite as done when it has ended, however long it took', () => {
    const estimate = new Estimate(100, clock);
    estimate.begin(40);
    estimate.end();
    expect(estimate.share).toBe(0.4);
    estimate.begin(60);
    estimate.at(1000);
    expect(estimate.share).toBe(1);
    expect(estimate.leftSeconds).toBe(0);
  });

  it('is done at once without suites', () => {
    expect(new Estimate(0, clock).share).toBe(1);
  });
});

describe('progress without a terminal', () => {
  it('prints a plain line for each suite, and further lines only from time to time', () => {
    const { stream, text } = output(false);
    const progress = createProgress(stream, 120, clock);
    progress.begin('parse', 60);
    progress.at('40 bytes: WASM', 1);
    progress.at('40 bytes: JS', 2);
    nowMs = 30_000;
    progress.at('703 bytes: JS', 30);
    progress.end();
    nowMs = 60_000;
    progress.begin('server', 60);
    progress.end();
    expect(text()).toBe(
      '[0%, 2 min left] parse\n[25%, 2 min left] parse: 703 bytes: JS\n[50%, 1 min left] server\n',
    );
  });
});

describe('progress on a terminal', () => {
  it('draws one bar with the current measurement and the time left, and removes it at the end', () => {
    const { stream, text } = output(true);
    const progress = createProgress(stream, 200, clock);
    progress.begin('server', 100);
    progress.at('node:http, 64 connections', 50);
    progress.end();
    const drawn = text();
    expect(drawn).toContain('█');
    expect(drawn).toMatch(/25%|0%/);
    expect(drawn).toContain('left');
    expect(drawn).toContain('server');
    // The cursor is shown again.
    expect(drawn.lastIndexOf('\u001b[?25h')).toBeGreaterThan(drawn.lastIndexOf('\u001b[?25l'));
  });
});

it('reports to a suite that the run is being stopped', () => {
  let stopped = false;
  const progress = suiteProgress(createProgress(output(false).stream, 1, clock), () => stopped);
  expect(progress.stopped).toBe(false);
  stopped = true;
  expect(progress.stopped).toBe(true);
});

it('writes durations in readable units', () => {
  expect([0, 0.4, 59.1, 60, 61, 125].map(duration)).toEqual([
    '0 s',
    '1 s',
    '60 s',
    '1 min',
    '2 min',
    '3 min',
  ]);
});
