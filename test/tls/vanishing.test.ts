// A client of TLS 1.3 that vanishes before the server has ended the handshake. The server process stands still meanwhile, so
// that the order of the steps is certain. Works on Linux, which lists the children of a process.

import { existsSync } from 'node:fs';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { pair } from '../support/certificates.ts';
import { childrenOf } from '../support/cli.ts';
import { eventually } from '../support/client.ts';
import { appFiles, atEnd, startServer } from '../support/fixtures.ts';
import { relayTo } from '../support/man-in-the-middle.ts';

const APP = `
import { Response } from 'hotpath';
export default {
  fetch: () => new Promise((resolve) => setTimeout(() => resolve(new Response('late')), 20)),
};
`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
/** Size of the last message of a client's handshake, with its record and the record before it. */
const FINISHED_BYTES = 80;
const files = appFiles();

describe.skipIf(!existsSync('/proc/self/task'))('a client that vanishes behind its request', () => {
  test.each(['auto', 'public'])('--io %s: its connection closes at once', async (io) => {
    const run = await startServer([
      ...[files.write('app.mjs', APP), '--workers', '1', '--io', io, '--log', 'connections'],
      ...['--tls-cert', pair().certFile, '--tls-key', pair().keyFile],
    ]);
    const count = (pattern: RegExp): number => run.output.match(pattern)?.length ?? 0;
    const [server] = childrenOf(run.child.pid as number) as [number];
    const relay = await relayTo(run.port);
    relay.hidesEnd = true;
    // Only the greeting reaches the server.
    relay.alter = (greeting) => {
      relay.kept = [];
      return greeting;
    };
    const client = connect({ host: '127.0.0.1', port: relay.port, rejectUnauthorized: false });
    client.on('error', () => {});
    atEnd(() => client.destroy());
    await new Promise((resolve) => client.once('secureConnect', resolve));
    client.end(GET);
    await eventually('a request', () => Buffer.concat(relay.kept ?? []).length > FINISHED_BYTES + GET.length);
    process.kill(server, 'SIGSTOP');
    await relay.vanish();
    process.kill(server, 'SIGCONT');
    await eventually('closed', () => count(/^Closed /gm) === 1);
    expect(count(/^Accepted /gm)).toBe(1);
  });
});
