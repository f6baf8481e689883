// Threads whose event loop stands still: what the log says of them, and how they are replaced.

import { describe, expect, test } from 'vitest';
import { serve } from '#dist/serve.js';
import { viewsOf } from '../../src/memory/views.ts';
import { Slot } from '../../src/wasm/slot.ts';
import { readStatistics } from '../../src/wasm/statistics.ts';
import { Watchdog, type WatchdogOptions, type Watched } from '../../src/workers/watchdog.ts';
import { childrenOf, type Run, runCli } from '../support/cli.ts';
import { ask, connect, eventually, sleep } from '../support/client.ts';
import { appFiles, atEnd, closedAtEnd, startServer } from '../support/fixtures.ts';
import { smallMemory } from '../support/memory.ts';
import { readResponses } from '../support/responses.ts';

const APP = `import { execSync } from 'node:child_process';
const busy = (ms) => {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
};
const ways = {
  busy: () => busy(1500),
  endless: () => { for (;;); },
  wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500),
  native: () => execSync('sleep 2'),
};
export default {
  fetch(request) {
    ways[new URL(request.url).pathname.slice(1)]?.();
    return new Response('done');
  },
};
`;

const app = (text = APP): string => appFiles().write('app.mjs', text);

const content = async (port: number, path: string): Promise<string | undefined> =>
  readResponses(await ask(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))[0]?.content;

