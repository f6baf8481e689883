// The suite `state`: the cost of a step on state that all threads share exactly, compared with the usual
// alternatives.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, isInstalled } from '../measure/children.ts';
import { operate, operatingSeconds } from '../measure/operating.ts';
import { Rounds, type Subject } from '../measure/rounds.ts';
import type { Suite } from '../suite.ts';
import { freePort } from './contestants.ts';
import { type GroupName, OPERATIONS, type OperationKind } from './operations.ts';

const GROUPS = Object.entries(OPERATIONS) as [GroupName, Record<string, OperationKind>][];
const ANSWERS_WITHIN_MS = 3000;

export const state: Suite = {
  name: 'state',
  title: 'one step on shared state, the call from JavaScript included',
  byDefault: true,
  seconds: (pace) =>
    GROUPS.reduce((sum, [, kinds]) => sum + Object.keys(kinds).length, 0) *
    pace.timingRounds *
    operatingSeconds(pace),
  async run(result, progress, pace) {
    result.notes.push(
      'One thread alone: the cost of an undisturbed step. The suite `counter` shows how several threads affect counting.',
      'Leased: as with --state or --redis, where a number must be leased before it is handed out.',
      'In one thread: no other thread sees it, so each of N threads counts for itself.',
      'Redis: redis-server on this machine, over TCP, one command after the other, so a request pays the whole round trip. Limits and locks of several commands take one transaction or two round trips.',
    );
    const redis = isInstalled('redis-server') ? await startRedis() : undefined;
    try {
      const rounds = new Rounds(result, progress);
      for (const [group, kinds] of GROUPS) {
        const present = Object.entries(kinds).filter(([, kind]) => !kind.redis || redis !== undefined);
        await rounds.run(
          {
            name: group,
            measure: 'nanoseconds',
            missing: Object.keys(kinds)
              .filter((name) => !present.some(([one]) => one === name))
              .map((name) => `${name}: redis-server is not installed (apt install redis-server)`),
            subjects: present.map(
              ([name, { ours }]): Subject => ({
                name,
                ours,
                measure: async () => ({
                  nanoseconds: await operate({ group, name, redisPort: redis?.port ?? 0 }, pace),
                }),
              }),
            ),
          },
          pace.timingRounds,
          operatingSeconds(pace),
        );
      }
    } finally {
      await redis?.child.end();
    }
  },
};

async function startRedis(): Promise<{ child: Child; port: number }> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = new Child('redis-server', ['redis-server', ...options, '--loglevel', 'warning'], undefined);
  const endMs = performance.now() + ANSWERS_WITHIN_MS;
  while (!(await listens(port))) {
    if (performance.now() > endMs) throw new Error('redis-server does not listen');
    await sleep(20);
  }
  return { child, port };
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const connected = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
  });
  socket.destroy();
  return connected;
}
