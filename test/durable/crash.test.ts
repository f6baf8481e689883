// 20 rounds of kills, deaths and clean stops under load; `npm run soak` has 200.

import { expect, test } from 'vitest';
import { APP, runRounds } from '../soak/crash.ts';
import { appFiles, temporaryFolder } from '../support/fixtures.ts';

const files = appFiles();
const folder = temporaryFolder('crash');

test('every number is unique', { timeout: 120_000 }, async () => {
  let seed = 6;
  // A small random generator with a fixed seed, so that every run has the same rounds.
  const random = (): number => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const app = files.write('app.mjs', APP);
  const outcome = await runRounds({ rounds: 20, app, folder, random });
  expect(outcome.kills).toBeGreaterThan(5);
  expect(outcome.stops).toBeGreaterThan(2);
  expect(outcome.deaths).toBeGreaterThan(2);
  expect(outcome.given).toBeGreaterThan(1000);
});
