// Pauses between attempts. The users of Backoff have their own tests: pool.test.ts, lease-renewer.test.ts, cli.test.ts.

import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';

test('pauses double up to the maximum', () => {
  const backoff = new Backoff(10, 1000, 0);
  expect([0, 1, 2, 3, 7, 8, 5000].map((failures) => backoff.after(failures))).toEqual([
    0, 10, 20, 40, 640, 1000, 1000,
  ]);
});

test('the pause depends on the failures since the last success', () => {
  const backoff = new Backoff(10, 1000, 0);
  expect(backoff.pauseMs).toBe(0);
  backoff.failed();
  backoff.failed();
  expect(backoff.pauseMs).toBe(20);
  backoff.succeeded();
  expect(backoff.pauseMs).toBe(0);
  backoff.failed();
  expect(backoff.pauseMs).toBe(10);
});

test('a thread or process is started again at once after a first early end and after a healthy life, then after pauses', () => {
  const backoff = new Backoff(100, 500);
  const lives = [false, false, false, false, false, true, false, false, true, true];
  expect(lives.map((healthy) => backoff.next(healthy))).toEqual([0, 100, 200, 400, 500, 0, 0, 100, 0, 0]);
});
