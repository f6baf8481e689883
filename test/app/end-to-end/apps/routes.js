// Routes of every kind.

import { counted, counter } from 'hotpath';

const tell = (what) => (request) =>
  Response.json({ what, method: request.method, params: { ...request.params } });

export default {
  routes: {
    '/': counted('Hello', counter('hits')),
    '/health': new Response('ok', { headers: { 'X-Fixed': 'yes' } }),
    '/json': Response.json({ fixed: true }),
    '/moved': new Response(null, { status: 308, headers: { Location: '/health' } }),
    '/nothing': new Response(null, { status: 204 }),
    '/bar|bracket[': new Response('as URL leaves them'),
    '/up/two/../one': new Response('without dots'),
    '/last': new Response('the last', { headers: { Connection: 'close' } }),
    '/handler': tell('handler'),
    '/users/:id': tell('user'),
    '/users/me': tell('me'),
    '/users/:id/posts/:post': tell('post'),
    '/files/*': tell('files'),
    '/grün': tell('green'),
    '/grün/:name': tell('greens'),
    '/with space': tell('space'),
    '/counted/:any': counted('Any', counter('any')),
    '/fixed/:any': new Response('any'),
    '/notes': {
      GET: tell('list'),
      POST: tell('create'),
    },
    '/notes/:id': {
      GET: new Response('a note'),
      PUT: tell('put'),
      DELETE: new Response(null, { status: 204 }),
    },
    '/mixed': {
      GET: counted('Mixed', counter('mixed')),
      POST: tell('mixed post'),
      OPTIONS: tell('mixed options'),
    },
    '/head': {
      GET: new Response('get'),
      HEAD: new Response(null, { headers: { 'X-Head': 'own' } }),
    },
    '/counter/:name': (request) => new Response(`${counter(request.params.name).value}`),
  },
};
