// The client with a connection for each request checks answers and handshakes, and counts what it did.

import { execFileSync } from 'node:child_process';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isInstalled } from '../../bench/measure/children.ts';
import { certificate } from '../../bench/suites/certificate.ts';

const TIMEOUT_MS = 60_000;
const UNPINNED = undefined;
const REQUESTS = 50;
const HELLO: RequestListener = (_request, response) => response.end('Hello1');

type OneShot = typeof import('../../bench/measure/one-shot.ts');

/** The built module, because its client lies beside it. */
let oneShot: OneShot;
let server: Server | undefined;

beforeAll(async () => {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench']);
  oneShot = await import(pathToFileURL(resolve('build/bench/measure/one-shot.js')).href);
}, TIMEOUT_MS);

afterEach(() => {
  server?.close();
});

async function listen(started: Server): Promise<number> {
  server = started.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function secureServer(secureOptions = 0): Server {
  const { certificate: file, key } = certificate();
  return https.createServer({ cert: readFileSync(file), key: readFileSync(key), secureOptions }, HELLO);
}

describe('runOneShotLoad', () => {
  it('opens a connection for each request', async () => {
    const requestsOn = new Map<Socket, number>();
    const port = await listen(
      http.createServer((request, response) => {
        requestsOn.set(request.socket, (requestsOn.get(request.socket) ?? 0) + 1);
        response.end('Hello1');
      }),
    );
    const result = await oneShot.runOneShotLoad({ port, bound: { requests: REQUESTS } }, UNPINNED);
    expect(result).toMatchObject({ requests: REQUESTS, seconds: expect.any(Number) });
    // On a busy machine ab opens some connections without a request, so they are not counted.
    expect(requestsOn.size).toBeGreaterThanOrEqual(REQUESTS);
    expect(new Set(requestsOn.values())).toEqual(new Set([1]));
  });

  it('fails if an answer is wrong', async () => {
    const port = await listen(http.createServer((_request, response) => response.writeHead(404).end()));
    await expect(oneShot.runOneShotLoad({ port, bound: { requests: REQUESTS } }, UNPINNED)).rejects.toThrow();
  });

  describe.runIf(isInstalled('openssl'))('over TLS', () => {
    const HANDSHAKES = (['TLSv1.2', 'TLSv1.3'] as const).flatMap((version) => [
      { kind: 'full', version, resumed: false },
      { kind: 'resumed', version, resumed: true },
    ]);

    it.each(HANDSHAKES)('makes $kind handshakes of $version', async ({ version, resumed: resumes }) => {
      const started = secureServer();
      const versions = new Set<string | null>();
      let resumed = 0;
      let others = 0;
      started.on('secureConnection', (socket) => {
        versions.add(socket.getProtocol());
        if (socket.isSessionReused()) resumed++;
        else others++;
      });
      const port = await listen(started);
      const load = { port, bound: { requests: REQUESTS }, handshake: { version, resumed: resumes } };
      expect(await oneShot.runOneShotLoad(load, UNPINNED)).toMatchObject({ requests: REQUESTS });
      // The first connection gives the session to resume.
      expect([resumed, others]).toEqual(resumes ? [REQUESTS, 1] : [0, REQUESTS]);
      expect([...versions]).toEqual([version]);
    });

    it('fails if the server does not resume sessions', async () => {
      const port = await listen(secureServer(constants.SSL_OP_NO_TICKET));
      const handshake = { version: 'TLSv1.3', resumed: true } as const;
      const load = { port, bound: { requests: REQUESTS }, handshake };
      await expect(oneShot.runOneShotLoad(load, UNPINNED)).rejects.toThrow('the handshake was not resumed');
    });
  });
});
