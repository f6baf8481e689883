// The certificates of whole servers: mistakes at the start, and new certificates while the server runs.

import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type AppServer, type HandlersServer, Response, serve } from '#dist/index.js';
import { type Issued, pair } from '../support/certificates.ts';
import type { Run } from '../support/cli.ts';
import { eventually } from '../support/client.ts';
import { closedAtEnd, launchServer, startServer, temporaryFolder } from '../support/fixtures.ts';
import { startSupervised } from '../support/supervised.ts';
import { VERSIONS, type Visit, visit } from '../support/tls-client.ts';

const first = pair({ names: ['first.test'] });
const second = pair({ names: ['second.test'] });

/** A folder with an application and a pair, which the test overwrites. */
class Folder {
  readonly path = temporaryFolder('certificates');
  readonly cert = join(this.path, 'cert.pem');
  readonly key = join(this.path, 'key.pem');
  readonly app = join(this.path, 'app.js');
  readonly flags = ['--tls-cert', this.cert, '--tls-key', this.key];

  constructor(issued: Issued = first) {
    this.put(issued);
    writeFileSync(join(this.path, 'package.json'), '{ "type": "module" }');
    this.writeApp();
  }

  put({ certFile, keyFile }: Issued): void {
    copyFileSync(certFile, this.cert);
    copyFileSync(keyFile, this.key);
  }

  /** The application answers with a text that is another one after each load. */
  writeApp(): void {
    writeFileSync(
      this.app,
      `const loaded = Math.random();
       export default {
         fetch(request) {
           if (new URL(request.url).pathname === '/fail') setTimeout(() => { throw new Error('failed'); });
           return new Response(String(loaded));
         },
       };`,
    );
  }
}

/** Sends SIGHUP, and resolves with the lines that report the outcome. */
async function reload(run: Run, lines = 1): Promise<string[]> {
  const seen = run.output.length;
  run.child.kill('SIGHUP');
  const found = (): string[] =>
    run.output
      .slice(seen)
      .split('\n')
      .filter((line) => /reload/i.test(line));
  await eventually('the outcome', () => found().length >= lines);
  return found();
}

const contentOf = ({ received }: Visit): string => received.split('\r\n\r\n')[1] ?? '';

describe('mistakes at the start', () => {
  async function outcomeOf(args: string[]): Promise<{ code: unknown; errors: string }> {
    const run = launchServer(args);
    const code = await run.exit;
    return { code, errors: run.errors };
  }

  test('are one line, with exit code 1, before a port is bound', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const folder = new Folder(pair({ days: -3 }));
    const { code, errors } = await outcomeOf(['--port', `${port}`, ...folder.flags]);
    taken.close();
    expect(errors).toMatch(/^hotpath: --tls-cert '.*' expired on \d{4}-\d\d-\d\d: renew it\n$/);
    expect(code).toBe(1);
  });

  test('of the flags have exit code 2', async () => {
    expect(await outcomeOf(['--port', '0', '--tls-cert', 'a'])).toEqual({
      code: 2,
      errors: 'hotpath: --tls-cert and --tls-key come in pairs: give both, once for each certificate\n',
    });
  });

  test('reject serve()', async () => {
    const tls = { cert: first.cert, key: second.key };
    await expect(serve({ port: 0, tls, fetch: () => new Response() })).rejects.toThrow(
      /^tls.key is not the key of tls.cert: give the key that the certificate was made for$/,
    );
  });

  test('a certificate that expires soon is a warning', async () => {
    const run = await startServer(new Folder(pair({ days: 2 })).flags);
    expect(run.output).toMatch(/^[^\n]*--tls-cert '.*' expires on [\d-]+: renew it\n/);
  });
});

