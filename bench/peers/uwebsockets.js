// Hello over uWebSockets.js. The argument is the port.

import uws from 'uWebSockets.js';

let count = 0;

uws
  .App()
  .get('/', (response) => {
    response.writeHeader('Content-Type', 'text/plain').end(`Hello${++count}`);
  })
  .listen('127.0.0.1', Number(process.argv[2]), (listening) => {
    if (!listening) process.exit(1);
  });
