// Hello over node:http2's API for servers of node:http, with the header fields of hotpath's response. The arguments are
// the port and the files of the certificate and its key.

import { readFileSync } from 'node:fs';
import http2 from 'node:http2';

const [port, certificate, key] = process.argv.slice(2) as [string, string, string];
let count = 0;

http2
  .createSecureServer(
    // HTTP/1.1, too, by which the suite checks every server.
    { cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true },
    (_request, response) => {
      const content = `Hello${++count}`;
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': content.length });
      response.end(content);
    },
  )
  .listen(Number(port), '127.0.0.1');
