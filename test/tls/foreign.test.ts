// Foreign clients of HTTPS: openssl s_client, curl and Chromium, against the command as a user starts it.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authority, pair } from '../support/certificates.ts';
import { type Run, startCli } from '../support/cli.ts';
import { connect, eventually } from '../support/client.ts';
import { appFiles, startServer, temporaryFolder } from '../support/fixtures.ts';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => join('/usr/bin', name))
  .find((path) => existsSync(path));
if (CHROMIUM === undefined) console.log('No Chromium in /usr/bin: HTTPS is not tried in a browser.');
/** The first start of Chromium reads much from the disk. */
const START_MS = 60_000;

const APP = `
import { createHash } from 'node:crypto';
import { Response } from 'hotpath';
const html = { headers: { 'content-type': 'text/html' } };
const LARGE = 'x'.repeat(5 * 1024 * 1024);
export default {
  routes: {
    '/': new Response('fixed'),
    '/large': () => new Response(LARGE),
    '/context': ({ url, headers }, { protocol, httpVersion, server, tls }) => Response.json({
      url, protocol, httpVersion, server: server.url, cookie: headers.get('cookie'),
      tls: { ...tls, clientCertificate: tls.clientCertificate && {
        subject: tls.clientCertificate.subject, fingerprint: tls.clientCertificate.fingerprint256 } },
    }),
    '/digest': async (request) => new Response(createHash('sha256').update(await request.bytes()).digest('hex')),
    '/moved': (request) => Response.redirect(new URL('/context', request.url)),
    '/page': () => new Response(
      '<link rel="icon" href="data:,"><script src="/script.js"></script><img src="/image.svg" onload="loaded()">', html),
    '/script.js': new Response('let images = 0; const loaded = () => images++;', { headers: { 'content-type': 'text/javascript' } }),
    '/image.svg': new Response('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', { headers: { 'content-type': 'image/svg+xml' } }),
    '/login': () => new Response('in', { headers: { 'set-cookie': '__Host-session=7; Secure; HttpOnly; Path=/; SameSite=Strict' } }),
  },
};
`;

const files = appFiles();
const folder = temporaryFolder('foreign');
const certificates = (of = pair()): string[] => ['--tls-cert', of.certFile, '--tls-key', of.keyFile];
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const LAST = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

let run: Run;
beforeAll(async () => {
  const app = files.write('app.mjs', APP);
  const pairs = [...certificates(), ...certificates(pair({ names: ['other.test'] }))];
  run = await startCli([app, '--workers', '2', '--max-body', '10000000', ...pairs]);
});
afterAll(async () => {
  const code = await run.stop();
  expect([code, run.errors]).toEqual([0, '']);
});

