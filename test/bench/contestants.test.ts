// The servers of the benches answer correctly: hotpath's own, and the other servers that are installed.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Contestant, Server } from '../../bench/suites/contestants.ts';
import { check, TRANSFERS } from '../../bench/suites/transfer.ts';

const TIMEOUT_MS = 60_000;
const UNPINNED = undefined;

type AcceptSuite = typeof import('../../bench/suites/accept.ts');
type Commands = typeof import('../../bench/suites/commands.ts');
type TlsSuite = typeof import('../../bench/suites/tls.ts');
type Contestants = typeof import('../../bench/suites/contestants.ts');
type TransferSuite = typeof import('../../bench/suites/transfer.ts');

beforeAll(() => {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench']);
}, TIMEOUT_MS);

/** The built module, because its servers lie beside it. */
function suite<Module>(name: string): Promise<Module> {
  return import(pathToFileURL(resolve(`build/bench/suites/${name}.js`)).href);
}

async function start(contestants: readonly Contestant[], use: (servers: Server[]) => Promise<void>) {
  const { startServers, endServers } = await suite<Contestants>('contestants');
  // startServers() has seen each of them answer Hello.
  const { servers, missing } = await startServers(contestants, UNPINNED);
  try {
    for (const line of missing) expect(line).toMatch(/not (installed|built)/);
    expect(servers.length + missing.length).toBe(contestants.length);
    await use(servers);
  } finally {
    await endServers(servers);
  }
}

it('fetch handlers answer, count, and read posted content', { timeout: TIMEOUT_MS }, async () => {
  const { FETCH, HONO_ON_HOTPATH, HONO_ON_NODE, SRVX } = await suite<Commands>('commands');
  await start([FETCH, HONO_ON_HOTPATH, HONO_ON_NODE, SRVX], async (servers) => {
    expect(servers[0]?.contestant).toBe(FETCH);
    for (const { port, contestant } of servers) {
      const ask = async (init?: RequestInit) => (await fetch(`http://127.0.0.1:${port}/`, init)).text();
      expect([contestant.name, await ask(), await ask()]).toEqual([contestant.name, 'Hello2', 'Hello3']);
      if (contestant === FETCH) expect(await ask({ method: 'POST', body: 'x'.repeat(100) })).toBe('Hello4');
    }
  });
});

it('every server of the suite transfer receives and sends a MiB', { timeout: TIMEOUT_MS }, async () => {
  const { TRANSFERRING } = await suite<TransferSuite>('transfer');
  await start(TRANSFERRING, async (servers) => {
    expect(servers.length).toBeGreaterThan(1);
    for (const { port } of servers) for (const one of TRANSFERS) await check(port, one);
  });
});

it('every server of the suites accept and tls answers one request and closes', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { CONTESTANTS } = await suite<AcceptSuite>('accept');
  const { OVER_TLS } = await suite<TlsSuite>('tls');
  await start([...CONTESTANTS, ...OVER_TLS], async (servers) => {
    expect(servers.length).toBeGreaterThan(4);
    for (const { port, contestant } of servers) {
      const to = { port, host: '127.0.0.1' };
      const socket = contestant.secure
        ? tls.connect({ ...to, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
        : net.connect(to);
      socket.write('GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
      expect([contestant.name, await text(socket)]).toEqual([
        contestant.name,
        expect.stringMatching(/^HTTP\/1\.1 200 .*\r\n\r\nHello\d*$/s),
      ]);
    }
  });
});

it('all servers of the suite tls agree to the same versions and ciphers', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { OVER_TLS, OVER_HTTP2 } = await suite<TlsSuite>('tls');
  await start([...OVER_TLS, ...OVER_HTTP2], async (servers) => {
    expect(servers.length).toBeGreaterThan(2);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const agreed = servers.map(async ({ port }) => {
        const versions = { minVersion: version, maxVersion: version };
        const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...versions });
        await once(socket, 'secureConnect');
        const { name } = socket.getCipher();
        socket.destroy();
        return name;
      });
      expect(new Set(await Promise.all(agreed)).size).toBe(1);
    }
  });
});

it('every server of the suite tls that is measured over HTTP/2 answers over HTTP/2', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { OVER_HTTP2 } = await suite<TlsSuite>('tls');
  await start(OVER_HTTP2, async (servers) => {
    expect(servers.length).toBeGreaterThan(0);
    for (const { port, contestant } of servers) {
      const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
      const stream = session.request({ ':path': '/' });
      const [head] = await once(stream, 'response');
      expect([contestant.name, head, await text(stream)]).toEqual([
        contestant.name,
        expect.objectContaining({ ':status': 200, 'content-type': 'text/plain' }),
        expect.stringMatching(/^Hello\d*$/),
      ]);
      session.destroy();
    }
  });
});

describe('check', () => {
  it.each(TRANSFERS)('rejects a server that does less: $name', async (one) => {
    const server = http.createServer((request, response) =>
      request.resume().on('end', () => response.end('7')),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const { port } = server.address() as AddressInfo;
      await expect(check(port, one)).rejects.toThrow(
        `${one.name}: 200, ${one.method === 'POST' ? 7 : 1} bytes`,
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
