// The suite `tls`: requests over connections with TLS that stay open, handshakes, and HTTP/2.

import { isInstalled } from '../measure/children.ts';
import { http2Seconds } from '../measure/http2.ts';
import { strongestClient } from '../measure/load.ts';
import { chooseCores, describeCores } from '../measure/machine.ts';
import { CONNECTIONS_AT_ONCE, oneShotSeconds } from '../measure/one-shot.ts';
import { atPace, type Pace } from '../measure/pace.ts';
import { Rounds } from '../measure/rounds.ts';
import {
  CONNECTIONS,
  type Field,
  loadingSeconds,
  measureHttp2,
  measureLoad,
  measureOneShots,
  preparingSeconds,
  runTrial,
  runTrialSeconds,
  withServers,
} from '../measure/trial.ts';
import type { Suite } from '../suite.ts';
import {
  BUN_TLS,
  FETCH_HTTP2,
  FETCH_TLS,
  HOTPATH_HTTP2,
  HOTPATH_TLS,
  NGINX_HTTP2,
  NGINX_TLS,
  NODE_HTTP2,
  NODE_HTTPS,
} from './commands.ts';
import { among, answerSizes, countPresent, type Server, type Started } from './contestants.ts';
import { PLAIN } from './requests.ts';

/** A handler makes no difference to a handshake. */
const HANDSHAKING = [HOTPATH_TLS, NGINX_TLS, NODE_HTTPS, BUN_TLS];
export const OVER_TLS = [HOTPATH_TLS, FETCH_TLS, NGINX_TLS, NODE_HTTPS, BUN_TLS];
export const OVER_HTTP2 = [HOTPATH_HTTP2, FETCH_HTTP2, NGINX_HTTP2, NODE_HTTP2];

const HANDSHAKES = [
  { name: 'TLS 1.3, full handshakes', handshake: { version: 'TLSv1.3', resumed: false } },
  { name: 'TLS 1.3, resumed sessions', handshake: { version: 'TLSv1.3', resumed: true } },
  { name: 'TLS 1.2, full handshakes', handshake: { version: 'TLSv1.2', resumed: false } },
  { name: 'TLS 1.2, resumed sessions', handshake: { version: 'TLSv1.2', resumed: true } },
] as const;
const [, RESUMED_TLS13] = HANDSHAKES;

/** Fewer than over HTTP/1.1, because a client sends many requests at once over each. */
const HTTP2_CONNECTIONS = 10;
const STREAMS = [1, 16];
const IMPORTANT = {
  overTls: [HOTPATH_TLS, NGINX_TLS, NODE_HTTPS],
  overHttp2: [HOTPATH_HTTP2, NODE_HTTP2],
};

export const tls: Suite = {
  name: 'tls',
  title: 'TLS, one worker on one core',
  byDefault: true,
  seconds(pace) {
    const client = strongestClient();
    const present = contestantsAt(pace);
    const overTls = countPresent(present.overTls);
    const handshaking = countPresent(HANDSHAKING.filter((one) => present.overTls.includes(one)));
    const overHttp2 = hasHttp2Client() ? countPresent(present.overHttp2) : 0;
    const parts = [
      preparingSeconds(overTls, undefined, pace),
      runTrialSeconds(overTls, loadingSeconds(client, keepAliveSeconds(pace)), pace),
      ...handshakesAt(pace).map(({ handshake }) =>
        runTrialSeconds(handshaking, oneShotSeconds({ ...boundAt(pace), handshake }), pace),
      ),
      preparingSeconds(overHttp2, undefined, pace),
      ...streamsAt(pace).map(() => runTrialSeconds(overHttp2, http2Seconds(http2LoadAt(pace)), pace)),
    ];
    return parts.reduce((sum, seconds) => sum + seconds, 0);
  },
  async run(result, progress, pace) {
    const cores = chooseCores();
    const field = { rounds: new Rounds(result, progress), client: undefined, cores, pace };
    result.notes.push(...notes(), describeCores(cores));
    const present = contestantsAt(pace);
    await withServers(present.overTls, field, async (started) => {
      result.notes.push(answerSizes(started));
      await measureKeepAlive(started, field);
      await measureHandshakes(among(HANDSHAKING, started), field);
    });
    if (hasHttp2Client())
      await withServers(present.overHttp2, field, (started) => measureStreams(started, field));
  },
};