describe('openssl s_client', () => {
  interface Told {
    output: string;
    code: number | null;
  }

  /** Types texts into s_client, each when the output has the pattern before it, and waits until s_client ends. */
  async function sClient(args: string[], typed: [RegExp, string][], port = run.port): Promise<Told> {
    const client = spawn('openssl', [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-CAfile',
      pair().caFile,
      ...args,
    ]);
    const told: Told = { output: '', code: null };
    const ended = new Promise<void>((resolve) =>
      client.on('close', (code) => {
        told.code = code;
        resolve();
      }),
    );
    client.stdin.on('error', () => {});
    for (const stream of [client.stdout, client.stderr])
      stream.setEncoding('latin1').on('data', (text) => (told.output += text));
    for (const [pattern, text] of typed) {
      await eventually(`${pattern}`, () => pattern.test(told.output) || client.exitCode !== null);
      client.stdin.write(text);
    }
    await ended;
    return told;
  }
  const whenSecure = /Verify return code|Secure Renegotiation/;

  test.each([
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ])('%s: a verified certificate, and an announced end', async (flag, version) => {
    const { output, code } = await sClient(
      [flag, '-verify_return_error', '-verify_hostname', 'localhost', '-ign_eof'],
      [[whenSecure, LAST.replace('/ ', '/context ')]],
    );
    expect(output).toMatch(/Verify return code: 0 \(ok\)/);
    expect(output).toContain(`"version":"${version}"`);
    // Without the closure alert this says "unexpected eof".
    expect(output).not.toMatch(/error/i);
    expect(code).toBe(0);
  });

  test('TLS 1.0 and 1.1 are refused', async () => {
    for (const flag of ['-tls1', '-tls1_1']) {
      const { output, code } = await sClient([flag, '-cipher', 'DEFAULT:@SECLEVEL=0'], []);
      expect(output).toMatch(/alert protocol version/);
      expect(code).toBe(1);
    }
  });

  test('-reconnect: five sessions are resumed in TLS 1.2, whichever thread accepts', async () => {
    const { output } = await sClient(['-tls1_2', '-reconnect', '-ign_eof'], [[/(Reused, [\s\S]*){5}/, LAST]]);
    expect(output.match(/^Reused, TLSv1\.2/gm)).toHaveLength(5);
    expect(output).toMatch(/fixed/);
  });

  test.each(['-tls1_2', '-tls1_3'])('-sess_out and -sess_in: %s is resumed', async (flag) => {
    const file = join(folder, `session${flag}`);
    await sClient([flag, '-sess_out', file, '-ign_eof'], [[whenSecure, LAST]]);
    for (let turn = 0; turn < 4; turn++) {
      const { output } = await sClient(
        [flag, '-sess_in', file, '-ign_eof'],
        [[/Reused, /, LAST.replace('/ ', '/context ')]],
      );
      expect(output).toContain('"resumed":true');
    }
  });

  test('-servername chooses the certificate', async () => {
    const subjectFor = async (...args: string[]): Promise<string | undefined> => {
      const { output } = await sClient([...args, '-ign_eof'], [[whenSecure, LAST]]);
      return /^subject=(.*)$/m.exec(output)?.[1];
    };
    expect(await subjectFor('-servername', 'other.test')).toBe('CN = other.test');
    expect(await subjectFor('-servername', 'localhost')).toBe('CN = localhost');
    expect(await subjectFor('-servername', 'unknown.test')).toBe('CN = localhost');
    expect(await subjectFor('-noservername')).toBe('CN = localhost');
  });

  test('-alpn: http/1.1 is chosen, and without HTTP/2 also where h2 is offered', async () => {
    for (const offer of ['http/1.1', 'h2,http/1.1']) {
      const { output } = await sClient(['-alpn', offer, '-ign_eof'], [[whenSecure, LAST]]);
      expect(output).toMatch(/ALPN protocol: http\/1\.1/);
      expect(output).toMatch(/fixed/);
    }
  });

  test('R: a renegotiation is refused, and the server goes on', async () => {
    const { output } = await sClient(
      ['-tls1_2'],
      [
        [whenSecure, GET],
        [/fixed/, 'R\n'],
        [/RENEGOTIATING[\s\S]*/, ''],
      ],
    );
    expect(output).toMatch(/no renegotiation/);
    await stillServes();
  });
});

