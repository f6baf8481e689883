// Hello as a Hono app: the same module on hotpath and on @hono/node-server.

import { Hono } from 'hono';

let count = 0;

const app = new Hono();
app.get('/', (context) => context.text(`Hello${++count}`));

export default app;
