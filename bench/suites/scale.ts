// The suite `scale`: hotpath with one worker, two, four and so on, up to one for each core.

import os from 'node:os';
import { strongestClient } from '../measure/load.ts';
import { Rounds, type Subject } from '../measure/rounds.ts';
import { measureLoad, preparingSeconds, trialSeconds, withServers } from '../measure/trial.ts';
import type { Suite } from '../suite.ts';
import { hotpath } from './commands.ts';
import { PLAIN } from './requests.ts';

const CORES = os.availableParallelism();
/** Enough connections for each of many workers. */
const CONNECTIONS = 256;
/** No process is pinned: both sides use all cores. */
const UNPINNED = { server: undefined, client: undefined };

/** Powers of two, and the number of cores. */
const WORKERS = [
  ...Array.from({ length: Math.ceil(Math.log2(CORES)) }, (_, exponent) => 2 ** exponent),
  CORES,
];

export const scale: Suite = {
  name: 'scale',
  title: 'hotpath over the cores of this machine',
  byDefault: true,
  seconds(pace) {
    const client = strongestClient();
    const loads = WORKERS.length * pace.loadRounds;
    return preparingSeconds(WORKERS.length, client, pace) + loads * trialSeconds(client, pace);
  },
  async run(result, progress, pace) {
    const client = strongestClient();
    // The client needs less for a request than the server.
    const threads = client === 'wrk' ? Math.max(1, CORES >> 1) : 1;
    const rounds = new Rounds(result, progress);
    result.notes.push(
      `The client, ${client} with ${threads} ${threads === 1 ? 'thread' : 'threads'}, runs unpinned on the same ${CORES} cores. With as many workers as cores the two sides share the cores, so twice the workers cannot answer twice the requests.`,
      'The CPU time a request shows what more workers cost. The requests a second show what they bring, if the server is the limit.',
    );
    const contestants = WORKERS.map((workers) =>
      hotpath(`${workers} ${workers === 1 ? 'worker' : 'workers'}`, '--workers', String(workers)),
    );
    await withServers(
      contestants,
      { rounds, client, cores: UNPINNED, pace },
      async ({ servers, missing }) => {
        const subjects = servers.map((one, i): Subject => {
          const workers = WORKERS[i] as number;
          const load = {
            connections: CONNECTIONS,
            pipelined: 1,
            seconds: pace.loadSeconds,
            request: PLAIN,
            threads,
          };
          return {
            name: one.contestant.name,
            ours: true,
            at: workers,
            capacity: { server: workers, client: threads },
            measure: () => measureLoad(one, client, load, UNPINNED),
          };
        });
        const name = `${CONNECTIONS} connections`;
        await rounds.run(
          { name, measure: 'requestsPerSecond', missing, subjects },
          pace.loadRounds,
          trialSeconds(client, pace),
        );
      },
    );
  },
};
