// The suite `accept`: the cost of a connection for each request, over TCP and over TLS. It is what the tutorial's own
// load, `ab -n 100 -c 10`, measures. The tutorial's other servers are in the suite `models`, under the same load.

import { ACCOUNTS_KEPT } from '../measure/cpu.ts';
import { chooseCores, describeCores } from '../measure/machine.ts';
import {
  CONNECTIONS_AT_ONCE,
  describeOneShotClient,
  type OneShotLoad,
  oneShotClient,
  oneShotSeconds,
} from '../measure/one-shot.ts';
import type { Pace } from '../measure/pace.ts';
import { Rounds, type Subject, type Values } from '../measure/rounds.ts';
import { measureOneShots, preparingSeconds, withServers } from '../measure/trial.ts';
import type { MeasureName } from '../results.ts';
import type { Suite } from '../suite.ts';
import {
  BUN,
  FASTIFY,
  FETCH,
  HONO_ON_NODE,
  HOTPATH_TLS,
  LIMIT,
  NGINX,
  NGINX_TLS,
  NODE_HTTP,
  NODE_HTTPS,
  oneWorker,
} from './commands.ts';
import type { Contestant, Server } from './contestants.ts';

/** A client needs as much CPU for a connection as a fast server, so it is often the limit of the requests a second. */
const DECIDING: MeasureName = ACCOUNTS_KEPT ? 'cpuMicros' : 'requestsPerSecond';

export const OVER_TCP = [
  oneWorker('hotpath wasm', 'wasm'),
  oneWorker('hotpath js', 'js'),
  FETCH,
  NODE_HTTP,
  FASTIFY,
  HONO_ON_NODE,
  NGINX,
  BUN,
  LIMIT,
];
export const OVER_TLS = [HOTPATH_TLS, NODE_HTTPS, NGINX_TLS];

/** Servers that are started together, and the loads that measure them. */
interface Field {
  contestants: readonly Contestant[];
  points: readonly Point[];
}

interface Point {
  name: string;
  load: Omit<OneShotLoad, 'port'>;
}

export const accept: Suite = {
  name: 'accept',
  title: 'a connection for each request, one worker on one core',
  byDefault: true,
  seconds: (pace) =>
    fieldsAt(pace).reduce((sum, { contestants, points }) => {
      const present = contestants.filter(({ missing }) => missing?.() === undefined).length;
      const turns = points.map(({ load }) => present * (1 + pace.loadRounds) * oneShotSeconds(load));
      return turns.reduce(
        (total, seconds) => total + seconds,
        sum + preparingSeconds(present, undefined, pace),
      );
    }, 0),
  async run(result, progress, pace) {
    const cores = chooseCores();
    const rounds = new Rounds(result, progress);
    const measure = async (server: Server, load: Point['load']): Promise<Values> => {
      const { seconds: _, ...values } = await measureOneShots(server, load, cores);
      return values;
    };
    result.notes.push(...notes(pace), describeCores(cores));
    for (const { contestants, points } of fieldsAt(pace))
      await withServers(contestants, { rounds, client: undefined, cores, pace }, async (started) => {
        const { servers, missing } = started;
        for (const { name, load } of points) {
          const turnSeconds = oneShotSeconds(load);
          for (const server of servers) {
            rounds.at(`${name}: warming up ${server.contestant.name}`, turnSeconds);
            await rounds.unlessStopped(() => measure(server, load));
          }
          const subjects = servers.map((server): Subject => {
            const { name, ours } = server.contestant;
            return { name, ours, measure: () => measure(server, load) };
          });
          await rounds.run({ name, measure: DECIDING, missing, subjects }, pace.loadRounds, turnSeconds);
        }
      });
  },
};

function fieldsAt({ acceptRequests, handshakeSeconds }: Pace): Field[] {
  const overTls = (name: string, handshake: 'full' | 'resumed'): Point => ({
    name,
    load: { bound: { seconds: handshakeSeconds }, handshake },
  });
  const plain: Point = {
    name: `a connection a request, ${oneShotClient()}`,
    load: { bound: { requests: acceptRequests } },
  };
  return [
    { contestants: OVER_TCP, points: [plain] },
    {
      contestants: OVER_TLS,
      points: [overTls('TLS 1.3, full handshakes', 'full'), overTls('TLS 1.3, resumed sessions', 'resumed')],
    },
  ];
}

function notes({ acceptRequests }: Pace): string[] {
  return [
    `Load by ${describeOneShotClient()}, ${acceptRequests} requests over ${CONNECTIONS_AT_ONCE} connections at a time, each for one request of HTTP/1.0, after which the server closes the connection. One such load before the rounds warms a server up.`,
    'limit (C, epoll) is an epoll loop in C that accepts, reads once, writes a fixed response and closes, and parses nothing: close to what the kernel takes.',
    "TLS: load by a client of our own, because ab cannot resume a session. It checks that each handshake is full or resumed as the group's name says. The certificate is self-signed, ECDSA on the curve P-256. nginx and node:https have their defaults, which resume sessions by tickets.",
    "CPU a request is user and system time of all threads and processes of the server, and includes all that the connection costs. It decides, because the load client was often the limit of the requests a second: between two cores of one machine, the client's core does part of the server's network work as well.",
    "The tutorial's other servers are in the suite `models`, under the same load. They are not pinned, because some of them exist to use more than one core.",
  ];
}
