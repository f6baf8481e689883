// The life of threads with an application: what they load, how they start and stop, and how their end is reported.

import { spawn } from 'node:child_process';
import { readFileSync, unlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Run, runCli } from '../support/cli.ts';
import { ask, connect, eventually, GET } from '../support/client.ts';
import { appFiles, startServer, startServerWith } from '../support/fixtures.ts';
import { readResponses } from '../support/responses.ts';

const files = appFiles();

/** The time after which the start of a thread is reported as slow. */
const SLOW_MS = 500;
const ANSWERS = "export default { fetch: () => new Response('two') };";
const HANGS = {
  'a top-level await that never settles': `await new Promise(() => {}); ${ANSWERS}`,
  'a module that never comes to its end': `for (;;); ${ANSWERS}`,
  'a start() that never ends':
    "export default { start: () => new Promise(() => {}), fetch: () => new Response('two') };",
};

async function contentOf(port: number): Promise<string | undefined> {
  return readResponses(await ask(port))[0]?.content;
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(new RegExp(pattern, 'g'))].length;
}

async function said(from: Run, pattern: RegExp): Promise<void> {
  await eventually(`${pattern}`, () => pattern.test(from.output + from.errors));
}

/** Creates an application that logs its events to a file; returns the paths, and a function that reads the events. */
function tellingApp(name: string, body: string): { app: string; told: () => string[]; log: string } {
  const log = files.write(`${name}.log`, '');
  const app = files.write(
    `${name}.mjs`,
    `import { appendFileSync } from 'node:fs';
     const tell = (text) => appendFileSync(${JSON.stringify(log)}, text + '\\n');
     ${body}`,
  );
  return { app, log, told: () => readFileSync(log, 'utf8').split('\n').slice(0, -1) };
}

