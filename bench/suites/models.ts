// The suite `models`: the servers of the tutorial that hotpath grew out of, from one connection at a time to
// an event loop on every core, under the tutorial's own load and a longer one.

import { type Bound, CONNECTIONS_AT_ONCE, describeOneShotClient } from '../measure/one-shot.ts';
import { atPace, type Pace } from '../measure/pace.ts';
import { Rounds, type Subject, type Values } from '../measure/rounds.ts';
import { preparingSeconds, timeOneShots, withServers } from '../measure/trial.ts';
import type { MeasureName } from '../results.ts';
import type { Suite } from '../suite.ts';
import { hotpath, hotpathHelp } from './commands.ts';
import type { Contestant, Server } from './contestants.ts';

/** The values of --model, in the order of the tutorial. */
const MODELS = ['sequential', 'process', 'thread', 'event-loop'];
const REQUESTS = 100;
/** The estimated time of the tutorial's load. It is long because each request starts a process. */
const TUTORIAL_SECONDS = 1.5;

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
    preparingSeconds(contestantsAt(pace).length, undefined, pace) +
    contestantsAt(pace).length * pace.modelRounds * (TUTORIAL_SECONDS + pace.modelSeconds),
  async run(result, progress, pace) {
    const rounds = new Rounds(result, progress);
    result.notes.push(
      `Load by ${describeOneShotClient()}, unpinned like the servers: -n ${REQUESTS} -c ${CONNECTIONS_AT_ONCE} as in the tutorial, then ${pace.modelSeconds} s with the same connections.`,
      'CPU a request is user and system time of the server and all that it has started, including processes that have ended and, in the longer run, the few requests that its end cut off. The system counts it in ticks of 10 ms, which is too coarse for 100 fast requests.',
    );
    await withServers(
      contestantsAt(pace),
      { rounds, client: undefined, cores: UNPINNED, pace },
      async ({ servers, missing }) => {
        const run = (name: string, deciding: MeasureName, bound: Bound, seconds: number) =>
          rounds.run(
            {
              name,
              measure: deciding,
              missing,
              subjects: servers.map(
                (one): Subject => ({
                  name: one.contestant.name,
                  ours: true,
                  measure: () => measure(one, bound),
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

/** In a few cases: without the models that start a process or a thread for each connection. */
function contestantsAt(pace: Pace): readonly Contestant[] {
  return atPace(
    pace,
    CONTESTANTS,
    CONTESTANTS.filter(({ name }) => name === 'sequential' || name === 'event-loop'),
  );
}

async function measure(server: Server, bound: Bound): Promise<Values> {
  // Without pinning, how busy a side was does not show its limit.
  const { seconds, requestsPerSecond, cpuMicros } = await timeOneShots(server, { bound }, UNPINNED);
  return { seconds, requestsPerSecond, cpuMicros };
}

function isBuilt(model: string): boolean {
  return /--model .*/.exec(hotpathHelp())?.[0].includes(model) ?? false;
}
