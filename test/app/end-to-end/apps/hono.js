// A stock Hono application with about everything that Hono has. It knows nothing of hotpath.

import { Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { basicAuth } from 'hono/basic-auth';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { except, some } from 'hono/combine';
import { compress } from 'hono/compress';
import { contextStorage, getContext } from 'hono/context-storage';
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { csrf } from 'hono/csrf';
import { etag } from 'hono/etag';
import { html, raw } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import { Fragment, jsx } from 'hono/jsx';
import { jsxRenderer } from 'hono/jsx-renderer';
import { jwt, sign } from 'hono/jwt';
import { languageDetector } from 'hono/language';
import { logger } from 'hono/logger';
import { methodOverride } from 'hono/method-override';
import { poweredBy } from 'hono/powered-by';
import { prettyJSON } from 'hono/pretty-json';
import { proxy } from 'hono/proxy';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { serveStatic } from 'hono/serve-static';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { timeout } from 'hono/timeout';
import { endTime, startTime, timing } from 'hono/timing';
import { appendTrailingSlash, trimTrailingSlash } from 'hono/trailing-slash';
import { validator } from 'hono/validator';
import { AutoRouter } from 'itty-router';

const SECRET = 'a secret of tests';
const FILES = { 'static/a.txt': 'file a', 'static/b.json': '{"b":1}' };

const app = new Hono();

app.use(logger(() => {}));
app.use(requestId());
app.use(contextStorage());
app.use('/powered', poweredBy());
app.use('/secure', secureHeaders());
app.use('/pretty', prettyJSON());
app.use(
  '/cors/*',
  cors({ origin: ['http://example.com'], allowHeaders: ['X-Own'], credentials: true, maxAge: 60 }),
);
app.use('/csrf', csrf());
app.use('/etag', etag());
app.use('/etag-compress', etag(), compress());
app.use('/compress/*', compress());
app.use('/basic/*', basicAuth({ username: 'user', password: 'pass' }));
app.use('/bearer/*', bearerAuth({ token: 'token' }));
app.use('/some', some(bearerAuth({ token: 'token' }), basicAuth({ username: 'user', password: 'pass' })));
app.use('/except/*', except('/except/public', bearerAuth({ token: 'token' })));
app.use('/limit', bodyLimit({ maxSize: 10, onError: (c) => c.text('too much', 413) }));
app.use('/jwt', jwt({ secret: SECRET, alg: 'HS256' }));
app.use('/timeout/*', timeout(100));
app.use('/timing', timing({ total: false }));
app.use(
  '/language',
  languageDetector({ supportedLanguages: ['en', 'de'], fallbackLanguage: 'en', caches: false }),
);
app.use('/override/*', methodOverride({ app }));
app.use('/trim/*', trimTrailingSlash());
app.use('/append/*', appendTrailingSlash());
app.use(
  '/static/*',
  serveStatic({
    getContent: async (path) => FILES[path.replaceAll('\\', '/').replace(/^\.?\//, '')] ?? null,
  }),
);
app.use(
  '/page',
  jsxRenderer(({ children }) => jsx('html', {}, jsx('body', {}, children))),
);

app.get('/', (c) => c.text('root'));
app.get('/powered', (c) => c.text('powered'));
app.get('/secure', (c) => c.text('secure'));
app.get('/pretty', (c) => c.json({ a: { b: [1, 2] } }));
app.all('/cors/:x', (c) => c.text(c.req.method));
app.post('/csrf', (c) => c.text('accepted'));
app.get('/etag', (c) => c.text('tagged'));
app.get('/etag-compress', (c) => c.text('tagged '.repeat(500)));
app.get('/compress/text', (c) => c.text('again and '.repeat(1000)));
app.get('/compress/small', (c) => c.text('small', 200, { 'Content-Length': '5' }));
app.get('/compress/stream', (c) =>
  streamText(c, (out) => out.write('again and '.repeat(1000)).then(() => {})),
);
app.get('/basic/x', (c) => c.text('basic'));
app.get('/bearer/x', (c) => c.text('bearer'));
app.get('/some', (c) => c.text('some'));
app.get('/except/:x', (c) => c.text(c.req.param('x')));
app.post('/limit', async (c) => c.text(await c.req.text()));
app.get('/jwt', (c) => c.json(c.get('jwtPayload')));
app.get('/token', async (c) => c.text(await sign({ sub: 'me' }, SECRET)));
app.get('/timeout/never', () => new Promise(() => {}));
app.get('/timeout/soon', (c) => c.text('soon'));
app.get('/timing', (c) => {
  startTime(c, 'work');
  endTime(c, 'work');
  return c.text('timed');
});
app.get('/language', (c) => c.text(c.get('language')));
app.delete('/override/x', (c) => c.text('deleted'));
app.post('/override/x', (c) => c.text('posted'));
app.get('/trim/x', (c) => c.text('trimmed'));
app.get('/append/x/', (c) => c.text('appended'));
app.get('/page', (c) => c.render(jsx('p', {}, 'in a page')));
app.get('/context', (c) => c.text(getContext().req.path + c.req.path));
app.get('/accepts', (c) =>
  c.text(accepts(c, { header: 'Accept', supports: ['text/html', 'application/json'], default: 'text/html' })),
);

app.get('/html', (c) => c.html(html`<p title="${'"quoted"'}">${'<escaped>'} ${raw('<b>raw</b>')}</p>`));
app.get('/jsx', (c) =>
  c.html(
    jsx(
      Fragment,
      {},
      jsx(
        'ul',
        { class: 'a' },
        ['x', '<y>'].map((item) => jsx('li', {}, item)),
      ),
    ),
  ),
);

app.get('/cookies', async (c) => {
  setCookie(c, 'plain', 'a b', { path: '/', secure: true });
  await setSignedCookie(c, 'signed', 'value', SECRET, { httpOnly: true });
  deleteCookie(c, 'old');
  return c.json({ all: getCookie(c), signed: await getSignedCookie(c, SECRET, 'signed') });
});

app.get('/query', (c) => c.json({ one: c.req.query('a'), all: c.req.queries('a'), rest: c.req.query() }));
app.get('/params/:a/:b{[0-9]+}', (c) => c.json(c.req.param()));
app.get('/optional/:a?', (c) => c.json({ a: c.req.param('a') ?? null }));
app.get('/wild/*', (c) => c.text(c.req.path));
app.get('/headers', (c) => {
  c.header('X-One', '1');
  c.header('X-Two', 'a', { append: true });
  c.header('X-Two', 'b', { append: true });
  c.status(203);
  return c.text(`${c.req.header('x-given')} ${Object.keys(c.req.header()).includes('x-given')}`);
});
app.post('/json', async (c) => c.json(await c.req.json(), 201));
app.post('/text', async (c) => c.text(await c.req.text()));
app.post('/bytes', async (c) => c.body(await c.req.arrayBuffer()));
app.post('/blob', async (c) => c.text(`${(await c.req.blob()).size}`));
app.post('/echo', (c) => c.body(c.req.raw.body));
app.post('/clone', async (c) => c.text((await c.req.raw.clone().text()) + (await c.req.text())));
app.post('/twice', async (c) =>
  c.json([await c.req.text(), await c.req.json(), (await c.req.arrayBuffer()).byteLength]),
);
app.post('/form', async (c) => {
  const body = await c.req.parseBody({ all: true });
  const told = Object.entries(body).map(async ([name, value]) => [
    name,
    value instanceof File ? [value.name, value.type, value.size, await value.text()] : value,
  ]);
  return c.json(await Promise.all(told));
});
app.post(
  '/validated',
  validator('json', (value, c) => (typeof value.name === 'string' ? value : c.text('no name', 422))),
  (c) => c.json(c.req.valid('json')),
);

app.get('/null', (c) => c.body(null));
app.get('/no-content', (c) => c.body(null, 204));
app.get('/redirect', (c) => c.redirect('/elsewhere?a=b', 303));
app.get('/new', () => new Response('new', { status: 202, headers: [['X-New', 'yes']] }));
app.get('/json-native', () => Response.json({ native: true }, { headers: { 'X-New': 'yes' } }));
app.get('/stream', (c) =>
  stream(c, async (out) => {
    for (const byte of [0, 128, 255]) await out.write(Uint8Array.of(byte));
    await out.pipe(new Response('piped').body);
  }),
);
app.get('/stream-text', (c) =>
  streamText(c, async (out) => {
    await out.writeln('one');
    await out.sleep(5);
    await out.write('two');
  }),
);
app.get('/events', (c) =>
  streamSSE(c, async (out) => {
    for (let id = 0; id < 3; id++) await out.writeSSE({ data: `line\nof ${id}`, event: 'e', id: `${id}` });
  }),
);
app.get('/late-header', async (c, next) => {
  await next();
  c.res.headers.set('X-Late', 'yes');
  c.res.headers.delete('X-Early');
});
app.get('/late-header', (c) => c.text('late', 200, { 'X-Early': 'yes' }));
app.get('/replaced', async (c, next) => {
  await next();
  c.res = new Response(`[${await c.res.text()}]`, c.res);
});
app.get('/replaced', (c) => c.text('inner', 201, { 'X-Inner': 'yes' }));

app.get('/fail', () => {
  throw new Error('on purpose');
});
app.get('/exception', () => {
  throw new HTTPException(418, { message: 'short', res: new Response('and stout', { status: 418 }) });
});
app.on(['PUT', 'PATCH'], '/on', (c) => c.text(c.req.method));
app.on('PURGE', '/on', (c) => c.text('purged'));
app.get('/proxy/*', (c) =>
  proxy(process.env.UPSTREAM + c.req.path.slice('/proxy'.length), {
    headers: { 'X-Kind': c.req.header('x-kind') },
  }),
);
app.post('/proxy/*', (c) => proxy(process.env.UPSTREAM + c.req.path.slice('/proxy'.length), c.req));

const api = new Hono().basePath('/v1');
api.get('/users/:id', (c) => c.json({ id: c.req.param('id'), route: c.req.path }));
app.route('/api', api);

const router = AutoRouter({ base: '/mounted' });
router.get('/hello/:name', ({ params }) => `hello ${params.name}`);
app.mount('/mounted', router.fetch, { replaceRequest: (request) => new Request(request) });
app.mount('/plain-mount', (request) => new Response(new URL(request.url).pathname));

app.notFound((c) => c.json({ error: 'not found', path: c.req.path }, 404));
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  return c.text(`failed: ${error.message}`, 500);
});

export default app;
