// Reloads and kills under load, a few of each; `npm run soak` has many.

import { expect, test, vi } from 'vitest';
import { appFiles } from '../support/fixtures.ts';
import { checkSoaked, runKills, runReloads, runSoak, SOAK_APP } from './operate.ts';

vi.setConfig({ testTimeout: 120_000 });

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

test('reloads, deaths of threads and scrapes leave no descriptor open, and totals never go back', async () => {
  const app = appFiles().write('app.mjs', SOAK_APP);
  expect(checkSoaked(await runSoak({ seconds: 8, app }), 2)).toContain('1 threads ended');
});