describe('the channel between a thread and the control plane', () => {
  test('messages that an application posts, and ports that it closes or changes in its thread, do not affect the server', async () => {
    const app = files.write(
      'posts.mjs',
      `import { parentPort, workerData } from 'node:worker_threads';
       for (const message of [null, undefined, 0, 'x', [], {}, { type: 'drained', cut: 9 }, { type: 'ready' },
         { type: 'failed', code: '', message: 'not so' }, { type: 'listening', port: 1 }, { type: 'exiting' },
         { type: 'warning', text: 'not so' }, { type: 'done' }])
         parentPort.postMessage(message);
       parentPort.on('message', () => {});
       const found = Object.keys(workerData ?? {}).length;
       if (workerData) for (const key of Object.keys(workerData)) workerData[key] = null;
       parentPort.unref();
       parentPort.close();
       process.send?.(null);
       process.disconnect?.();
       export default { fetch: () => new Response(String(found)) };`,
    );
    const run = await startServer(['--workers', '2', app]);
    expect(await contentOf(run.port)).toBe('0');
    run.child.kill('SIGHUP');
    await said(run, /Reloaded/);
    expect(await contentOf(run.port)).toBe('0');
    expect(await run.stop()).toBe(0);
    expect(run.output + run.errors).not.toMatch(/not so|failed|starting it again|had to be/);
  });

  test("messages to the server process that are not the supervisor's are ignored", async () => {
    // The process is forked as by the supervisor, but these messages come from another sender.
    const child = spawn(process.execPath, ['dist/server-main.js'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => (errors += text));
    for (const message of [null, 1, 'x', [], {}, { type: 'unknown' }, { type: 'reload' }])
      child.send(message as object);
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.send({ type: 'drain', timeoutMs: 0 });
    expect(await exit).toBe(0);
    expect(errors).toBe('');
  });
});

describe('an application that does not load to its end', () => {
  test.each(Object.entries(HANGS))(
    '%s fails the start at the load timeout, with one line',
    async (_, text) => {
      const app = files.write('hangs.mjs', text);
      const { code, output, errors } = await runCli([
        '--port',
        '0',
        '--workers',
        '3',
        '--load-timeout',
        '700',
        app,
      ]);
      expect(code).toBe(1);
      expect(output).toBe('');
      expect(errors).toMatch(/^hotpath: [^\n]*hangs\.mjs[^\n]* after 700 ms: [^\n]*--load-timeout[^\n]*\n$/);
    },
  );

  test('after a while one line for all threads names the file that is being loaded', async () => {
    const flag = files.write('flag', '');
    const app = files.write(
      'slow.mjs',
      `import { existsSync } from 'node:fs';
       while (existsSync(${JSON.stringify(flag)})) await new Promise((resolve) => setTimeout(resolve, 20));
       ${ANSWERS}`,
    );
    const starting = startServerWith({ slowMs: SLOW_MS }, ['--workers', '3', app]);
    // The text after the line shows that the other threads do not repeat it.
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS + 1500));
    unlinkSync(flag);
    const run = await starting;
    expect(count(run.output + run.errors, /slow\.mjs has not finished loading/)).toBe(1);
    expect(await run.stop()).toBe(0);
  });

  test.each(Object.entries(HANGS))(
    '%s fails a reload at the load timeout; the old threads keep serving, and the next reload succeeds',
    async (_, text) => {
      const app = files.write('reloaded.mjs', ANSWERS.replace('two', 'one'));
      const run = await startServer(['--workers', '2', '--load-timeout', '3000', app]);
      files.write('reloaded.mjs', text);
      run.child.kill('SIGHUP');
      await said(
        run,
        /Could not reload: [^\n]*reloaded\.mjs[^\n]*after 3000 ms[^\n]*; the old workers keep serving/,
      );
      expect(await contentOf(run.port)).toBe('one');
      files.write('reloaded.mjs', ANSWERS);
      run.child.kill('SIGHUP');
      await said(run, /Reloaded/);
      expect(await contentOf(run.port)).toBe('two');
      expect(await run.stop()).toBe(0);
    },
  );

  test('a newer reload replaces a reload that takes long', async () => {
    const app = files.write('newer.mjs', ANSWERS.replace('two', 'one'));
    const run = await startServerWith({ slowMs: SLOW_MS }, [
      '--workers',
      '2',
      '--load-timeout',
      '600000',
      app,
    ]);
    files.write('newer.mjs', HANGS['a top-level await that never settles']);
    // On a busy machine the first threads may have been slow, too.
    const slow = (): number => count(run.output + run.errors, /newer\.mjs has not finished loading/);
    const before = slow();
    run.child.kill('SIGHUP');
    await eventually('the slow load is reported', () => slow() > before);
    files.write('newer.mjs', ANSWERS);
    run.child.kill('SIGHUP');
    await said(
      run,
      /Could not reload: a newer reload takes over; the old workers keep serving[\s\S]*Reloaded/,
    );
    expect(await contentOf(run.port)).toBe('two');
    expect(await run.stop()).toBe(0);
  });

  test('a reload whose app waits in a blocking call is reported once, and later reloads serve when the call returns', async () => {
    const app = files.write('blocked.mjs', ANSWERS.replace('two', 'one'));
    const flag = files.write('blocks', '');
    const run = await startServer(['--workers', '2', '--load-timeout', '4000', app]);
    files.write(
      'blocked.mjs',
      `import { execFileSync } from 'node:child_process';
       execFileSync('sh', ['-c', 'while [ -e "$0" ]; do sleep 0.1; done', ${JSON.stringify(flag)}]);`,
    );
    run.child.kill('SIGHUP');
    await said(run, /A worker that loads the app waits in a blocking call/);
    files.write('blocked.mjs', ANSWERS);
    for (let i = 0; i < 15; i++) run.child.kill('SIGHUP');
    expect(await contentOf(run.port)).toBe('one');
    unlinkSync(flag);
    await said(run, /Could not reload: [^\n]*; the old workers keep serving[\s\S]*Reloaded/);
    expect(await contentOf(run.port)).toBe('two');
    expect(count(run.output + run.errors, /blocking call|MaxListenersExceeded/)).toBe(1);
    expect(await run.stop()).toBe(0);
  });

  test.each(Object.entries(HANGS))('a stop is not held up by a reload of %s', async (_, text) => {
    const app = files.write('stopped.mjs', ANSWERS);
    const run = await startServer([
      '--workers',
      '2',
      '--load-timeout',
      '600000',
      '--drain-timeout',
      '600000',
      app,
    ]);
    const begun = files.write('begun', '');
    files.write(
      'stopped.mjs',
      `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(begun)}, 'x'); ${text}`,
    );
    run.child.kill('SIGHUP');
    await eventually('loading', () => readFileSync(begun, 'utf8') === 'xx');
    expect(await run.stop()).toBe(0);
    expect(run.output).toContain('Server stopped after');
  });
});

test('a module that loads prints once, not once a thread; its error output is never lost', async () => {
  const app = files.write(
    'prints.mjs',
    `console.log('out: loaded');
     console.error('err: loaded');
     process.stdout.write('written\\n', () => {});
     export default { fetch: () => { console.log('out: handler'); return new Response('x'); } };`,
  );
  const run = await startServer(['--workers', '4', app]);
  for (let i = 0; i < 8; i++) await contentOf(run.port);
  expect(await run.stop()).toBe(0);
  expect(count(run.output, /out: loaded\n/)).toBe(1);
  expect(count(run.output, /written\n/)).toBe(1);
  expect(run.errors).toContain('err: loaded\n');
  expect(count(run.output, /out: handler\n/)).toBe(8);
});

