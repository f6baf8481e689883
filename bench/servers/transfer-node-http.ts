// The server of the suite `transfer` over node:http. The argument is the port.

import http from 'node:http';
import { Readable } from 'node:stream';

const WHOLE = Buffer.alloc(1_048_576, 'x');
const PIECE = WHOLE.subarray(0, 65_536);
const BINARY = { 'content-type': 'application/octet-stream' };

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => unknown;

const HANDLERS: Record<string, Handler> = {
  'GET /': (_, response) => say(response, 'Hello'),
  'POST /whole': (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => say(response, String(Buffer.concat(pieces).length)));
  },
  'POST /stream': async (request, response) => {
    let size = 0;
    for await (const piece of request) size += (piece as Buffer).length;
    say(response, String(size));
  },
  'GET /whole': (_, response) =>
    response.writeHead(200, { ...BINARY, 'content-length': WHOLE.length }).end(WHOLE),
  'GET /stream': (_, response) => {
    let left = WHOLE.length;
    const pieces = new Readable({
      read() {
        this.push(PIECE);
        left -= PIECE.length;
        if (left === 0) this.push(null);
      },
    });
    pieces.pipe(response.writeHead(200, BINARY));
  },
};

http
  .createServer((request, response) => HANDLERS[`${request.method} ${request.url}`]?.(request, response))
  .listen(Number(process.argv[2]), '127.0.0.1');

function say(response: http.ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': text.length }).end(text);
}
