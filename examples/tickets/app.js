// A service that gives other programs numbers and rate-limit decisions. It is exact over all its threads and, with
// --state, over crashes. README.md in this folder says how to use it. Start it with
//   node dist/cli.js examples/tickets/app.js --state ./tickets-state

import { createHash, timingSafeEqual } from 'node:crypto';
import { counter, limiter } from 'hotpath';
import { counters, limits } from './config.js';

const CONTENT_BYTES_MAX = 1000;
const byName = (names, make) => new Map(names.map((name) => [name, make(name)]));
const countersByName = byName(counters, (name) => counter(name));
const limitersByName = byName(Object.keys(limits), (name) => limiter(`limit ${name}`, limits[name]));
/** If it is set, every request must have it: `Authorization: Bearer ...`. */
const token = process.env.TICKETS_TOKEN;

/** A client's mistake, which the error handler reports to the client. */
class ClientError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const digest = (text) => createHash('sha256').update(text).digest();

/** Wraps a handler, so that it requires the token. */
function guarded(handler) {
  if (token === undefined) return handler;
  const expected = digest(`Bearer ${token}`);
  return (request, context) => {
    // All digests have the same length, so each comparison takes the same time.
    if (!timingSafeEqual(digest(request.headers.get('authorization') ?? ''), expected))
      throw new ClientError(401, 'the token is missing or wrong');
    return handler(request, context);
  };
}

function find(map, kind, { params }) {
  const found = map.get(params.name);
  if (found === undefined) throw new ClientError(404, `there is no ${kind} '${params.name}'`);
  return found;
}

function wholeNumber(value, what) {
  if (!Number.isSafeInteger(value) || value < 1 || value > 1000)
    throw new ClientError(422, `${what} must be a whole number from 1 to 1000`);
  return value;
}

/** Reads how much to add: `{"add": 5}`, or no content for 1. */
async function readAmount(request) {
  const text = await request.text();
  if (text.length > CONTENT_BYTES_MAX)
    throw new ClientError(413, `the content has more than ${CONTENT_BYTES_MAX} characters`);
  if (text === '') return 1;
  try {
    return wholeNumber(JSON.parse(text)?.add, 'add');
  } catch (error) {
    if (error instanceof ClientError) throw error;
    throw new ClientError(400, 'the content is not JSON');
  }
}

export default {
  routes: {
    '/health': new Response('ok\n'),
    '/counters/:name': {
      GET: guarded((request) => {
        const { name, value } = find(countersByName, 'counter', request);
        return Response.json({ name, value });
      }),
      POST: guarded(async (request) => {
        const found = find(countersByName, 'counter', request);
        return Response.json({ name: found.name, value: found.add(await readAmount(request)) });
      }),
    },
    '/limits/:name/:key': {
      POST: guarded((request) => {
        const found = find(limitersByName, 'limit', request);
        const asked = new URL(request.url).searchParams.get('cost');
        const cost = asked === null ? 1 : wholeNumber(Number(asked), 'cost');
        if (cost > limits[request.params.name].limit)
          throw new ClientError(422, 'cost is more than the limit');
        const decision = found.take(request.params.key, cost);
        if (decision.allowed) return Response.json(decision);
        const seconds = Math.ceil(decision.retryAfterMs / 1000);
        return Response.json(decision, { status: 429, headers: { 'Retry-After': String(seconds) } });
      }),
    },
  },
  fetch() {
    throw new ClientError(404, 'there are /counters/:name and /limits/:name/:key');
  },
  error(error) {
    if (error instanceof ClientError)
      return Response.json({ error: error.message }, { status: error.status });
    if (error.code === 'ERR_LEASE_EXHAUSTED')
      return Response.json(
        { error: 'no number at the moment' },
        { status: 503, headers: { 'Retry-After': '1' } },
      );
    console.error(error);
    return Response.json({ error: 'something went wrong' }, { status: 500 });
  },
};
