// A limiter in front of handlers: which requests it rejects, and the fields that it adds to every response without another
// change. Tested alone, and over HTTP with routes and with Hono, with two threads.

import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NativeResponse } from '../../src/app/native.ts';
import { type RateLimitOptions, rateLimit } from '../../src/app/rate-limit.ts';
import { Response as LightResponse } from '../../src/app/response.ts';
import type { Context, Handler, RouteRequest, Routes } from '../../src/app/types.ts';
import { type Limiter, limiter } from '../../src/state/limiter.ts';
import { appFiles } from '../support/fixtures.ts';
import { beginGeneration, forgetState, freshState } from '../support/named-state.ts';
import { type AppRun, startApp } from './end-to-end/command.ts';

let nowMs = 0;
const now = (): number => nowMs;
beforeEach(() => {
  freshState();
  nowMs = 1000;
});
afterEach(forgetState);

const context = { remoteAddress: '192.0.2.1' } as Context;
const request = new Request('http://a/') as RouteRequest;

function fieldsOf({ status, headers }: Response): unknown[] {
  const field = (name: string): string | null => headers.get(name);
  return [status, field('retry-after'), field('ratelimit'), field('ratelimit-policy')];
}

/** The responses of a limited handler to this many requests in a row. */
async function answers(limiter: Limiter, times: number, options?: RateLimitOptions): Promise<unknown[][]> {
  const handler = rateLimit(limiter, options)(() => new LightResponse('content'));
  const all: unknown[][] = [];
  for (let i = 0; i < times; i++) all.push(fieldsOf(await handler(request, context)));
  return all;
}

describe('fields', () => {
  test('report how many requests are left, and when to retry', async () => {
    const api = limiter('api', { limit: 3, windowMs: 60_000, now });
    expect(await answers(api, 4)).toEqual([
      [200, null, '"api";r=2;t=20', '"api";q=3;w=60'],
      [200, null, '"api";r=1;t=40', '"api";q=3;w=60'],
      [200, null, '"api";r=0;t=60', '"api";q=3;w=60'],
      [429, '20', '"api";r=0;t=20', '"api";q=3;w=60'],
    ]);
  });

  test('have whole seconds, rounded up', async () => {
    const api = limiter('api', { limit: 2, windowMs: 1500, now });
    expect(await answers(api, 3)).toEqual([
      [200, null, '"api";r=1;t=1', '"api";q=2;w=2'],
      [200, null, '"api";r=0;t=2', '"api";q=2;w=2'],
      [429, '1', '"api";r=0;t=1', '"api";q=2;w=2'],
    ]);
    nowMs += 300;
    expect(await answers(api, 1)).toEqual([[429, '1', '"api";r=0;t=1', '"api";q=2;w=2']]);
    const slow = limiter('slow', { limit: 1, windowMs: 1001, now });
    expect((await answers(slow, 2))[1]).toEqual([429, '2', '"slow";r=0;t=2', '"slow";q=1;w=2']);
  });

  test('of a request whose cost exceeds the rest of the limit', async () => {
    const api = limiter('api', { limit: 10, windowMs: 10_000, now });
    expect(await answers(api, 2, { cost: 7 })).toEqual([
      [200, null, '"api";r=3;t=7', '"api";q=10;w=10'],
      [429, '4', '"api";r=3;t=4', '"api";q=10;w=10'],
    ]);
  });

  test('use the options of the decision, however long the handler takes', async () => {
    const api = limiter('api', { limit: 10, windowMs: 60_000, now });
    const options = { limit: 10, windowMs: 60_000, name: 'api' };
    const changing: Limiter = {
      ...options,
      take: (key, cost) => api.take(key, cost),
      get limit() {
        return options.limit;
      },
      get windowMs() {
        return options.windowMs;
      },
    };
    const limited = rateLimit(changing)(async () => {
      Object.assign(options, { limit: 1, windowMs: 1000 });
      return new LightResponse('content');
    });
    expect(fieldsOf(await limited(request, context))).toEqual([
      200,
      null,
      '"api";r=9;t=6',
      '"api";q=10;w=60',
    ]);
    // When the options change right after the decision, no number is negative.
    Object.assign(options, { limit: 1, windowMs: 1000 });
    expect(fieldsOf(await limited(request, context))).toEqual([200, null, '"api";r=1;t=0', '"api";q=1;w=1']);
  });

  test('use options that have changed', async () => {
    const old = limiter('api', { limit: 3, windowMs: 60_000, now });
    const handler = rateLimit(old)(() => new LightResponse('content'));
    await handler(request, context);
    beginGeneration();
    limiter('api', { limit: 30, windowMs: 30_000, now }).take('another');
    expect(fieldsOf(await handler(request, context))).toEqual([
      200,
      null,
      '"api";r=19;t=11',
      '"api";q=30;w=30',
    ]);
  });

  test.each([
    ['a "name" with \\', '"a \\"name\\" with \\\\"'],
    ['zähler €𝄞', '"z%C3%A4hler %E2%82%AC%F0%9D%84%9E"'],
    ['line\r\nX: y', '"line%0D%0AX: y"'],
  ])('of a limiter named %j', async (name, said) => {
    expect((await answers(limiter(name, { limit: 1, windowMs: 1000, now }), 1))[0]).toEqual([
      200,
      null,
      `${said};r=0;t=1`,
      `${said};q=1;w=1`,
    ]);
  });
});

