// Hello over hono on @hono/node-server. The argument is the port.

import { serve } from '@hono/node-server';
import { Hono } from 'hono';

let count = 0;

const app = new Hono();
app.get('/', (context) => context.text(`Hello${++count}`));
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' });
