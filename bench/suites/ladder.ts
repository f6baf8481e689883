// The suite `ladder`: the cost of each layer. Each rung does the work of the one before and adds one layer.

import { ACCOUNTS_KEPT } from '../measure/cpu.ts';
import { strongestClient } from '../measure/load.ts';
import { chooseCores, describeCores } from '../measure/machine.ts';
import { atPace } from '../measure/pace.ts';
import { Rounds, type Subject } from '../measure/rounds.ts';
import { CONNECTIONS, measureLoad, preparingSeconds, trialSeconds, withServers } from '../measure/trial.ts';
import type { Suite } from '../suite.ts';
import { FETCH, HONO_ON_HOTPATH, oneWorker, script } from './commands.ts';
import { ECHOED, PLAIN } from './requests.ts';

const RUNGS = [
  { ...script('echo', 'echo', true), request: ECHOED },
  script('fixed reply', 'fixed', true),
  script('parse', 'parse', true),
  oneWorker('full (prepared)', 'wasm'),
  { ...FETCH, name: 'fetch handler' },
  { ...HONO_ON_HOTPATH, name: 'Hono' },
];
const PIPELINED = [1, 16];

export const ladder: Suite = {
  name: 'ladder',
  title: 'what each layer adds, on one core',
  byDefault: true,
  seconds(pace) {
    const client = strongestClient();
    const loads = atPace(pace, PIPELINED, [1]).length * RUNGS.length * pace.loadRounds;
    return preparingSeconds(RUNGS.length, client, pace) + loads * trialSeconds(client, pace);
  },
  async run(result, progress, pace) {
    const cores = chooseCores();
    const client = strongestClient();
    const rounds = new Rounds(result, progress);
    result.notes.push(
      `echo: writes back the bytes that it has read. Its client sends an answer of ${ECHOED.length} bytes, and so gets one.`,
      'fixed reply: a response that never changes. It counts requests by their size.',
      'parse: the WASM engine parses each request.',
      'full (prepared): hotpath itself. It also builds the response with Date and count, manages connections and their timeouts, and has a supervisor and a server process around its worker.',
      'fetch handler: an application with `() => new Response(…)` answers instead of the engine.',
      'Hono: a Hono application answers, which also routes.',
      'The difference between two rungs is the cost of a layer. A difference smaller than the spread is noise.',
      `Load by ${client}, ${CONNECTIONS} connections.`,
      describeCores(cores),
    );
    await withServers(RUNGS, { rounds, client, cores, pace }, async ({ servers, missing }) => {
      for (const pipelined of atPace(pace, PIPELINED, [1])) {
        const name = pipelined === 1 ? `${CONNECTIONS} connections` : `${pipelined} pipelined`;
        const measure = ACCOUNTS_KEPT ? 'cpuMicros' : 'requestsPerSecond';
        const subjects = servers.map((one): Subject => {
          const { name, ours, request = PLAIN } = one.contestant;
          const load = {
            connections: CONNECTIONS,
            pipelined,
            seconds: pace.loadSeconds,
            request,
            threads: 1,
          };
          return { name, ours, measure: () => measureLoad(one, client, load, cores) };
        });
        await rounds.run({ name, measure, missing, subjects }, pace.loadRounds, trialSeconds(client, pace));
      }
    });
  },
};
