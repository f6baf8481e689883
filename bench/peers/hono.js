// Hello over hono on @hono/node-server. The argument is the port.

import { serve } from '@hono/node-server';
import app from './hono-app.js';

serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' });