describe('the end of a thread', () => {
  test('process.exit() in a handler is reported with its code and the request', async () => {
    const app = files.write(
      'exits.mjs',
      `export default { fetch: ({ url }) => (url.includes('/exit') ? process.exit(3) : new Response('x')) };`,
    );
    const run = await startServer(['--workers', '1', app]);
    await ask(run.port, 'POST /exit/now?token=secret HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n').catch(
      () => {},
    );
    await said(run, /Worker 0 ended with exit code 3 while it answered POST \/exit\/now; replacing it\n/);
    expect(run.output + run.errors).not.toContain('secret');
    expect(await contentOf(run.port)).toBe('x');
    expect(await run.stop()).toBe(0);
  });

  test('a crash is reported once, with the requests under way', async () => {
    const app = files.write(
      'crashes.mjs',
      `export default {
         fetch: () => { setImmediate(() => { throw new Error('in a timer'); }); return new Promise(() => {}); },
       };`,
    );
    const run = await startServer(['--workers', '1', app]);
    await ask(run.port).catch(() => {});
    await said(run, /replacing it/);
    expect(await run.stop()).toBe(0);
    expect(run.errors).toMatch(/^Worker 0 failed while it answered GET \/: Error: in a timer\n/);
    expect(count(run.output + run.errors, /Error: in a timer/)).toBe(1);
    expect(count(run.output + run.errors, /Worker 0 failed/)).toBe(2);
  });

  test('an exception that the application itself catches does not end the thread, and is not reported', async () => {
    const app = files.write(
      'catches.mjs',
      `process.on('uncaughtException', ({ message }) => console.error('caught: ' + message));
       export default { fetch: () => { setImmediate(() => { throw new Error('x'); }); return new Response('a'); } };`,
    );
    const run = await startServer(['--workers', '1', app]);
    expect(await contentOf(run.port)).toBe('a');
    await said(run, /caught: x\n/);
    expect(await contentOf(run.port)).toBe('a');
    expect(await run.stop()).toBe(0);
    expect(run.output + run.errors).not.toMatch(/failed|replacing/);
  });

  test('a handler timeout is reported at --log errors, with method and path', async () => {
    const app = files.write('late.mjs', 'export default { fetch: () => new Promise(() => {}) };');
    const run = await startServer(['--workers', '1', '--log', 'start', '--handler-timeout', '100', app]);
    const { port } = run;
    const answer = await ask(port, GET.replace(' / ', ' /slow?token=secret '));
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    await said(run, /The response to GET \/slow did not come within the handler timeout\n/);
    expect(run.output + run.errors).not.toContain('secret');
    expect(await run.stop()).toBe(0);
  });
});

