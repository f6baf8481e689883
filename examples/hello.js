// Two routes that are prepared once and answered in WASM, and one that JavaScript answers. Start it with
//   node dist/cli.js examples/hello.js     in this repository, after npm run build
//   npx hotpath hello.js                   in a project with hotpath installed

import { counted, counter } from 'hotpath';

// One number for all threads: none is skipped, and none is handed out twice.
const hits = counter('hits');

export default {
  routes: {
    '/': counted('Hello', hits),
    '/health': new Response('ok'),
    '/hits': () => Response.json({ hits: hits.value }),
    '/hello/:name': (request) => new Response(`Hello ${request.params.name}`),
  },
  fetch() {
    return new Response('Not found\n', { status: 404 });
  },
};
