// Fails in every way there is. With ERRORS=1 an error handler answers, in the way that the request asks for.

import { setTimeout as sleep } from 'node:timers/promises';

const failures = {
  throws: () => {
    throw new Error('a secret');
  },
  rejects: async () => {
    await sleep(1);
    throw new Error('a secret');
  },
  'throws a string': () => {
    throw 'a secret';
  },
  'throws nothing': () => {
    throw undefined;
  },
  'rejects with null': () => Promise.reject(null),
  'gives undefined': () => {},
  'gives a string': () => 'a secret',
  'gives null': () => null,
  'gives a number later': async () => 42,
  'gives a read response': async () => {
    const response = new Response('a secret');
    await response.text();
    return response;
  },
  'gives Response.error()': () => Response.error(),
  'has a thenable that throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then() {
      throw new Error('a secret');
    },
  }),
  'breaks a getter': () => ({
    get status() {
      throw new Error('a secret');
    },
  }),
};

const errors = {
  sync: (error, request) =>
    new Response(`${error?.message ?? error} at ${new URL(request.url).pathname}`, { status: 555 }),
  async: async (error) => {
    await sleep(1);
    return new Response(`${error?.message ?? error}`, { status: 556 });
  },
  throws: () => {
    throw new Error('another secret');
  },
  rejects: async () => {
    throw new Error('another secret');
  },
  nothing: () => undefined,
};

// What a program leaves running doesn't keep its server from stopping.
setInterval(() => {}, 1000);

export default {
  routes: {
    '/failures': () => Response.json(Object.keys(failures)),
    '/fail/:how': (request) => failures[request.params.how](),
    '/ok': () => new Response('ok'),
    '/uncaught': () => {
      setTimeout(() => {
        throw new Error('in a timer');
      });
      return new Response('answered');
    },
    '/never': () => new Promise(() => {}),
    '/half': () =>
      new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode('half')) })),
  },
  ...(process.env.ERRORS && {
    error: (error, request) => errors[new URL(request.url).searchParams.get('error')](error, request),
  }),
};
