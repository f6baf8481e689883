// A client with a connection for each request. Its argument is a load as JSON; it prints a line of JSON.

import net from 'node:net';
import type { OneShotLoad, OneShotResult } from '../measure/one-shot.ts';

const REQUEST = 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n';
const ANSWER_START = 'HTTP/1.1 200 ';

const { port, connections, bound } = JSON.parse(process.argv[2] as string) as OneShotLoad;
const startMs = performance.now();
const endMs = 'seconds' in bound ? startMs + bound.seconds * 1000 : Number.POSITIVE_INFINITY;
const requestsMax = 'requests' in bound ? bound.requests : Number.POSITIVE_INFINITY;
let begun = 0;
let requests = 0;

await Promise.all(Array.from({ length: connections }, askAgainAndAgain));
const result: OneShotResult = { requests, seconds: (performance.now() - startMs) / 1000 };
console.log(JSON.stringify(result));

async function askAgainAndAgain(): Promise<void> {
  while (begun < requestsMax && performance.now() < endMs) {
    begun++;
    await ask();
    requests++;
  }
}

/** Sends a request. Resolves when the server has answered and closed. */
function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(REQUEST));
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (answer += text));
    socket.on('error', reject);
    socket.on('close', () =>
      answer.startsWith(ANSWER_START) ? resolve() : reject(new Error(`answer: ${JSON.stringify(answer)}`)),
    );
  });
}
