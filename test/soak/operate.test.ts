// Reloads and kills under load, a few of each; `npm run soak` has many.

import { expect, test } from 'vitest';
import { runKills, runReloads } from './operate.ts';

const HABITS = ['kept', 'single'] as const;

test.each(HABITS)('5 reloads cost no request, connections %s', async (habit) => {
  const account = await runReloads(5, habit);
  expect(account).toMatchObject({ cut: 0, refused: 0, wrong: new Set() });
  expect(account.answered).toBeGreaterThan(100);
});

test.each(HABITS)(
  '2 kills of the server process cost the requests under way alone, connections %s',
  async (habit) => {
    const account = await runKills(2, habit);
    expect(account).toMatchObject({ refused: 0, wrong: new Set() });
    expect(account.cut).toBeLessThanOrEqual(account.cutMax);
  },
);
