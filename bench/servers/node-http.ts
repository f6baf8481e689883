// Hello over node:http, with the header fields of hotpath's response. The arguments are the port and, for node:https,
// the files of the certificate and its key.

import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';

const [port, certificate, key] = process.argv.slice(2);
const server =
  certificate === undefined || key === undefined
    ? http.createServer(onRequest)
    : https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, onRequest);
let count = 0;

server.listen(Number(port), '127.0.0.1');

function onRequest(request: IncomingMessage, response: ServerResponse): void {
  // The content is read to its end before the answer, as by hotpath.
  if (request.method === 'POST') request.resume().on('end', () => answer(response));
  else answer(response);
}

function answer(response: ServerResponse): void {
  const content = `Hello${++count}`;
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': content.length });
  response.end(content);
}
