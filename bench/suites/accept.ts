// The suite `accept`: the cost of a connection for each request. It is what the tutorial's own load,
// `ab -n 100 -c 10`, measures. The tutorial's other servers are in the suite `models`, under the same load; handshakes
// of TLS are in the suite `tls`.

import { chooseCores, describeCores } from '../measure/machine.ts';
import {
  CONNECTIONS_AT_ONCE,
  describeOneShotClient,
  oneShotClient,
  oneShotSeconds,
} from '../measure/one-shot.ts';
import { atPace, type Pace } from '../measure/pace.ts';
import { Rounds } from '../measure/rounds.ts';
import {
  measureOneShots,
  preparingSeconds,
  runTrial,
  runTrialSeconds,
  withServers,
} from '../measure/trial.ts';
import type { Suite } from '../suite.ts';
import { BUN, FASTIFY, FETCH, HONO_ON_NODE, LIMIT, NGINX, NODE_HTTP, oneWorker } from './commands.ts';
import { countPresent, type Server } from './contestants.ts';

const WASM = oneWorker('hotpath wasm', 'wasm');
export const CONTESTANTS = [
  WASM,
  oneWorker('hotpath js', 'js'),
  FETCH,
  NODE_HTTP,
  FASTIFY,
  HONO_ON_NODE,
  NGINX,
  BUN,
  LIMIT,
];
const IMPORTANT = [WASM, FETCH, NODE_HTTP, NGINX];

export const accept: Suite = {
  name: 'accept',
  title: 'a connection for each request, one worker on one core',
  byDefault: true,
  seconds(pace) {
    const present = countPresent(contestantsAt(pace));
    return (
      preparingSeconds(present, undefined, pace) +
      runTrialSeconds(present, oneShotSeconds(loadAt(pace)), pace)
    );
  },
  async run(result, progress, pace) {
    const cores = chooseCores();
    const load = loadAt(pace);
    const field = { rounds: new Rounds(result, progress), client: undefined, cores, pace };
    result.notes.push(...notes(pace), describeCores(cores));
    await withServers(contestantsAt(pace), field, (started) => {
      const name = `a connection a request, ${oneShotClient()}`;
      const measure = (server: Server) => measureOneShots(server, load, cores);
      return runTrial({ name, started, seconds: oneShotSeconds(load), measure }, field);
    });
  },
};

function contestantsAt(pace: Pace) {
  return atPace(pace, CONTESTANTS, IMPORTANT);
}

function loadAt({ acceptRequests }: Pace) {
  return { bound: { requests: acceptRequests } };
}

function notes({ acceptRequests }: Pace): string[] {
  return [
    `Load by ${describeOneShotClient()}, ${acceptRequests} requests over ${CONNECTIONS_AT_ONCE} connections at a time, each for one request of HTTP/1.0, after which the server closes the connection. One such load before the rounds warms a server up.`,
    'limit (C, epoll) is an epoll loop in C that accepts, reads once, writes a fixed response and closes, and parses nothing: close to what the kernel takes.',
    "CPU a request is user and system time of all threads and processes of the server, and includes all that the connection costs. It decides, because the load client was often the limit of the requests a second: between two cores of one machine, the client's core does part of the server's network work as well.",
    "The tutorial's other servers are in the suite `models`, under the same load. They are not pinned, because some of them exist to use more than one core.",
  ];
}
