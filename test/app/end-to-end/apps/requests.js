// Tells what handlers see of a request.

import { setTimeout as sleep } from 'node:timers/promises';
import { counter } from 'hotpath';

const checks = {
  'request instanceof Request': (request) => request instanceof Request,
  'headers instanceof Headers': (request) => request.headers instanceof Headers,
  'signal instanceof AbortSignal': (request) => request.signal instanceof AbortSignal,
  'tagged as a Request': (request) => `${request}` === '[object Request]',
  'new Request(request)': async (request) => {
    const copy = new Request(request);
    return (
      copy instanceof Request &&
      copy.url === request.url &&
      copy.method === 'POST' &&
      copy.headers.get('x-kind') === 'check' &&
      (await copy.text()) === 'body'
    );
  },
  'new Request(url, request)': async (request) => {
    const copy = new Request('http://elsewhere/', request);
    return copy.url === 'http://elsewhere/' && (await copy.text()) === 'body';
  },
  'new Request(request, init)': async (request) => {
    const copy = new Request(request, { method: 'PUT', headers: { 'x-kind': 'other' } });
    return copy.method === 'PUT' && copy.headers.get('x-kind') === 'other' && (await copy.text()) === 'body';
  },
  'clone()': async (request) => {
    const clone = request.clone();
    return clone instanceof Request && (await clone.text()) + (await request.text()) === 'bodybody';
  },
  'clone() after reading throws': async (request) => {
    await request.text();
    try {
      request.clone();
      return false;
    } catch (error) {
      return error instanceof TypeError;
    }
  },
  'reading twice rejects': async (request) => {
    await request.text();
    return request.text().then(
      () => false,
      (error) => error instanceof TypeError && request.bodyUsed,
    );
  },
};

const read = {
  text: (request) => request.text(),
  json: (request) => request.json(),
  bytes: async (request) => [...new Uint8Array(await request.arrayBuffer())],
  blob: async (request) => {
    const blob = await request.blob();
    return { type: blob.type, size: blob.size, text: await blob.text() };
  },
  form: async (request) => {
    const entries = [];
    for (const [name, value] of await request.formData())
      entries.push([
        name,
        typeof value === 'string'
          ? value
          : { name: value.name, type: value.type, size: value.size, text: await value.text() },
      ]);
    return entries;
  },
  stream: async (request) => {
    let size = 0;
    for await (const piece of request.body) size += piece.length;
    return { size };
  },
  trailers: async (request) => {
    const text = await request.text();
    return { text, trailers: [...(await request.trailers)] };
  },
};

export default {
  routes: {
    '/read/:how': async (request) => Response.json(await read[request.params.how](request)),
    '/json-size': async (request) => Response.json({ items: (await request.json()).length }),
    '/checks': () => Response.json(Object.keys(checks)),
    '/check/:name': async (request) => Response.json(await checks[request.params.name](request)),
    '/where': (request, context) =>
      Response.json({
        url: request.url,
        remoteAddress: context.remoteAddress,
        proto: new URL(request.url).protocol,
      }),
    '/hang': (request) => {
      counter('hanging').add();
      return new Promise((resolve) => {
        request.signal.addEventListener('abort', () => {
          counter('aborted').add();
          resolve(new Response(`${request.signal.reason.name}`));
        });
      });
    },
    '/counter/:name': (request) => new Response(`${counter(request.params.name).value}`),
    // Reads when others have long been read; how long, the request says.
    '/slow/:id': async (request) => {
      const [before, between] = request.headers.get('x-wait').split(' ').map(Number);
      await sleep(before);
      const { method, url } = request;
      const id = request.headers.get('x-id');
      const body = await request.text();
      await sleep(between);
      return Response.json({
        id: request.params.id,
        method,
        url,
        header: id,
        fields: [...request.headers].length,
        body,
      });
    },
    '/fast/:id': (request) => {
      const { method, url } = request;
      const id = request.headers.get('x-id');
      return Response.json({
        id: request.params.id,
        method,
        url,
        header: id,
        fields: [...request.headers].length,
      });
    },
    // Answers before it reads.
    '/late': (request) => {
      setTimeout(
        () =>
          request.text().then(
            () => counter('late-read').add(),
            (error) => counter(`late-${error.name}`).add(),
          ),
        20,
      );
      return new Response('early');
    },
  },
  async fetch(request, context) {
    const { method, url } = request;
    const stats = context.server.stats();
    return Response.json({
      method,
      url,
      headers: [...request.headers],
      agent: request.headers.get('USER-agent'),
      missing: request.headers.get('missing'),
      has: request.headers.has('x-twice'),
      body: request.body === null ? null : await request.text(),
      used: request.bodyUsed,
      remoteAddress: context.remoteAddress,
      worker: context.worker,
      server: context.server.url,
      port: context.server.port,
      counts: typeof stats.requests === 'number' || typeof stats.requests === 'bigint',
    });
  },
};
