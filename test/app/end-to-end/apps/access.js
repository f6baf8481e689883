// Tells whom and what a request is for, as a handler sees it.

import { counted, counter } from 'hotpath';

const tell = (request, { remoteAddress }) =>
  Response.json({ url: request.url, host: request.headers.get('host'), remoteAddress });

export default {
  routes: { '/fixed': new Response('fixed'), '/counted': counted('Hello', counter('hits')), '/route': tell },
  fetch: tell,
};
