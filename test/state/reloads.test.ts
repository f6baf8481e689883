// Limits over reloads of a server with threads: new options are in force once the reload has succeeded.

import { expect, test } from 'vitest';
import { serve } from '#dist/index.js';
import { contentOf, lines, startApp, tell } from '../app/end-to-end/command.ts';
import { eventually, sleep } from '../support/client.ts';
import { appFiles, closedAtEnd } from '../support/fixtures.ts';

const files = appFiles();

/** An application with this limit. Its handler asks for the limiter for each request; `held` asks once. */
const appOf = (name: string, limit: number, rest = ''): string => `
  import { counter, limiter } from 'hotpath';
  const options = { limit: ${limit}, windowMs: 86_400_000 };
  const held = limiter('${name} held', options);
  ${rest}
  export default {
    fetch(request) {
      const each = limiter('${name} each', options);
      const left = [held, each].map((one) => one.take('a').remaining);
      return Response.json([...left, held.limit, each.limit]);
    },
  };`;

test.each([
  ['every', "held.take('b'); throw new Error('no');"],
  [
    'the last',
    `held.take('b');
     if (counter('loads').add() % 2 === 0) {
       // The other thread already listens meanwhile.
       await new Promise((resolve) => setTimeout(resolve, 400));
       throw new Error('no');
     }`,
  ],
])('after a reload that fails in %s thread the old options are in force', async (name, rest) => {
  const run = await startApp(files.write('app.mjs', appOf(name, 10)), ['--workers', '2']);
  const ask = async (): Promise<number[]> =>
    JSON.parse((await contentOf(await tell(run.port, lines('GET / HTTP/1.1')))) as string);
  const reload = async (says: string): Promise<void> => {
    const from = run.output.length;
    run.child.kill('SIGHUP');
    await eventually(says, () => run.output.slice(from).includes(says));
  };
  let left = 9;
  expect(await ask()).toEqual([left, left, 10, 10]);
  for (let round = 1; round <= 2; round++) {
    files.write('app.mjs', appOf(name, 1000 + round, rest));
    const failed = reload('Could not reload');
    for (let i = 0; i < 2; i++) {
      await sleep(150);
      left--;
      // It does not matter which application answers.
      expect(await ask()).toEqual([left, left, 10, 10]);
    }
    await failed;
    left--;
    expect(await ask()).toEqual([left, left, 10, 10]);
  }
  files.write('app.mjs', appOf(name, 1000));
  await reload('Reloaded');
  expect(await ask()).toEqual([100 * left - 1, 100 * left - 1, 1000, 1000]);
  expect(await run.stop()).toBe(0);
});

test('twenty reloads with new options use no more memory than ten', async () => {
  const app = files.write('many.mjs', appOf('many', 10));
  const server = await closedAtEnd(serve({ app, port: 0, workers: 1, log: 'silent' }));
  const ask = async (): Promise<number[]> =>
    (await (await fetch(server.url, { headers: { connection: 'close' } })).json()) as number[];
  const memory = (): number => {
    const { memory } = (globalThis as unknown as Record<symbol, { memory: WebAssembly.Memory }>)[
      Symbol.for('hotpath')
    ] as { memory: WebAssembly.Memory };
    memory.grow(0);
    return memory.buffer.byteLength;
  };
  let after = 0;
  for (let i = 1; i <= 20; i++) {
    files.write('many.mjs', appOf('many', 10 + i));
    await server.reload();
    expect((await ask()).slice(2)).toEqual([10 + i, 10 + i]);
    if (i === 10) after = memory();
  }
  expect(memory()).toBe(after);
});
