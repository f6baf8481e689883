// Hello over node:http, with the fields of hotpath's own response. The argument is the port.

import http, { type ServerResponse } from 'node:http';

let count = 0;

http
  .createServer((request, response) => {
    // As hotpath does, content is read to its end before it is answered.
    if (request.method === 'POST') request.resume().on('end', () => answer(response));
    else answer(response);
  })
  .listen(Number(process.argv[2]), '127.0.0.1');

function answer(response: ServerResponse): void {
  const content = `Hello${++count}`;
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': content.length });
  response.end(content);
}
