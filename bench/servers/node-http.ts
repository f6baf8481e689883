// Hello over node:http, with the fields of hotpath's own response. The argument is the port.

import http from 'node:http';

let count = 0;

http
  .createServer((_request, response) => {
    const content = `Hello${++count}`;
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': content.length });
    response.end(content);
  })
  .listen(Number(process.argv[2]), '127.0.0.1');