describe('start() and stop()', () => {
  test("start() is awaited on each thread before it serves, stop() after the last answer; then 'exit' handlers run", async () => {
    const { app, told } = tellingApp(
      'hooks',
      `let ready = false;
       process.on('exit', () => tell('exit'));
       export default {
         async start({ worker, server }) {
           await new Promise((resolve) => setTimeout(resolve, 50));
           ready = true;
           tell('start ' + worker + ' ' + server.port + ' ' + server.url + ' ' + server.draining.aborted);
         },
         fetch: async (request, { server }) => {
           if (!ready) return new Response('not ready');
           await new Promise((resolve) => setTimeout(resolve, 300));
           tell('answered, draining: ' + server.draining.aborted);
           return new Response('ready');
         },
         async stop({ reason }) {
           await new Promise((resolve) => setTimeout(resolve, 50));
           tell('stop ' + reason);
         },
       };`,
    );
    const run = await startServer(['--workers', '1', app]);
    const { port } = run;
    expect(told()).toEqual([`start 0 ${port} http://127.0.0.1:${port} false`]);
    const client = await connect(port);
    client.send(GET);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await run.stop()).toBe(0);
    expect((await client.end()).endsWith('ready')).toBe(true);
    client.close();
    expect(told().slice(1)).toEqual(['answered, draining: true', 'stop stop', 'exit']);
  });

  test('a reload calls stop() of the old application with the reason reload', async () => {
    const { app, told } = tellingApp(
      'renewed',
      `process.on('exit', () => tell('exit'));
       export default { start() { tell('start'); }, fetch: () => new Response('x'), stop({ reason }) { tell(reason); } };`,
    );
    const run = await startServer(['--workers', '1', app]);
    run.child.kill('SIGHUP');
    await said(run, /Reloaded/);
    await eventually('the old has ended', () => told().includes('exit'));
    expect(told()).toEqual(['start', 'start', 'reload', 'exit']);
    expect(await run.stop()).toBe(0);
    expect(told().slice(4)).toEqual(['stop', 'exit']);
  });

  test.each([
    ['throws', ''],
    ['rejects', 'async '],
  ])(
    'a start() that %s fails the start with one line that names the place, and threads that had started stop',
    async (_, kind) => {
      const { app, told } = tellingApp(
        'fails',
        `export default {
         start: ${kind}({ worker }) => {
           if (worker === 1) throw new Error('no database');
           tell('start');
         },
         fetch: () => new Response('x'),
         stop({ reason }) { tell('stop ' + reason); },
       };`,
      );
      const { code, output, errors } = await runCli(['--port', '0', '--workers', '2', app]);
      expect([code, output]).toEqual([1, '']);
      expect(errors).toMatch(
        /^hotpath: start\(\) failed in [^\n]*fails\.mjs: Error: no database \([^\n]*:\d+\)\n$/,
      );
      if (told().length > 0) expect(told()).toEqual(['start', 'stop failure']);
    },
  );

  test('an endless event stream that obeys server.draining ends by itself, and no connection is cut', async () => {
    const app = files.write(
      'events.mjs',
      `export default { fetch: (request, { server }) => new Response(new ReadableStream({
         start(controller) {
           controller.enqueue(new TextEncoder().encode('data: 1\\n\\n'));
           server.draining.addEventListener('abort', () => controller.close());
         },
       }), { headers: { 'content-type': 'text/event-stream' } }) };`,
    );
    const run = await startServer(['--workers', '2', '--drain-timeout', '600000', app]);
    const client = await connect(run.port);
    client.send(GET);
    await client.until((received) => received.includes('data: 1'));
    expect(await run.stop()).toBe(0);
    expect(await client.end()).toMatch(/\r\n0\r\n\r\n$/);
    client.close();
    expect(run.output).not.toContain('had to be');
  });

  test("an endless stream that ignores it is cut at the drain timeout: cancel() is called, stop() and 'exit' follow", async () => {
    const { app, told } = tellingApp(
      'endless',
      `process.on('exit', () => tell('exit'));
       export default {
         fetch: () => new Response(new ReadableStream({
           start(controller) { controller.enqueue(new TextEncoder().encode('data: 1\\n\\n')); },
           cancel({ code }) { tell('cancel ' + code); },
         })),
         async stop({ reason }) { tell('stop ' + reason); },
       };`,
    );
    const run = await startServer(['--workers', '1', '--drain-timeout', '300', app]);
    const client = await connect(run.port);
    client.send(GET);
    await client.until((received) => received.includes('data: 1'));
    expect(await run.stop()).toBe(0);
    client.close();
    expect(told()).toEqual(['cancel ERR_SERVER_STOPPED', 'stop stop', 'exit']);
    expect(run.output).toContain('; 1 connection had to be cut');
  });

  test('a stop() that never ends, or fails, is reported and does not delay the exit', async () => {
    const app = files.write(
      'endless-stop.mjs',
      "export default { fetch: () => new Response('x'), stop: () => new Promise(() => {}) };",
    );
    const endless = await startServer(['--workers', '1', '--drain-timeout', '300', app]);
    expect(await endless.stop()).toBe(0);
    expect(endless.output + endless.errors).toMatch(
      /stop\(\) of the application has not ended after \d+ ms\n/,
    );
    const failing = files.write(
      'failing-stop.mjs',
      "export default { fetch: () => new Response('x'), stop() { throw new Error('while stopping'); } };",
    );
    const run = await startServer(['--workers', '1', failing]);
    expect(await run.stop()).toBe(0);
    expect(run.errors).toMatch(/stop\(\) of the application failed: Error: while stopping\n/);
  });

  test('--drain-timeout 0 cuts no request of an idle server, and idle connections are not reported as cut', async () => {
    const idle = await startServer(['--workers', '2', '--drain-timeout', '0']);
    expect(await idle.stop()).toBe(0);
    expect(idle.output).toMatch(/Server stopped after 0 requests on 0 connections\n$/);
    const run = await startServer(['--workers', '2', '--drain-timeout', '0']);
    const client = await connect(run.port);
    client.send(GET);
    await client.until(/Hello1$/);
    expect(await run.stop()).toBe(0);
    client.close();
    expect(run.output).toMatch(/Server stopped after 1 request on 1 connection\n$/);
  });
});
