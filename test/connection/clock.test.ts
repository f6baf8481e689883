// The coarse clock, with hands that the test moves.

import { expect, test } from 'vitest';
import { Clock } from '../../src/connection/clock.ts';

test('ticks have the monotonic time, seconds the time of day', () => {
  let monotonicMs = 50;
  let epochMs = 1_000_400;
  const ticks: number[] = [];
  const seconds: number[] = [];
  const clock = new Clock((ms) => seconds.push(ms), {
    monotonicMs: () => monotonicMs,
    epochMs: () => epochMs,
    tickMs: 250,
  });
  clock.start((ms) => ticks.push(ms));
  clock.stop();
  for (const passedMs of [250, 250, 250, 1000, 0]) {
    monotonicMs += passedMs;
    epochMs += passedMs;
    clock.tick();
  }
  // The operator sets the clock back by an hour.
  epochMs -= 3_600_000;
  monotonicMs += 250;
  clock.tick();
  expect(clock.nowMs).toBe(2050);
  expect(ticks).toEqual([50, 300, 550, 800, 1800, 1800, 2050]);
  expect(seconds).toEqual([1_000_400, 1_001_150, 1_002_150, 1_002_150 - 3_600_000]);
});