const started = (args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> =>
  startServer(['--workers', '1', '--stall-timeout', '300', ...args], environment);

const AGAIN = /Worker 0 turns its event loop again, after \d+\.\d s\n/;

describe('the log', () => {
  test.each([
    [
      'busy',
      /at (?:\S* \(\S+\), )*busy \(file:\S+app\.mjs:4:\d+\), busy \(file:\S+app\.mjs:7:\d+\), fetch \(file:\S+app\.mjs:14:\d+\)\n/,
    ],
    ['wait', /at wait \(file:\S+app\.mjs:9:\d+\), fetch \(file:\S+app\.mjs:14:\d+\)\n/],
    ['native', /its stack is unknown, since it waits in native code, such as execSync\(\)\n/],
  ])(
    'has one line with the stack of a thread that stands still, and one when it turns again: %s',
    async (way, where) => {
      const run = await started([app()]);
      expect(await content(run.port, `/${way}`)).toBe('done');
      await eventually('the end', () => AGAIN.test(run.output));
      expect(run.output).toMatch(
        new RegExp(`Worker 0 has not turned its event loop for \\d\\.\\d s: ${where.source}${AGAIN.source}$`),
      );
      expect(run.output.split('has not turned')).toHaveLength(2);
      // No pause of the debugger is left behind.
      for (let i = 0; i < 3; i++) expect(await content(run.port, '/')).toBe('done');
      expect(await run.stop()).toBe(0);
      expect(run.errors).toBe('');
    },
  );

  test('has no line of an app that takes long to load, nor of a short pause', async () => {
    const text = APP.replace('const ways', 'busy(1000);\nconst ways').replace('busy(1500)', 'busy(250)');
    const run = await startServer(['--workers', '2', '--stall-timeout', '600', app(text)]);
    expect(await content(run.port, '/busy')).toBe('done');
    await sleep(500);
    expect(run.output).not.toContain('turn');
  });

  test('has no line after the process was stopped and goes on', async () => {
    const run = await started([app()]);
    const [server] = childrenOf(run.child.pid as number) as [number];
    await sleep(300);
    process.kill(server, 'SIGSTOP');
    await sleep(1500);
    process.kill(server, 'SIGCONT');
    expect(await content(run.port, '/')).toBe('done');
    await sleep(700);
    expect(run.output).not.toContain('turn');
  });

  test('has no line while the inspector is open, and says so', async () => {
    const run = await started([app()], { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
    await eventually('the note', () =>
      run.output.includes('are not watched while the inspector is open (--inspect)'),
    );
    expect(await content(run.port, '/busy')).toBe('done');
    await sleep(300);
    expect(run.output).not.toContain('turn');
  });
});

test('serve() counts stalls, and has none with stallTimeout 0', async () => {
  const file = app();
  const watched = await closedAtEnd(
    serve({ app: file, port: 0, workers: 1, stallTimeout: 300, log: 'silent' }),
  );
  const off = await closedAtEnd(serve({ app: file, port: 0, workers: 1, stallTimeout: 0, log: 'silent' }));
  await Promise.all([content(watched.port, '/busy'), content(off.port, '/busy')]);
  expect(watched.stats()).toMatchObject({ stalls: 1, restarts: 0 });
  expect(off.stats().stalls).toBe(0);
});

describe('with --replace-stalled', () => {
  test('another thread takes the place of one in an endless loop; the others go on', async () => {
    const run = await started([app(), '--workers', '2', '--replace-stalled']);
    const client = await connect(run.port);
    atEnd(client.close);
    client.send('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect(client.until(/done/)).rejects.toThrow('closed after');
    await eventually('the lines', () => run.output.includes('stood still; replacing it\n'));
    expect(run.output).toMatch(
      /Worker \d has not turned its event loop for \d\.\d s: at endless \(.*\nWorker \d was ended because its event loop stood still; replacing it\n$/,
    );
    // Connections that waited for the thread are served by the new one.
    for (let i = 0; i < 10; i++) expect(await content(run.port, '/')).toBe('done');
    expect(await run.stop()).toBe(0);
  });

  test('a thread in a blocking call is replaced when the call returns', async () => {
    const text = APP.replace('sleep 2', 'sleep 5');
    const run = await started([app(text), '--replace-stalled']);
    const client = await connect(run.port);
    atEnd(client.close);
    client.send('GET /native HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('the line', () =>
      run.output.includes('and cannot be ended: a new one takes its place when that call returns'),
    );
    expect(await content(run.port, '/')).toBe('done');
    expect(run.output).toContain('stood still; replacing it\n');
  });
});

describe('a watchdog', () => {
  const INTERVAL_MS = 100;

  function watched(options: Partial<WatchdogOptions> = {}) {
    const views = viewsOf(smallMemory({ slotCount: 2 }));
    const lines: string[] = [];
    const ended: number[] = [];
    let nowMs = 0;
    const watchdog = new Watchdog({
      views,
      timeoutMs: 1000,
      replaces: true,
      note: (text) => lines.push(text),
      warn: (text) => lines.push(text),
      stackOf: async () => 'a (b.js:1:1)',
      mayDebug: () => false,
      nowMs: () => nowMs,
      ...options,
    });
    const threads = [0, 1].map(
      (slot): Watched => ({ ordinal: slot, slot, id: slot, endStalled: async () => void ended.push(slot) }),
    );
    for (const thread of threads) watchdog.watch(thread);
    atEnd(() => {
      for (const thread of threads) watchdog.forget(thread);
    });
    /** Time passes; these threads turn. */
    const pass = async (times: number, ms = INTERVAL_MS, turning: number[] = [1]): Promise<void> => {
      for (let i = 0; i < times; i++) {
        nowMs += ms;
        for (const slot of turning) new Slot(views, slot).figures.beats();
        watchdog.check();
        await Promise.resolve();
      }
      await sleep(0);
    };
    return { watchdog, threads, lines, ended, pass, stalls: () => readStatistics(views).stalls };
  }

  test('is never early, and reports each stall once', async () => {
    const { pass, lines, stalls, ended } = watched();
    await pass(12);
    expect([lines, stalls()]).toEqual([[], 0]);
    await pass(10);
    expect(lines).toEqual(['Worker 0 has not turned its event loop for 1.3 s: at a (b.js:1:1)']);
    expect([stalls(), ended]).toEqual([1, [0]]);
    await pass(1, INTERVAL_MS, [0, 1]);
    expect(lines.slice(1)).toEqual(['Worker 0 turns its event loop again, after 2.2 s']);
    await pass(13);
    expect([lines.length, stalls()]).toEqual([3, 2]);
  });

  test('does not blame threads for the time that it stood still itself', async () => {
    const { pass, lines } = watched();
    await pass(1, 3_600_000, []);
    await pass(3);
    expect(lines).toEqual([]);
  });

  test('does not end a thread that has turned meanwhile, or that is forgotten', async () => {
    let answer: () => void = () => {};
    const stackOf = (): Promise<undefined> => new Promise((resolve) => (answer = () => resolve(undefined)));
    const { pass, lines, ended, watchdog, threads } = watched({ stackOf });
    await pass(13);
    await pass(1, INTERVAL_MS, [0, 1]);
    answer();
    await sleep(0);
    expect(lines[1]).toBe('Worker 0 has not turned its event loop for 1.3 s: its stack came too late');
    await pass(13);
    watchdog.forget(threads[0] as Watched);
    answer();
    await sleep(0);
    expect(ended).toEqual([]);
  });

  test('does not watch while a debugger may stop threads', async () => {
    let debugs = true;
    const { pass, lines } = watched({ mayDebug: () => debugs });
    await pass(30);
    expect(lines).toEqual([
      'The event loops of workers are not watched while the inspector is open (--inspect)',
    ]);
    debugs = false;
    await pass(12);
    expect(lines).toHaveLength(1);
    await pass(1);
    expect(lines).toHaveLength(2);
  });
});

describe('wrong options', () => {
  test.each([
    [
      ['--replace-stalled', '--stall-timeout', '0'],
      '--replace-stalled needs --stall-timeout: give it a time above 0, or leave it out',
    ],
    [
      ['--model', 'thread', '--stall-timeout', '1'],
      '--stall-timeout has no meaning with --model thread: leave out one of them',
    ],
  ])('%j', async (args, line) => {
    expect(await runCli(args)).toMatchObject({ code: 2, errors: `hotpath: ${line}\n` });
  });

  test.each([{ stallTimeout: 5000 }, { replaceStalled: true }])(
    'serve({ fetch }) has no %o',
    async (given) => {
      const options = { port: 0, fetch: () => new Response(''), ...given } as unknown as Parameters<
        typeof serve
      >[0];
      await expect(serve(options)).rejects.toThrow(
        `${Object.keys(given)} belongs to app: the calling thread can't watch itself`,
      );
    },
  );
});
