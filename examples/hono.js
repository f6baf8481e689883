// An ordinary Hono application. hotpath runs every module that exports a Hono by default, unchanged. This one
// needs `npm install hono`. Start it with
//   node dist/cli.js examples/hono.js

import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { getCookie, setCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { etag } from 'hono/etag';
import { html } from 'hono/html';
import { jsx } from 'hono/jsx';
import { logger } from 'hono/logger';
import { secureHeaders } from 'hono/secure-headers';
import { stream, streamSSE, streamText } from 'hono/streaming';

const app = new Hono();

app.use(logger());
app.use(secureHeaders());
app.use('/api/*', cors({ origin: 'https://example.com' }));
app.use('/book', compress());
app.use('/book', etag());

app.get('/', (c) => c.html(html`<h1>Hello ${c.req.query('name') ?? 'Hono'}</h1>`));

// The compiled form of a .jsx file.
app.get('/jsx', (c) =>
  c.html(jsx('ul', {}, jsx('li', {}, 'one'), jsx('li', { class: 'last' }, 'two & three'))),
);

app.get('/api/users/:id', (c) => c.json({ id: c.req.param('id') }));
app.post('/api/users', async (c) => c.json(await c.req.json(), 201));

app.get('/book', (c) => c.text('It was a dark and stormy night. '.repeat(100)));

app.get('/visits', (c) => {
  const visits = Number(getCookie(c, 'visits') ?? 0) + 1;
  setCookie(c, 'visits', `${visits}`, { httpOnly: true, sameSite: 'Lax' });
  return c.text(`visit ${visits}`);
});

app.post('/upload', async (c) => {
  const { title, file } = await c.req.parseBody();
  return c.json({ title, name: file.name, type: file.type, size: file.size });
});

app.get('/stream', (c) =>
  stream(c, async (out) => {
    for (const byte of [1, 2, 3]) await out.write(Uint8Array.of(byte));
  }),
);

app.get('/text', (c) =>
  streamText(c, async (out) => {
    for (const word of ['one', 'two', 'three']) {
      await out.writeln(word);
      await out.sleep(10);
    }
  }),
);

app.get('/events', (c) =>
  streamSSE(c, async (out) => {
    for (let id = 1; id <= 3 && !out.aborted; id++) {
      await out.writeSSE({ id: `${id}`, event: 'tick', data: `tick ${id}` });
      await out.sleep(10);
    }
  }),
);

app.get('/fail', () => {
  throw new Error('on purpose');
});
app.notFound((c) => c.json({ error: `there is nothing at ${c.req.path}` }, 404));
app.onError((_, c) => c.json({ error: 'something went wrong' }, 500));

export default app;
