// A run that is stopped in the middle of a load that would never end. Alone in its file: no child can be
// started in this process any more.

import { expect, it } from 'vitest';
import { Child, endChildren } from '../../bench/measure/children.ts';
import { QUICK } from '../../bench/measure/pace.ts';
import { Rounds } from '../../bench/measure/rounds.ts';
import { withServers } from '../../bench/measure/trial.ts';
import type { SuiteResult } from '../../bench/results.ts';
import type { Contestant } from '../../bench/suites/contestants.ts';

const SERVER: Contestant = {
  name: 'server',
  ours: true,
  command: (port) => [
    process.execPath,
    '-e',
    `require('node:http')
      .createServer((_, response) => response.setHeader('Content-Type', 'text/plain').end('Hello1'))
      .listen(${port}, '127.0.0.1')`,
  ],
};
const ENDLESS = [process.execPath, '-e', 'console.log(1); setInterval(() => {}, 1000)'];

it('ends soon, leaves no process behind and keeps the measurements', async () => {
  const result: SuiteResult = { name: 'server', title: '', groups: [], notes: [] };
  const run = { stopped: false, at: () => {} };
  const rounds = new Rounds(result, run);
  const cores = { server: undefined, client: undefined };
  const children: Child[] = [];
  const endless = async () => {
    const load = new Child('load', ENDLESS, undefined);
    children.push(load);
    run.stopped = true;
    void endChildren();
    const { failure } = await load.ended;
    throw new Error(failure);
  };
  await withServers(
    [SERVER],
    { rounds, client: undefined, cores, pace: QUICK },
    async ({ servers, missing }) => {
      for (const { child } of servers) children.push(child);
      const subjects = [
        { name: 'a', ours: true, measure: async () => ({ seconds: 1 }) },
        { name: 'b', ours: true, measure: endless },
      ];
      await rounds.run({ name: 'group', measure: 'seconds', missing, subjects }, 5, 1);
    },
  );
  expect(result.groups[0]?.subjects).toEqual([{ name: 'a', ours: true, measures: { seconds: [1] } }]);
  expect(children).toHaveLength(2);
  for (const { pid } of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(() => new Child('late', ENDLESS, undefined)).toThrow('the run was stopped');
});
