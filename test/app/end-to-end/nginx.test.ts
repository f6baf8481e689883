// A stream that breaks off, behind nginx in its default configuration. nginx sends HTTP/1.0 requests, where the close ends
// the content. The client must not get a complete response.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/client.ts';
import { temporaryFolder } from '../../support/fixtures.ts';
import { type AppRun, startApp, tell } from './command.ts';

const installed = spawnSync('nginx', ['-v'], { stdio: 'ignore' }).error === undefined;

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.unref();
    setTimeout(() => socket.destroy(), 50);
  });

describe.skipIf(!installed).each(['direct', 'public'])('--io %s, behind nginx', (io) => {
  let run: AppRun;
  let nginx: ChildProcess;
  const folder = installed ? temporaryFolder('nginx') : '';
  let port: number;
  beforeAll(async () => {
    run = await startApp('breaks.js', ['--workers', '1', '--io', io, '--handler-timeout', '300']);
    port = await freePort();
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=cache:1m;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${run.port}; }
    location /unbuffered/ { proxy_buffering off; proxy_pass http://127.0.0.1:${run.port}/; }
    location /cached/ { proxy_cache cache; proxy_cache_valid 200 1h; proxy_pass http://127.0.0.1:${run.port}/; }
  }
}
`,
    );
    nginx = spawn(
      'nginx',
      ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')],
      {
        stdio: 'ignore',
      },
    );
    let listens = false;
    while (!listens) listens = await accepts(port);
  }, 30_000);
  afterAll(async () => {
    nginx.kill('SIGTERM');
    await once(nginx, 'exit');
    await run.stop();
  });

  const get = (target: string): Promise<string> =>
    tell(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`).catch(() => 'cut');

  test('a complete stream is a complete response', async () => {
    for (const way of ['', '/unbuffered', '/cached'])
      expect(await get(`${way}/complete`)).toMatch(/^HTTP\/1\.1 200 OK.*\r\n5\r\n00000\r\n0\r\n\r\n$/s);
  });

  test.concurrent.each(['fails', 'stands-still', 'trailers', 'short', 'long'])(
    'a stream that breaks off is an incomplete response, and no cache keeps it: %s',
    async (target) => {
      const ask = async (way: string): Promise<void> => {
        const answer = await get(`${way}/${target}`);
        expect(answer).toMatch(/^(HTTP\/1\.1 200 OK|HTTP\/1\.1 502|cut)/);
        if (answer.startsWith('HTTP/1.1 200')) {
          const [head, content] = answer.split('\r\n\r\n') as [string, string];
          const told = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
          if (told === undefined) expect(answer).not.toMatch(/0\r\n\r\n$/);
          else expect(content.length).toBeLessThan(Number(told));
        }
        const fetched = fetch(`http://127.0.0.1:${port}${way}/${target}`).then((response) =>
          response.ok ? response.text() : Promise.reject(new Error('502')),
        );
        await expect(fetched).rejects.toThrow();
      };
      // If nginx had cached the response, later requests would get it from the cache.
      await Promise.all([ask(''), ask('/unbuffered'), ask('/cached').then(() => ask('/cached'))]);
    },
    30_000,
  );

  test.each(['throws', 'exits'])(
    'a stream whose thread ends is an incomplete response: %s',
    async (target) => {
      let before = '';
      // A thread that has just ended is replaced first.
      for (let i = 0; i < 100 && !before.startsWith('HTTP/1.1 200'); i++) before = await get('/complete');
      const answer = await get(`/${target}`);
      expect(answer).toMatch(/^(HTTP\/1\.1 200 OK|HTTP\/1\.1 502|cut)/);
      expect(answer).not.toMatch(/0\r\n\r\n$/);
    },
  );
});

test('a stream that is cut at the drain timeout is reset', async () => {
  const run = await startApp('breaks.js', ['--workers', '1', '--drain-timeout', '200']);
  const client = net.connect(run.port, '127.0.0.1');
  let received = '';
  let ended = 'open';
  client.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  client.on('end', () => {
    ended = 'end';
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    ended = String(error.code);
  });
  client.write('GET /stands-still HTTP/1.0\r\n\r\n');
  await eventually('begun', () => received.endsWith('00000'));
  await run.stop();
  await eventually('cut', () => ended !== 'open');
  expect(ended).toBe('ECONNRESET');
});
