// The requests that the suites send and parse, the same bytes for all subjects.

import { readFileSync } from 'node:fs';

const HOST = 'Host: 127.0.0.1:8080\r\n';
const POSTED_BYTES = 100;

/** 40 bytes. */
export const PLAIN = `GET / HTTP/1.1\r\n${HOST}\r\n`;

/** 703 bytes, as a browser sends it. */
export const BROWSER = readFileSync('bench/data/request-703-bytes.http', 'latin1');

/** 100 bytes of content. */
export const POST = `POST / HTTP/1.1\r\n${HOST}Content-Length: ${POSTED_BYTES}\r\n\r\n${'x'.repeat(POSTED_BYTES)}`;

/** Returns the head of a request for `path` with so many bytes of content. */
export function headOf(method: string, path: string, contentBytes: number): string {
  const length = contentBytes === 0 ? '' : `Content-Length: ${contentBytes}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${HOST}${length}\r\n`;
}

/** The request for a server that echoes: it is itself an answer that every load client accepts. */
export const ECHOED = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nHello1';

/** Returns a request with so many fields, Host included. */
export function withFields(count: number): string {
  const lines = Array.from({ length: count - 1 }, (_, i) => `X-Field-${i}: the value of field ${i}\r\n`);
  return `GET / HTTP/1.1\r\n${HOST}${lines.join('')}\r\n`;
}

/** Returns a request whose content has so many chunks of so many bytes. */
export function chunked(chunkCount: number, chunkBytes: number): string {
  const chunk = `${chunkBytes.toString(16)}\r\n${'x'.repeat(chunkBytes)}\r\n`;
  return `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(chunkCount)}0\r\n\r\n`;
}
