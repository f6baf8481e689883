// The client of a test: node:http's, over a socket in memory. It takes what fetch() takes, and gives a Response of the
// platform.

import http from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { MemorySocket } from './memory-socket.ts';

/** The body of a request, the second argument of fetch(). */
export type FetchInit = NonNullable<ConstructorParameters<typeof Request>[1]>;

/** Statuses without content; a Response with one of them can't have a body. */
const WITHOUT_CONTENT = [204, 205, 304];

/**
 * Sends a request, and resolves when the head of the response has arrived.
 * @param socket for this request alone
 * @throws the reason of the request's signal; TypeError if the connection ends before the response
 */
export async function send(request: Request, sized: boolean, socket: MemorySocket): Promise<Response> {
  const { method, signal } = request;
  const { pathname, search, host } = new URL(request.url);
  signal.throwIfAborted();
  // A body whose size is known is sent with its length.
  const content = sized ? Buffer.from(await request.arrayBuffer()) : undefined;
  const headers: http.OutgoingHttpHeaders = { host, connection: 'keep-alive' };
  for (const [name, value] of request.headers) headers[name] = value;
  if (content !== undefined && (content.length > 0 || request.body !== null))
    headers['content-length'] = content.length;
  const sent = http.request({
    method,
    path: pathname + search,
    headers,
    createConnection: () => socket as never,
  });
  return await new Promise((resolve, reject) => {
    let received: http.IncomingMessage | undefined;
    const abort = (): void => {
      reject(signal.reason);
      (received ?? sent).destroy(signal.reason);
    };
    signal.addEventListener('abort', abort);
    sent.on('error', (cause) => {
      reject(new TypeError('the app closed the connection before its response', { cause }));
    });
    sent.once('response', (message) => {
      received = message;
      message.once('close', () => {
        signal.removeEventListener('abort', abort);
        // A Response without a body has not been read.
        socket.end();
        socket.resume();
      });
      resolve(responseOf(message, method));
    });
    if (content !== undefined || request.body === null) sent.end(content);
    // The server may answer before it has read everything.
    else pipeline(Readable.fromWeb(request.body as never), sent, () => {});
  });
}

function responseOf(message: http.IncomingMessage, method: string): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = message;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2)
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  if (method !== 'HEAD' && !WITHOUT_CONTENT.includes(status))
    return new Response(Readable.toWeb(message) as ReadableStream, { status, statusText, headers });
  message.resume();
  return new Response(null, { status, statusText, headers });
}
