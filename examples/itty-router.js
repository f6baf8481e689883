// An ordinary itty-router application. It needs `npm install itty-router`. Start it with
//   node dist/cli.js examples/itty-router.js

import { AutoRouter, error, text, withContent } from 'itty-router';

const router = AutoRouter();

router
  .get('/', () => text('Hello'))
  .get('/users/:id', ({ params }) => ({ id: params.id }))
  .get('/search', ({ query }) => query)
  .post('/echo', withContent, ({ content }) => content)
  .get('/teapot', () => error(418, 'short and stout'));

export default router;
