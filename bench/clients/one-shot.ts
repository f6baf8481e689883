// A client with a connection for each request. Its argument is a load as JSON; it prints a line of JSON.

import net from 'node:net';
import tls from 'node:tls';
import {
  CONNECTIONS_AT_ONCE,
  type Handshake,
  type OneShotLoad,
  type OneShotResult,
} from '../measure/one-shot.ts';

const REQUEST = 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n';
const ANSWER_START = 'HTTP/1.1 200 ';

const { port, bound, handshake } = JSON.parse(process.argv[2] as string) as OneShotLoad;
const to = { port, host: '127.0.0.1' };
/** Loaded once, as by a client that connects often. The certificate is self-signed. */
const secureContext = tls.createSecureContext({
  ...(handshake && { minVersion: handshake.version, maxVersion: handshake.version }),
});
/** The newest session that the server has given. */
let session: Buffer | undefined;

// The first connection gives a session to resume.
if (handshake?.resumed) await ask(connectOverTls({ ...handshake, resumed: false }));

const startMs = performance.now();
const startCpu = process.cpuUsage();
const endMs = 'seconds' in bound ? startMs + bound.seconds * 1000 : Number.POSITIVE_INFINITY;
const requestsMax = 'requests' in bound ? bound.requests : Number.POSITIVE_INFINITY;
let begun = 0;
let requests = 0;

await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, askAgainAndAgain));
const { user, system } = process.cpuUsage(startCpu);
const result: OneShotResult = {
  requests,
  seconds: (performance.now() - startMs) / 1000,
  cpuMicros: user + system,
};
console.log(JSON.stringify(result));

async function askAgainAndAgain(): Promise<void> {
  while (begun < requestsMax && performance.now() < endMs) {
    begun++;
    await ask(handshake === undefined ? net.connect(to) : connectOverTls(handshake));
    requests++;
  }
}

function connectOverTls({ resumed }: Handshake): tls.TLSSocket {
  const resuming = resumed && session !== undefined ? { session } : {};
  const socket = tls.connect({ ...to, ...resuming, secureContext, rejectUnauthorized: false });
  socket.on('session', (given: Buffer) => (session = given));
  socket.on('secureConnect', () => {
    if (socket.isSessionReused() !== resumed)
      socket.destroy(new Error(`the handshake was not ${resumed ? 'resumed' : 'full'}`));
  });
  return socket;
}

/** Sends a request. Resolves when the server has answered and closed. */
function ask(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.write(REQUEST);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (answer += text));
    socket.on('error', reject);
    socket.on('close', () =>
      answer.startsWith(ANSWER_START) ? resolve() : reject(new Error(`answer: ${JSON.stringify(answer)}`)),
    );
  });
}