describe('curl', () => {
  const url = (path = '/'): string => `https://localhost:${run.port}${path}`;
  /** Runs curl, which trusts the authority of the tests. */
  function curl(...args: string[]): string {
    const { stdout, stderr, status } = spawnSync(
      'curl',
      ['-sS', '--resolve', `localhost:${run.port}:127.0.0.1`, '--cacert', pair().caFile, ...args],
      { encoding: 'utf8', maxBuffer: 20_000_000 },
    );
    if (status !== 0) throw new Error(`curl ended with ${status}: ${stderr}`);
    return stdout;
  }

  test.each([[[]], [['--http1.1']], [['--tlsv1.2', '--tls-max', '1.2']], [['--tlsv1.3']]])(
    'GET %j',
    (args) => {
      expect(curl(...args, url())).toBe('fixed');
    },
  );

  test('what a handler sees', () => {
    expect(JSON.parse(curl(url('/context')))).toMatchObject({
      url: url('/context'),
      protocol: 'https',
      httpVersion: '1.1',
      server: `https://127.0.0.1:${run.port}`,
      tls: {
        version: 'TLSv1.3',
        cipher: expect.stringMatching(/^TLS_/),
        serverName: 'localhost',
        alpnProtocol: 'http/1.1',
        resumed: false,
        authorized: false,
      },
    });
  });

  test('HEAD', () => {
    expect(curl('-I', url())).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 5\r\n/i);
  });

  test('a POST of a large file', () => {
    const file = join(folder, 'large');
    const content = Buffer.alloc(8_000_000, 'abcdefg');
    writeFileSync(file, content);
    const digest = createHash('sha256').update(content).digest('hex');
    expect(curl('--data-binary', `@${file}`, url('/digest'))).toBe(digest);
    expect(curl('-T', file, '-X', 'POST', '-H', 'Transfer-Encoding: chunked', url('/digest'))).toBe(digest);
  });

  test('a large response', () => {
    expect(curl(url('/large'))).toHaveLength(5 * 1024 * 1024);
    expect(curl('--limit-rate', '20M', url('/large'))).toHaveLength(5 * 1024 * 1024);
  });

  test('two URLs share a connection', () => {
    expect(curl('-w', ' %{num_connects}\n', url(), url('/script.js'))).toMatch(/ 1\n[\s\S]* 0\n$/);
  });

  test('-L follows a redirect that is made from request.url', () => {
    expect(JSON.parse(curl('-L', url('/moved'))).url).toBe(url('/context'));
  });

  test('plain HTTP gets an answer that a person can read', () => {
    expect(curl(`http://localhost:${run.port}/`)).toBe(
      '400 Bad Request: this is plain HTTP, and this port speaks HTTPS: use https://\n',
    );
  });

  test('a certificate of an unknown authority is not trusted', () => {
    const { status } = spawnSync('curl', ['-s', '--resolve', `localhost:${run.port}:127.0.0.1`, url()]);
    expect(status).toBe(60);
  });

  describe('client certificates', () => {
    const client = () => pair({ names: ['client'], client: true });
    const stranger = () => pair({ names: ['client'], client: true, authority: authority('strange') });
    const asking = (port: number, ...args: string[]) => {
      const { stdout, status } = spawnSync(
        'curl',
        ['-sS', '--cacert', pair().caFile, ...args, `https://127.0.0.1:${port}/context`],
        { encoding: 'utf8' },
      );
      return status === 0 ? JSON.parse(stdout).tls : status;
    };
    const given = (of = client()): string[] => ['--cert', of.certFile, '--key', of.keyFile];

    test.each(['1.2', '1.3'])(
      'required, TLS %s: without a valid one there is no response',
      async (version) => {
        const versions = [`--tlsv${version}`, '--tls-max', version];
        const app = files.write('app.mjs', APP);
        const { port } = await startServer([
          app,
          '--workers',
          '1',
          ...certificates(),
          '--tls-ca',
          authority().certFile,
        ]);
        expect(asking(port, ...versions, ...given())).toMatchObject({
          authorized: true,
          clientCertificate: { subject: 'CN=client' },
        });
        for (const args of [[], given(stranger())])
          expect(asking(port, ...versions, ...args)).toBeTypeOf('number');
      },
    );

    test('requested: the handler decides', async () => {
      const app = files.write('app.mjs', APP);
      const asks = ['--tls-ca', authority().certFile, '--tls-client', 'request'];
      const { port } = await startServer([app, '--workers', '1', ...certificates(), ...asks]);
      expect(asking(port, ...given())).toMatchObject({ authorized: true });
      const unknown = asking(port, ...given(stranger()));
      expect(unknown).toMatchObject({ authorized: false, clientCertificate: { subject: 'CN=client' } });
      expect(unknown.authorizationError).toMatch(/^UNABLE_TO_/);
      const none = asking(port);
      expect(none).toMatchObject({ authorized: false });
      expect(none).not.toHaveProperty('clientCertificate');
      expect(none).not.toHaveProperty('authorizationError');
    });
  });
});

describe.skipIf(CHROMIUM === undefined)('Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox'] });
  }, START_MS);
  afterAll(async () => {
    await browser?.close();
  });

  test(
    'a page with its parts, a POST by fetch, and a cookie for secure connections',
    async () => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      const origin = `https://localhost:${run.port}`;
      const response = await page.goto(`${origin}/page`);
      expect((await response?.securityDetails())?.protocol).toBe('TLS 1.3');
      await page.waitForFunction('images === 1');
      const content = 'x'.repeat(1_000_000);
      const digest = createHash('sha256').update(content).digest('hex');
      const posted = `fetch('/digest', { method: 'POST', body: 'x'.repeat(1000000) }).then((answer) => answer.text())`;
      expect(await page.evaluate(posted)).toBe(digest);
      expect(await page.evaluate(`fetch('/login').then((answer) => answer.text())`)).toBe('in');
      const seen = await page.evaluate(`fetch('/context').then((answer) => answer.json())`);
      expect(seen).toMatchObject({ url: `${origin}/context`, protocol: 'https', cookie: '__Host-session=7' });
      expect(await page.evaluate('isSecureContext')).toBe(true);
      const large = `fetch('/large').then((answer) => answer.text()).then((text) => text.length)`;
      expect(await page.evaluate(large)).toBe(5 * 1024 * 1024);
      expect(complaints).toEqual([]);
      await context.close();
    },
    START_MS,
  );
});

async function stillServes(): Promise<void> {
  const client = await connect(run.port, undefined, true);
  client.send(LAST);
  expect(await client.end()).toMatch(/fixed$/);
  client.close();
}
