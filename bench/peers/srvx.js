// Hello over srvx, with its own fast Response. The argument is the port.

import { FastResponse, serve } from 'srvx';

let count = 0;

serve({
  port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  silent: true,
  fetch: () => new FastResponse(`Hello${++count}`, { headers: { 'content-type': 'text/plain' } }),
});
