// An itty-router application, as it is. It needs: npm install itty-router. Start it with
//   node dist/cli.js examples/itty-router.js

import { AutoRouter, cors, error, text } from 'itty-router';

const { preflight, corsify } = cors();
const router = AutoRouter({ before: [preflight], finally: [corsify] });

router
  .get('/', () => text('Hello'))
  .get('/users/:id', ({ params }) => ({ id: params.id }))
  .get('/search', ({ query }) => query)
  .post('/echo', async (request) => request.json())
  .get('/teapot', () => error(418, 'short and stout'));

export default router;