async function measureKeepAlive(started: Started, field: Field): Promise<void> {
  const { cores, pace } = field;
  const client = strongestClient();
  const load = {
    connections: CONNECTIONS,
    pipelined: 1,
    seconds: keepAliveSeconds(pace),
    request: PLAIN,
    threads: 1,
  };
  const name = `keep-alive, ${CONNECTIONS} connections`;
  const measure = (server: Server) => measureLoad(server, client, load, cores);
  await runTrial({ name, started, seconds: loadingSeconds(client, load.seconds), measure }, field);
}

async function measureHandshakes(started: Started, field: Field): Promise<void> {
  for (const { name, handshake } of handshakesAt(field.pace)) {
    const load = { ...boundAt(field.pace), handshake };
    const measure = (server: Server) => measureOneShots(server, load, field.cores);
    await runTrial({ name, started, seconds: oneShotSeconds(load), measure }, field);
  }
}

async function measureStreams(started: Started, field: Field): Promise<void> {
  for (const streams of streamsAt(field.pace)) {
    const load = { ...http2LoadAt(field.pace), streams };
    const name = `HTTP/2, ${HTTP2_CONNECTIONS} connections${streams === 1 ? '' : `, ${streams} streams each`}`;
    const measure = (server: Server) => measureHttp2(server, load, field.cores);
    await runTrial({ name, started, seconds: http2Seconds(load), measure }, field);
  }
}

function contestantsAt(pace: Pace) {
  return {
    overTls: atPace(pace, OVER_TLS, IMPORTANT.overTls),
    overHttp2: atPace(pace, OVER_HTTP2, IMPORTANT.overHttp2),
  };
}

function handshakesAt(pace: Pace) {
  return atPace(pace, HANDSHAKES, [RESUMED_TLS13]);
}

function streamsAt(pace: Pace) {
  return atPace(pace, STREAMS, [16]);
}

/** At least a second, and twice as long as without TLS, so that the handshakes matter less. */
function keepAliveSeconds({ loadSeconds }: Pace): number {
  return Math.max(1, 2 * loadSeconds);
}

function boundAt({ handshakeSeconds }: Pace) {
  return { bound: { seconds: handshakeSeconds } };
}

function http2LoadAt({ http2Requests }: Pace) {
  return { connections: HTTP2_CONNECTIONS, requests: http2Requests };
}

function hasHttp2Client(): boolean {
  return isInstalled('h2load');
}

function notes(): string[] {
  return [
    `keep-alive: load by ${strongestClient()} over TLS 1.3. Its ${CONNECTIONS} connections stay open, and each waits for the answer before it sends the next request. Their handshakes are included, which is 1 to 2 % of the CPU time.`,
    `Handshakes: load by a client of our own, because ab cannot resume a session. It opens ${CONNECTIONS_AT_ONCE} connections at a time, each for one request of HTTP/1.0, after which the server closes the connection, and checks that each handshake is full or resumed as the group's name says. `,
    hasHttp2Client()
      ? 'HTTP/2: load by h2load, with a number of requests. node:http2 answers by its API for servers of node:http.'
      : 'HTTP/2 was not measured, because h2load is not installed (apt install nghttp2-client).',
    'The certificate is self-signed, ECDSA on the curve P-256. All servers have their defaults, which resume sessions by tickets.',
    'hotpath wasm answers in the engine, without a handler. hotpath fetch is a handler of an application, which makes no difference to a handshake.',
    'One load of each kind before the rounds warms a server up.',
    'CPU a request is user and system time of all threads and processes of the server. It decides, because the load client may be the limit of the requests a second.',
  ];
}