describe('the key and the cost of a request', () => {
  const asked: [Request, Context][] = [];
  const options: RateLimitOptions = {
    key: (request, context) => {
      asked.push([request, context]);
      return request.headers.get('x-user') ?? 'nobody';
    },
    cost: (request) => Number(request.headers.get('x-cost') ?? 1),
  };
  const as = (user: string, cost = 1): RouteRequest =>
    new Request('http://a/', { headers: { 'X-User': user, 'X-Cost': `${cost}` } }) as RouteRequest;

  test('come from the options', async () => {
    const limited = rateLimit(limiter('api', { limit: 3, windowMs: 1000, now }), options);
    const handler = limited(() => new LightResponse('content'));
    const statuses = [];
    for (const request of [as('a'), as('b', 3), as('a', 2), as('a'), as('b'), as('c')])
      statuses.push((await handler(request, context)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429, 200]);
    expect(asked.at(-1)?.[1]).toBe(context);
  });

  test('are by default the address, for all handlers together, and 1', async () => {
    const limited = rateLimit(limiter('api', { limit: 2, windowMs: 1000, now }));
    const first = limited(() => new LightResponse('first'));
    const second = limited(() => new LightResponse('second'));
    const other = { remoteAddress: '192.0.2.2' } as Context;
    expect((await first(request, context)).status).toBe(200);
    expect((await second(request, context)).status).toBe(200);
    expect((await first(request, context)).status).toBe(429);
    expect((await first(request, other)).status).toBe(200);
    expect(() => first(request, {} as Context)).toThrow('give it a key');
  });

  test('that are invalid throw an error', () => {
    const api = limiter('api', { limit: 3, windowMs: 1000, now });
    const handler = (options: RateLimitOptions) => rateLimit(api, options)(() => new LightResponse(''));
    expect(() => handler({ key: () => null as unknown as string })(request, context)).toThrow(TypeError);
    for (const given of [null, undefined, 7, Symbol('a'), { id: 7 }, Promise.resolve('a')])
      expect(() => handler({ key: () => given as never })(request, context)).toThrow(
        /^rateLimit\(\) of limiter 'api': key gave .*: return text, such as context\.remoteAddress or the name of a user$/,
      );
    expect(() => handler({ key: async () => 'a' } as never)(request, context)).toThrow('key gave a promise');
    expect(() => handler({ key: () => null as unknown as string })(request, context)).toThrow(
      'key gave null:',
    );
    expect(() => handler({})(request, {} as Context)).toThrow("limiter 'api' knows no address");
    expect(() => handler({ cost: () => 4 })(request, context)).toThrow(RangeError);
    expect(() => handler({ cost: '1' as unknown as number })).toThrow('cost must be a number or a function');
    expect(() => handler({ key: 'a' as unknown as () => string })).toThrow('key must be a function');
    expect(() => rateLimit({} as Limiter)).toThrow('needs a limiter');
  });
});

