// The coarse clock, with a hand that the test moves.

import { expect, test } from 'vitest';
import { Clock } from '../../src/connection/clock.ts';

test('ticks tell the time and whether a second has begun', () => {
  let nowMs = 1_000_400;
  const ticks: [number, boolean][] = [];
  const clock = new Clock(
    (ms, newSecond) => ticks.push([ms, newSecond]),
    () => nowMs,
  );
  clock.start();
  clock.stop();
  for (const passedMs of [250, 250, 250, 250, 1000, 0]) {
    nowMs += passedMs;
    clock.tick();
  }
  expect(clock.nowMs).toBe(nowMs);
  expect(ticks).toEqual([
    [1_000_400, true],
    [1_000_650, false],
    [1_000_900, false],
    [1_001_150, true],
    [1_001_400, false],
    [1_002_400, true],
    [1_002_400, false],
  ]);
});
