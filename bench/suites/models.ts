// The suite `models`: the servers of the tutorial that hotpath grew out of, from one connection at a time to
// an event loop on every core, under the tutorial's own load and a longer one.

import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros, processTree } from '../measure/cpu.ts';
import { type Bound, oneShotClient, runOneShotLoad } from '../measure/one-shot.ts';
import { Rounds, type Subject, type Values } from '../measure/rounds.ts';
import { preparingSeconds, withServers } from '../measure/trial.ts';
import type { MeasureName } from '../results.ts';
import type { Suite } from '../suite.ts';
import { hotpath } from './commands.ts';
import type { Contestant, Server } from './contestants.ts';

/** The values of --model, in the order of the tutorial. */
const MODELS = ['sequential', 'process', 'thread', 'event-loop'];
const REQUESTS = 100;
const CONNECTIONS = 10;
/** The estimated time of the tutorial's load. It is long because each request starts a process. */
const TUTORIAL_SECONDS = 1.5;

const SETTLE_MS = 3000;
const SETTLE_CHECK_MS = 20;

/** No process is pinned, because some of the models exist to use more than one core. */
const UNPINNED = { server: undefined, client: undefined };

const CONTESTANTS = MODELS.map(
  (model): Contestant => ({
    ...hotpath(model, '--model', model),
    missing: () => (isBuilt(model) ? undefined : 'not built'),
  }),
);

export const models: Suite = {
  name: 'models',
  title: "the tutorial's four servers, a connection for each request",
  byDefault: true,
  seconds: (pace) =>
    preparingSeconds(MODELS.length, undefined, pace) +
    MODELS.length * pace.modelRounds * (TUTORIAL_SECONDS + pace.modelSeconds),
  async run(result, progress, pace) {
    const rounds = new Rounds(result, progress);
    result.notes.push(
      `Load by ${oneShotClient()}, unpinned like the servers: -n ${REQUESTS} -c ${CONNECTIONS} as in the tutorial, then ${pace.modelSeconds} s with the same connections.`,
      'CPU a request is user and system time of the server and all that it has started, including processes that have ended and, in the longer run, the few requests that its end cut off. The system counts it in ticks of 10 ms, which is too coarse for 100 fast requests.',
    );
    await withServers(
      CONTESTANTS,
      { rounds, client: undefined, cores: UNPINNED, pace },
      async ({ servers, missing }) => {
        const run = (name: string, measure: MeasureName, bound: Bound, seconds: number) =>
          rounds.run(
            {
              name,
              measure,
              missing,
              subjects: servers.map(
                (one): Subject => ({
                  name: one.contestant.name,
                  ours: true,
                  measure: () => measureOneShots(one, bound),
                }),
              ),
            },
            pace.modelRounds,
            seconds,
          );
        await run(`${REQUESTS} requests`, 'seconds', { requests: REQUESTS }, TUTORIAL_SECONDS);
        await run(
          `${pace.modelSeconds} s`,
          'requestsPerSecond',
          { seconds: pace.modelSeconds },
          pace.modelSeconds,
        );
      },
    );
  },
};

async function measureOneShots({ child: server, port }: Server, bound: Bound): Promise<Values> {
  const processes = processTree(server.pid).length;
  const before = cpuMicros(server.pid);
  const { requests, seconds } = await runOneShotLoad({ port, connections: CONNECTIONS, bound });
  await settled(server.pid, processes);
  const after = cpuMicros(server.pid);
  return {
    seconds,
    requestsPerSecond: requests / seconds,
    cpuMicros: after === undefined || before === undefined ? undefined : (after - before) / requests,
  };
}

/**
 * Waits for the processes of requests that the end of a load cut off, because they would slow the next subject
 * down.
 */
async function settled(pid: number, processes: number): Promise<void> {
  const deadlineMs = Date.now() + SETTLE_MS;
  while (processTree(pid).length > processes && Date.now() < deadlineMs) await sleep(SETTLE_CHECK_MS);
}

let help: string | undefined;

function isBuilt(model: string): boolean {
  help ??= spawnSync(process.execPath, ['dist/cli.js', '--help'], { encoding: 'utf8' }).stdout;
  return /--model .*/.exec(help)?.[0].includes(model) ?? false;
}