describe('clients of a unix socket, which have no address,', () => {
  const context = { remoteAddress: '' } as Context;
  const limited = (options?: RateLimitOptions): Handler<RouteRequest> =>
    rateLimit(limiter('api', { limit: 2, windowMs: 1000, now }), options)(() => new LightResponse(''));

  test('never share the limit of one key: the error names the fixes', () => {
    expect(() => limited()(request, context)).toThrow(
      new TypeError(
        "rateLimit() of limiter 'api': clients of a unix socket have no address: give it a key, or let the proxy's field name them with --trust-proxy",
      ),
    );
  });

  test('have the key that a function gives', async () => {
    const handler = limited({ key: () => 'all' });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await handler(request, context)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('an IPv6 client', () => {
  const from = (remoteAddress: string): Context => ({ remoteAddress }) as Context;
  const remaining = async (options: RateLimitOptions, ...addresses: string[]): Promise<unknown[]> => {
    const handler = rateLimit(
      limiter('api', { limit: 9, windowMs: 1000, now }),
      options,
    )(() => new LightResponse(''));
    const all = [];
    for (const address of addresses)
      all.push(/r=(\d)/.exec((await handler(request, from(address))).headers.get('ratelimit') ?? '')?.[1]);
    return all;
  };

  test('is a /64 network by default', async () => {
    expect(
      await remaining({}, '2001:db8::1', '2001:db8:0:0:ffff::2', '2001:DB8::', '2001:db8:0:1::1', '::1'),
    ).toEqual(['8', '7', '6', '8', '8']);
  });

  test('is the network of the size that ipv6Prefix sets', async () => {
    expect(await remaining({ ipv6Prefix: 48 }, '2001:db8::1', '2001:db8:0:1::1', '2001:db8:1::1')).toEqual([
      '8',
      '7',
      '8',
    ]);
  });

  test('is a single address with 128, however it is written', async () => {
    expect(
      await remaining({ ipv6Prefix: 128 }, '2001:db8::1', '2001:0DB8:0:0:0:0:0:1', '2001:db8::2'),
    ).toEqual(['8', '7', '8']);
  });

  test('with an IPv4-mapped address is the same client as by IPv4', async () => {
    expect(
      await remaining({}, '192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '::ffff:192.0.2.2'),
    ).toEqual(['8', '7', '6', '8']);
  });

  test.each([0, 129, 1.5, Number.NaN, '64' as unknown as number])(
    'ipv6Prefix of %s is refused',
    (ipv6Prefix) => {
      const api = limiter('api', { limit: 9, windowMs: 1000, now });
      expect(() => rateLimit(api, { ipv6Prefix })).toThrow('ipv6Prefix must be a whole number from 1 to 128');
    },
  );
});

describe('the response of a handler', () => {
  const behind = (handler: Handler): Handler =>
    rateLimit(limiter('api', { limit: 100, windowMs: 1000, now }))(handler);
  const left = '"api";r=99;t=1';

  test('is returned synchronously when the handler returns it synchronously', async () => {
    expect(behind(() => new LightResponse('now'))(request, context)).toBeInstanceOf(LightResponse);
    expect(behind(async () => new LightResponse('later'))(request, context)).toBeInstanceOf(Promise);
  });

  test.each([
    ['text', () => new LightResponse('content', { status: 201, headers: { 'X-Own': 'own' } })],
    ['of the platform', () => new NativeResponse('content', { status: 201, headers: { 'X-Own': 'own' } })],
    [
      'a stream',
      () =>
        new LightResponse(new NativeResponse('content').body, { status: 201, headers: { 'X-Own': 'own' } }),
    ],
    ['later', async () => new LightResponse('content', { status: 201, headers: { 'X-Own': 'own' } })],
  ])('%s', async (_, handler) => {
    const response = await behind(handler)(request, context);
    expect([response.status, response.headers.get('x-own'), await response.text()]).toEqual([
      201,
      'own',
      'content',
    ]);
    expect(response.headers.get('ratelimit')).toBe(left);
  });

  test.each([
    ['without content', () => new LightResponse(null, { status: 204 }), 204],
    ['whose fields cannot be changed', () => NativeResponse.redirect('http://b/', 302), 302],
  ])('%s', async (_, handler, status) => {
    const response = await behind(handler)(request, context);
    expect([response.status, response.body, response.headers.get('ratelimit')]).toEqual([status, null, left]);
  });

  test('that the handler returns again and again stays unchanged', async () => {
    const same = new LightResponse('same');
    const handler = behind(() => same);
    await handler(request, context);
    const second = await handler(request, context);
    expect(second.headers.get('ratelimit')).toBe('"api";r=98;t=1');
    expect([same.headers.get('ratelimit'), await second.text()]).toEqual([null, 'same']);
  });

  test('that has passed two limits has the fields of both', async () => {
    const day = limiter('day', { limit: 5, windowMs: 5000, now });
    const response = await rateLimit(day)(behind(() => new LightResponse('content')))(request, context);
    expect(response.headers.get('ratelimit')).toBe('"api";r=99;t=1, "day";r=4;t=1');
    expect(response.headers.get('ratelimit-policy')).toBe('"api";q=100;w=1, "day";q=5;w=5');
  });

  test('that is not a Response, or an error, is passed on', async () => {
    expect(behind(() => 'text' as unknown as Response)(request, context)).toBe('text');
    expect(behind(() => undefined as unknown as Response)(request, context)).toBe(undefined);
    expect(() =>
      behind(() => {
        throw new Error('a detail');
      })(request, context),
    ).toThrow('a detail');
    await expect(behind(() => Promise.reject(new Error('later')))(request, context)).rejects.toThrow('later');
  });
});

test('types: routes and Hono accept it', async () => {
  const limited = rateLimit(limiter('api', { limit: 2, windowMs: 1000, now }));
  const routes: Routes = {
    '/a/:id': limited((request) => new Response(request.params.id)),
    '/b': { GET: limited(() => new LightResponse('b')), POST: () => new Response('free') },
  };
  expect(Object.keys(routes)).toHaveLength(2);
  const app = new Hono().use(limited).get('/', (c) => c.text('Hono'));
  expect(fieldsOf(await app.request('/', {}, context))).toEqual([
    200,
    null,
    '"api";r=1;t=1',
    '"api";q=2;w=1',
  ]);
});

const APP = `
import { Hono } from 'hono';
import { limiter, rateLimit } from 'hotpath';

const address = rateLimit(limiter('address', { limit: 5, windowMs: 3_600_000 }));
const user = rateLimit(limiter('user', { limit: 50, windowMs: 3_600_000 }), {
  key: (request) => request.headers.get('x-user') ?? '',
  cost: (request) => (request.method === 'POST' ? 10 : 1),
});
const hono = new Hono();
hono.use('/hono/*', user);
hono.get('/hono/text', (c) => c.text('text'));
hono.post('/hono/text', async (c) => c.text(await c.req.text()));
hono.get('/hono/raw', () => new Response('raw'));
hono.get('/hono/throws', () => {
  throw new Error('a detail');
});
hono.get('/hono/throws-text', () => {
  throw 'a text';
});
const failing = rateLimit(limiter('failing', { limit: 50, windowMs: 3_600_000 }), { key: () => 'all' });
const outer = rateLimit(limiter('outer', { limit: 50, windowMs: 3_600_000 }), { key: () => 'all' });
const FAILURES = {
  throws: () => { throw new Error('a detail'); },
  rejects: () => Promise.reject(new Error('a detail')),
  later: async () => { await null; throw new Error('a detail'); },
  nothing: () => undefined,
  text: async () => 'text',
  used: async () => { const used = new Response('used'); await used.text(); return used; },
  lease: () => { throw Object.assign(new Error('none left'), { code: 'ERR_LEASE_EXHAUSTED' }); },
};

export default {
  routes: {
    '/address': address(() => new Response('address')),
    '/user': { GET: user(() => new Response('user')), POST: user(async (request) => new Response(await request.text())) },
    '/free': () => new Response('free'),
    '/fails/:how': failing((request) => FAILURES[request.params.how]()),
    '/fails-twice/:how': outer(failing((request) => FAILURES[request.params.how]())),
  },
  fetch: (request, context) => hono.fetch(request, context),
};
`;
const APP_WITH_ERROR = APP.replace(
  'export default {',
  `const SAME = new Response('handled', { status: 418 });
export default {
  error: (error, request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith('rejects')) throw error;
    return pathname.endsWith('later') ? Promise.resolve(SAME) : SAME;
  },`,
);

describe.each(['wasm', 'js'])('over HTTP, two threads, %s engine', (engine) => {
  const files = appFiles();
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp(files.write('app.js', APP), ['--workers', '2', '--engine', engine]);
  });
  afterAll(async () => {
    await run.stop();
  });

  const ask = (path: string, method = 'GET', user = ''): Promise<Response> =>
    fetch(run.url + path, {
      method,
      headers: { 'X-User': user, Connection: 'close' },
      ...(method === 'POST' && { body: 'content' }),
    });

  test('limits a route by the address of the client', async () => {
    const all: unknown[][] = [];
    for (let i = 0; i < 7; i++) all.push(fieldsOf(await ask('/address')));
    expect(all.slice(0, 5).map(([status]) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(all[0]).toEqual([200, null, '"address";r=4;t=720', '"address";q=5;w=3600']);
    for (const refused of all.slice(5))
      expect(refused).toEqual([429, expect.stringMatching(/^7[12]\d$/), expect.anything(), all[0]?.[3]]);
    const response = await ask('/address');
    expect(await response.text()).toBe('429 Too Many Requests\n');
    expect(response.headers.get('ratelimit')).toBe(`"address";r=0;t=${response.headers.get('retry-after')}`);
    expect((await ask('/free')).status).toBe(200);
  });

  test('allows exactly the limit of many simultaneous requests', async () => {
    const all = await Promise.all(Array.from({ length: 80 }, () => ask('/user', 'GET', 'many')));
    const statuses = all.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(50);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
  });

  test('routes and Hono share one limit', async () => {
    expect(fieldsOf(await ask('/hono/text', 'GET', 'one'))[2]).toMatch(/^"user";r=49;/);
    const post = await ask('/hono/text', 'POST', 'one');
    expect([await post.text(), fieldsOf(post)[2]]).toEqual([
      'content',
      expect.stringMatching(/^"user";r=39;/),
    ]);
    expect(fieldsOf(await ask('/user', 'POST', 'one'))[2]).toMatch(/^"user";r=29;/);
    const raw = await ask('/hono/raw', 'GET', 'one');
    expect([await raw.text(), raw.headers.get('ratelimit')]).toEqual([
      'raw',
      expect.stringMatching(/^"user";r=28;/),
    ]);
    expect((await ask('/user', 'POST', 'one')).status).toBe(200);
    expect((await ask('/user', 'POST', 'one')).status).toBe(200);
    const refused = await ask('/hono/text', 'POST', 'one');
    expect(fieldsOf(refused)).toEqual([
      429,
      expect.stringMatching(/^1\d\d$/),
      expect.stringMatching(/^"user";r=8;t=1\d\d$/),
      '"user";q=50;w=3600',
    ]);
    expect(refused.headers.get('content-type')).toMatch('text/plain');
    const thrown = await ask('/hono/throws', 'GET', 'one');
    expect(fieldsOf(thrown).slice(0, 3)).toEqual([500, null, expect.stringMatching(/^"user";r=7;/)]);
    expect(fieldsOf(await ask('/hono/text', 'GET', 'another'))[2]).toMatch(/^"user";r=49;/);
  });
});

describe.each([
  ['wasm', 'without error()', APP, 500],
  ['js', 'with error()', APP_WITH_ERROR, 418],
] as const)('a failure behind a limit, %s engine, %s', (engine, _, source, status) => {
  const files = appFiles();
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp(files.write('app.js', source), ['--workers', '2', '--engine', engine]);
  });
  afterAll(async () => {
    await run.stop();
  });

  test.each(['throws', 'rejects', 'later', 'nothing', 'text', 'used', 'lease'])('%s', async (how) => {
    // An error() that fails gives the same response as no error().
    const expected = how === 'rejects' ? 500 : how === 'lease' && status === 500 ? 503 : status;
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${run.url}/fails/${how}`, { headers: { Connection: 'close' } });
      expect(fieldsOf(response)).toEqual([
        expected,
        expected === 503 ? '1' : null,
        expect.stringMatching(/^"failing";r=\d+;t=\d+$/),
        '"failing";q=50;w=3600',
      ]);
    }
    const twice = await fetch(`${run.url}/fails-twice/${how}`, { headers: { Connection: 'close' } });
    expect(twice.headers.get('ratelimit')).toMatch(/^"outer";r=\d+;t=\d+, "failing";r=\d+;t=\d+$/);
  });

  test('limits requests that Hono does not answer', async () => {
    const response = await fetch(`${run.url}/hono/throws-text`, { headers: { Connection: 'close' } });
    expect([response.status, response.headers.get('ratelimit')]).toEqual([
      status,
      expect.stringMatching(/^"user";r=/),
    ]);
    const missing = await fetch(`${run.url}/hono/missing`, { headers: { Connection: 'close' } });
    expect([missing.status, missing.headers.get('ratelimit')]).toEqual([
      404,
      expect.stringMatching(/^"user";r=/),
    ]);
  });

  test('a response that is not behind the limit has no fields', async () => {
    expect((await fetch(`${run.url}/free`)).headers.get('ratelimit')).toBe(null);
  });
});
