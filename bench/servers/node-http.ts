// Hello over node:http, with the header fields of hotpath's response. The argument is the port.

import http, { type ServerResponse } from 'node:http';

let count = 0;

http
  .createServer((request, response) => {
    // The content is read to its end before the answer, as by hotpath.
    if (request.method === 'POST') request.resume().on('end', () => answer(response));
    else answer(response);
  })
  .listen(Number(process.argv[2]), '127.0.0.1');

function answer(response: ServerResponse): void {
  const content = `Hello${++count}`;
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': content.length });
  response.end(content);
}
