// Handlers that fail or never answer, under the command line: their clients get a status without details, the log has the
// details, and all other clients are served.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, eventually } from '../../support/client.ts';
import { readResponses } from '../../support/responses.ts';
import { type AppRun, contentOf, lines, SERVERS, startApp, tell } from './command.ts';

const PLAIN = '500 Internal Server Error\n';

describe.each(SERVERS)('%s engine, %s workers', (engine, workers) => {
  const args = ['--engine', engine, '--workers', workers];

  describe('without an error handler', () => {
    let run: AppRun;
    beforeAll(async () => {
      run = await startApp('errors.js', args);
    });
    afterAll(async () => {
      expect(await run.stop()).toBe(0);
    });

    test('every failure is a 500 without details, on a connection that goes on', async () => {
      const names: string[] = await (await fetch(`${run.url}/failures`)).json();
      const client = await connect(run.port);
      for (const name of names)
        client.send(`GET /fail/${encodeURIComponent(name)} HTTP/1.1\r\nHost: a\r\n\r\n`);
      client.send(lines('GET /ok HTTP/1.1'));
      const responses = readResponses(await client.end());
      client.close();
      expect(responses.map(({ statusCode }) => statusCode)).toEqual([...names.map(() => 500), 200]);
      for (const { content, fields } of responses.slice(0, -1)) {
        expect(content).toBe(PLAIN);
        expect([...fields.keys()]).toEqual(['content-type', 'date', 'content-length']);
      }
    });

    test('the log has the error and its place', async () => {
      for (const what of [
        /A handler failed at GET \/fail\/throws: Error: a secret\n +at .*errors\.js:\d+:\d+/,
        /A handler failed at GET \/fail\/throws%20a%20string: a secret\n/,
        /A handler failed at GET \/fail\/throws%20nothing: undefined\n/,
        /A handler failed at GET \/fail\/rejects%20with%20null: null\n/,
        /A handler failed at GET \S+: TypeError: a handler must answer with a Response, not undefined\n/,
        /A handler failed at GET \S+: TypeError: a handler must answer with a Response, not string\n/,
        /A handler failed at GET \S+: TypeError: a handler must answer with a Response, not null\n/,
        /A handler failed at GET \S+: TypeError: a handler must answer with a Response, not number\n/,
        /A handler failed at GET \S+: TypeError: the body of the response is locked or has been read already\n/,
      ])
        await eventually(`${what}`, () => what.test(run.errors));
    });

    test('threads survive a thousand failures', async () => {
      const count = 100;
      const request = `${'GET /fail/throws HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(9)}GET /fail/rejects HTTP/1.1\r\nHost: a\r\n\r\n`;
      const client = await connect(run.port);
      client.send(request.repeat(count) + lines('GET /ok HTTP/1.1'));
      const codes = readResponses(await client.end()).map(({ statusCode }) => statusCode);
      client.close();
      expect(codes).toEqual([...Array(10 * count).fill(500), 200]);
      expect(run.output).not.toMatch(/worker .*(died|ended|replaced)/i);
    });
  });

  test('an uncaught error ends its thread, which is replaced', async () => {
    const run = await startApp('errors.js', args);
    expect(contentOf(await tell(run.port, lines('GET /uncaught HTTP/1.1')))).toBe('answered');
    await eventually('the end', () => /Worker \d failed; replacing it/.test(run.output));
    expect(run.errors).toMatch(/Worker \d failed[^\n]*: Error: in a timer\n/);
    for (let i = 0; i < 5; i++) expect(contentOf(await tell(run.port, lines('GET /ok HTTP/1.1')))).toBe('ok');
    expect(await run.stop()).toBe(0);
    expect(run.output).not.toContain('had to be');
  });

  describe('with an error handler', () => {
    let run: AppRun;
    beforeAll(async () => {
      run = await startApp('errors.js', [...args, '--handler-timeout', '300'], { ERRORS: '1' });
    });
    afterAll(async () => {
      expect(await run.stop()).toBe(0);
    });

    test.each([
      ['sync', 555, (how: string) => `a secret at /fail/${how}`, ''],
      ['async', 556, () => 'a secret', ''],
      ['throws', 500, () => PLAIN, 'another secret'],
      ['rejects', 500, () => PLAIN, 'another secret'],
      ['nothing', 500, () => PLAIN, 'not undefined'],
    ])('that answers: %s', async (kind, status, text, logged) => {
      run.errors = '';
      for (const how of ['throws', 'rejects']) {
        const response = await fetch(`${run.url}/fail/${how}?error=${kind}`);
        expect([response.status, await response.text()]).toEqual([status, text(how)]);
      }
      expect((await fetch(`${run.url}/fail/gives%20undefined?error=${kind}`)).status).toBe(status);
      expect(await (await fetch(`${run.url}/ok`)).text()).toBe('ok');
      if (logged === '') expect(run.errors).toBe('');
      else await eventually(logged, () => run.errors.includes(logged));
    });

    test('--handler-timeout gives a 503, or cuts the connection when the head has been sent', async () => {
      const never = await tell(run.port, 'GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(never).toMatch(/^HTTP\/1\.1 503 /);
      const half = await tell(run.port, 'GET /half HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => 'cut');
      expect(half).not.toMatch(/0\r\n\r\n$/);
      expect(contentOf(await tell(run.port, lines('GET /ok HTTP/1.1')))).toBe('ok');
    });
  });
});