describe('SIGHUP', () => {
  test('gives new certificates to running threads; open connections go on', async () => {
    const folder = new Folder();
    const run = await startServer([...folder.flags, '--workers', '2']);
    const open = connectTls({ port: run.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(open, 'secureConnect');
    folder.put(second);
    expect(await reload(run)).toEqual([
      expect.stringMatching(/Reloaded the certificates: second\.test until [\d-]+$/),
    ]);
    for (let i = 0; i < 10; i++) expect((await visit(run)).certificate).toBe('second.test');
    open.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [data] = await once(open, 'data');
    expect(`${data}`).toMatch(/^HTTP\/1\.1 200 /);
    expect(open.getPeerCertificate().subject.CN).toBe('first.test');
  });

  test('gives new certificates to every thread', async () => {
    const folder = new Folder();
    writeFileSync(folder.app, 'export default { fetch: (_, { worker }) => new Response(String(worker)) };');
    const run = await startServer([folder.app, ...folder.flags, '--workers', '2']);
    folder.put(second);
    await reload(run);
    const workers = new Set<string>();
    while (workers.size < 2)
      for (const one of await Promise.all(Array.from({ length: 8 }, () => visit(run)))) {
        expect(one.certificate).toBe('second.test');
        workers.add(contentOf(one));
      }
  });

  test('with certificates that have a mistake changes nothing', async () => {
    const folder = new Folder();
    const run = await startServer(folder.flags);
    writeFileSync(folder.cert, second.cert);
    const [line] = await reload(run);
    expect(line).toMatch(
      /Could not reload: --tls-key '.*' is not the key of --tls-cert '.*': give .* made for; the old workers keep serving$/,
    );
    expect((await visit(run)).certificate).toBe('first.test');
    expect(run.output).not.toContain('new workers');
    folder.put(second);
    expect(await reload(run)).toEqual([expect.stringContaining('Reloaded the certificates: second.test')]);
    expect((await visit(run)).certificate).toBe('second.test');
  });

  test.each(VERSIONS)(
    'without new certificates replaces the threads, which resume sessions of %s',
    async (version) => {
      const folder = new Folder();
      const run = await startServer([folder.app, ...folder.flags, '--workers', '2']);
      const before = await visit({ ...run, version });
      expect(await reload(run)).toEqual([expect.stringContaining('Reloaded: new workers serve')]);
      const after = await visit({ ...run, version, session: before.session });
      expect(after.resumed).toBe(true);
      expect(contentOf(after)).not.toBe(contentOf(before));
    },
  );

  test('keeps the threads of an app whose files have not changed; a second one replaces them', async () => {
    const folder = new Folder();
    const run = await startServer([folder.app, ...folder.flags, '--workers', '1']);
    const before = await visit(run);
    folder.put(second);
    expect(await reload(run)).toEqual([
      expect.stringMatching(
        /Reloaded the certificates: second\.test until [\d-]+; the app's files have not changed, so the workers stay: reload once more to replace them$/,
      ),
    ]);
    const renewed = await visit(run);
    expect(renewed.certificate).toBe('second.test');
    expect(contentOf(renewed)).toBe(contentOf(before));
    await reload(run);
    const replaced = await visit(run);
    expect(replaced.certificate).toBe('second.test');
    expect(contentOf(replaced)).not.toBe(contentOf(before));
  });

  test('replaces the threads if the app has changed, too', async () => {
    const folder = new Folder();
    const run = await startServer([folder.app, ...folder.flags, '--workers', '1']);
    const before = await visit(run);
    folder.put(second);
    folder.writeApp();
    expect(await reload(run, 2)).toEqual([
      expect.stringMatching(/Reloaded the certificates: second\.test until [\d-]+$/),
      expect.stringContaining('Reloaded: new workers serve'),
    ]);
    const after = await visit(run);
    expect(after.certificate).toBe('second.test');
    expect(contentOf(after)).not.toBe(contentOf(before));
  });

  test('gives new certificates to threads that are being started', async () => {
    const folder = new Folder();
    const others = temporaryFolder('gate');
    const gate = join(others, 'open');
    writeFileSync(gate, '');
    writeFileSync(
      folder.app,
      `import { appendFileSync, existsSync } from 'node:fs';
       appendFileSync(${JSON.stringify(join(others, 'loads'))}, 'x');
       while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 5));
       export default { fetch: () => new Response() };`,
    );
    const run = await startServer([folder.app, ...folder.flags, '--workers', '1']);
    rmSync(gate);
    run.child.kill('SIGHUP');
    await eventually('loading again', () => readFileSync(join(others, 'loads'), 'utf8') === 'xx');
    folder.put(second);
    expect(await reload(run)).toEqual([expect.stringContaining('Reloaded the certificates: second.test')]);
    writeFileSync(gate, '');
    await eventually('new workers', () => run.output.includes('Reloaded: new workers'));
    expect((await visit(run)).certificate).toBe('second.test');
  });

  test('an app that fails to load is tried again by the next one, and the certificates are new all the same', async () => {
    const folder = new Folder();
    const run = await startServer([folder.app, ...folder.flags, '--workers', '1']);
    const before = await visit(run);
    folder.put(second);
    writeFileSync(folder.app, 'throw new Error("broken")');
    expect((await reload(run, 2))[1]).toContain('Could not reload');
    const after = await visit(run);
    expect(after.certificate).toBe('second.test');
    expect(contentOf(after)).toBe(contentOf(before));
    folder.put(first);
    expect((await reload(run, 2))[1]).toContain('Could not reload');
  });
});

test('a thread that takes the place of another one has the newest certificates', async () => {
  const folder = new Folder();
  const called = '--tls';
  const { port, tell, killWorker, notes } = await startSupervised({
    workers: 1,
    log: 'start',
    tls: {
      pairs: [{ cert: [{ called, file: folder.cert }], key: { called, file: folder.key } }],
      client: undefined,
    },
  });
  const { session } = await visit({ port });
  folder.put(second);
  tell({ type: 'reload', timeoutMs: 1000 });
  await eventually('renewed', () => notes.some((note) => note.startsWith('Reloaded the certificates')));
  killWorker(0);
  await eventually('replaced', () => notes.some((note) => note.includes('replacing it')));
  expect(await visit({ port })).toMatchObject({ certificate: 'second.test' });
  expect(await visit({ port, session })).toMatchObject({ resumed: true });
});

describe('in a program', () => {
  const fetch = (): Response => new Response('hello');

  test('reloadTls() reads the files anew, or takes others; open connections go on', async () => {
    const folder = new Folder();
    const server = await closedAtEnd(serve({ port: 0, tls: { cert: folder.cert, key: folder.key }, fetch }));
    const { session } = await visit(server);
    folder.put(second);
    expect((await visit(server)).certificate).toBe('first.test');
    await server.reloadTls();
    expect(await visit(server)).toMatchObject({ certificate: 'second.test' });
    expect((await visit({ ...server, session })).resumed).toBe(true);
    await server.reloadTls({ cert: first.cert, key: first.key });
    expect(await visit(server)).toMatchObject({ certificate: 'first.test' });
    // From now on the texts are the certificates.
    await server.reloadTls();
    expect(await visit(server)).toMatchObject({ certificate: 'first.test' });
  });

  test('reloadTls() with a mistake changes nothing', async () => {
    const server = await closedAtEnd(serve({ port: 0, tls: { cert: first.cert, key: first.key }, fetch }));
    await expect(server.reloadTls({ cert: second.cert, key: first.key })).rejects.toThrow(
      'is not the key of',
    );
    await expect(server.reloadTls({} as never)).rejects.toThrow('tls.cert must be PEM text');
    expect((await visit(server)).certificate).toBe('first.test');
  });

  test('reloadTls() of a server without HTTPS is a mistake', async () => {
    const server = await closedAtEnd(serve({ port: 0, fetch }));
    await expect(server.reloadTls()).rejects.toThrow(
      'reloadTls(): the server has no HTTPS: start it with the option tls',
    );
  });

  test('threads of an app get new certificates by reloadTls() and by reload()', async () => {
    const folder = new Folder();
    const starting: Promise<AppServer> = serve({
      app: folder.app,
      workers: 2,
      port: 0,
      tls: { cert: folder.cert, key: folder.key },
    });
    const server = (await closedAtEnd<AppServer | HandlersServer>(starting)) as AppServer;
    const loaded = async (): Promise<Set<string>> =>
      new Set((await Promise.all(Array.from({ length: 20 }, () => visit(server)))).map(contentOf));
    const before = await loaded();
    folder.put(second);
    await server.reloadTls();
    expect((await visit(server)).certificate).toBe('second.test');
    folder.put(first);
    await server.reload();
    expect((await visit(server)).certificate).toBe('first.test');
    for (const one of await loaded()) expect(before).toContain(one);
    await server.reload();
    for (const one of await loaded()) expect(before).not.toContain(one);
  });
});
