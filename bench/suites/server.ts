// The suite `server`: a star of measurements. All servers are measured at one base point. From there, one thing
// varies at a time, for the servers that matter most for a comparison.

import { isInstalled } from '../measure/children.ts';
import { type Load, type LoadClient, strongestClient } from '../measure/load.ts';
import { chooseCores, describeCores } from '../measure/machine.ts';
import { atPace, type Pace } from '../measure/pace.ts';
import { type Contest, Rounds, type Subject } from '../measure/rounds.ts';
import { CONNECTIONS, measureLoad, preparingSeconds, trialSeconds, withServers } from '../measure/trial.ts';
import type { Suite } from '../suite.ts';
import {
  BUN,
  FASTIFY,
  FETCH,
  HONO_ON_HOTPATH,
  HONO_ON_NODE,
  NGINX,
  NODE_HTTP,
  oneWorker,
  SRVX,
  UWEBSOCKETS,
} from './commands.ts';
import { among, answerSizes, type Contestant, countPresent } from './contestants.ts';
import { BROWSER, PLAIN, POST } from './requests.ts';

const WASM = oneWorker('hotpath wasm', 'wasm');
const CONTESTANTS = [
  WASM,
  oneWorker('hotpath js', 'js'),
  FETCH,
  HONO_ON_HOTPATH,
  NODE_HTTP,
  FASTIFY,
  HONO_ON_NODE,
  SRVX,
  NGINX,
  UWEBSOCKETS,
  BUN,
];
/** The servers for which the number of connections varies. */
const ON_AXES = [WASM, NODE_HTTP, NGINX];
/** The servers for which the requests vary. */
const ON_AXES_OF_REQUESTS = [WASM, FETCH, NODE_HTTP, NGINX];
const PIPELINED = 16;

interface Point {
  name: string;
  client: LoadClient;
  contestants: readonly Contestant[];
  load: Omit<Load, 'port' | 'secure' | 'seconds'>;
  /** The position on the axis of connections. */
  at?: number;
}

export const server: Suite = {
  name: 'server',
  title: 'one worker on one core, under load',
  byDefault: true,
  seconds(pace) {
    const rounds = star(pace).map(
      ({ client, contestants }) => countPresent(contestants) * trialSeconds(client, pace),
    );
    const round = rounds.reduce((sum, seconds) => sum + seconds, 0);
    const present = countPresent(contestantsAt(pace));
    return preparingSeconds(present, strongestClient(), pace) + pace.loadRounds * round;
  },
  async run(result, progress, pace) {
    const cores = chooseCores();
    const client = strongestClient();
    const rounds = new Rounds(result, progress);
    result.notes.push(...notes(client), describeCores(cores));
    await withServers(contestantsAt(pace), { rounds, client, cores, pace }, async (started) => {
      result.notes.push(answerSizes(started));
      for (const point of star(pace)) {
        const { name, at, load } = point;
        const { servers, missing } = among(point.contestants, started);
        const contest: Contest = {
          name,
          measure: 'requestsPerSecond',
          missing,
          subjects: servers.map(
            (one): Subject => ({
              name: one.contestant.name,
              ours: one.contestant.ours,
              ...(at === undefined ? {} : { at }),
              measure: () => measureLoad(one, point.client, { ...load, seconds: pace.loadSeconds }, cores),
            }),
          ),
        };
        await rounds.run(contest, pace.loadRounds, trialSeconds(point.client, pace));
      }
    });
  },
};

function contestantsAt(pace: Pace): readonly Contestant[] {
  return atPace(pace, CONTESTANTS, ON_AXES_OF_REQUESTS);
}

/** Returns the points. Every installed client loads the base point; the strongest one loads all others. */
function star(pace: Pace): Point[] {
  const client = strongestClient();
  const base: Point['load'] = { connections: CONNECTIONS, pipelined: 1, request: PLAIN, threads: 1 };
  const basePoint = (by: LoadClient): Point => ({
    name: `${CONNECTIONS} connections, ${by}`,
    client: by,
    contestants: contestantsAt(pace),
    load: base,
    ...(by === client ? { at: CONNECTIONS } : {}),
  });
  const axis = (name: string, load: Partial<Load>): Point => ({
    name,
    client,
    contestants: load.connections === undefined ? ON_AXES_OF_REQUESTS : ON_AXES,
    load: { ...base, ...load },
    ...(load.connections === undefined ? {} : { at: load.connections }),
  });
  const pipelined = axis(`${PIPELINED} pipelined`, { pipelined: PIPELINED });
  if (pace.few) return [basePoint(client), axis('1 connection', { connections: 1 }), pipelined];
  return [
    ...(isInstalled('wrk') ? [basePoint('wrk')] : []),
    basePoint('autocannon'),
    axis('1 connection', { connections: 1 }),
    axis('10 connections', { connections: 10 }),
    axis('256 connections', { connections: 256 }),
    pipelined,
    axis(`heads of ${BROWSER.length} bytes`, { request: BROWSER }),
    axis('POST of 100 bytes', { request: POST }),
  ];
}

function notes(client: LoadClient): string[] {
  return [
    `The base point is ${CONNECTIONS} connections that each wait for the answer before they send the next request. Every other group differs from it as its name says, and is loaded by ${client}.`,
    client === 'wrk'
      ? 'wrk loads the other groups. It is written in C and brings servers to their limit that autocannon cannot.'
      : 'wrk is not installed, so autocannon loads all groups. It is slower than the faster servers: compare the CPU time a request.',
    'Every server answers 200, text/plain, Hello and a number (nginx the fixed text Hello1) and reads content to its end. All servers get the same bytes.',
    'hotpath wasm and js answer in the engine, without a handler. hotpath fetch is a handler of an application, `() => new Response(…)`. hono on hotpath runs the same module as hono on node-server.',
    'srvx answers with its own FastResponse, hono on node-server with the light Response that node-server installs.',
    'hotpath runs one worker. Its supervisor and server process count as well, and so does the master process of nginx.',
    'CPU a request is user and system time of all threads and processes of the server, as the system accounts for it. If the server is not the limit, compare the CPU time, not the requests a second.',
    'Peak memory is the sum of the largest resident memory of each process of the server since the load began. Shared pages count for each process, and memory that earlier loads left is included.',
    'Latency is what the client reports at full load. wrk adds the requests that a slow answer delayed, and reports no latency for pipelined requests.',
    'Limited by: the side whose core was busy for at least 90 % of the load.',
  ];
}
