// A plane whose clients speak HTTP/2 over TLS, and clients of node:http2.

import http2, {
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { endpointOf } from '../../src/connection/endpoint.ts';
import { listen } from '../../src/connection/listener.ts';
import { speakHttp2 } from '../../src/http2/session.ts';
import { SecureContexts } from '../../src/tls/secure-contexts.ts';
import { pair } from './certificates.ts';
import { atEnd } from './fixtures.ts';
import { type OpenedPlane, openPlane, type PlaneOptions } from './plane.ts';
import { DIRECT } from './ways.ts';

export interface Http2Plane extends OpenedPlane {
  /** Where clients speak HTTP/2. */
  tlsPort: number;
  /** Connects a client of HTTP/2, which closes at the end. */
  connectHttp2(options?: http2.SecureClientSessionOptions): ClientHttp2Session;
}

/** Opens a plane that HTTP/1.1 without TLS reaches at `port`, and HTTPS and HTTP/2 at `tlsPort`. */
export async function openHttp2(options: PlaneOptions = {}): Promise<Http2Plane> {
  const server = await openPlane(options);
  server.plane.http2 = speakHttp2(server.plane);
  const { cert, key } = pair();
  const material = { pairs: [{ cert, key, serverNames: ['localhost'] }], client: undefined };
  const endpoint = endpointOf(
    { address: { host: '127.0.0.1', port: 0 }, protocol: 'tls', serves: 'public' },
    options.io ?? DIRECT,
    new SecureContexts(material),
  );
  const listener = await listen(
    server.connections,
    { host: '127.0.0.1', port: 0, reusePort: false },
    endpoint,
  );
  atEnd(() => listener.close());
  return { ...server, tlsPort: listener.port, connectHttp2: (more) => connectHttp2(listener.port, more) };
}

/** Connects a client of node:http2, which closes at the end. */
export function connectHttp2(
  port: number,
  options: http2.SecureClientSessionOptions = {},
): ClientHttp2Session {
  const client = http2.connect(`https://localhost:${port}`, { ca: pair().ca, ...options });
  client.on('error', () => {});
  atEnd(() => client.destroy());
  return client;
}

export interface Answer {
  status: number;
  fields: IncomingHttpHeaders;
  content: string;
  trailers: IncomingHttpHeaders | undefined;
  informational: IncomingHttpHeaders[];
}

/** Sends a request, and resolves with the whole response; rejects if the stream is reset. */
export async function ask(
  client: ClientHttp2Session,
  fields: OutgoingHttpHeaders | string = '/',
  content?: string | Uint8Array,
): Promise<Answer> {
  const section = typeof fields === 'string' ? { ':path': fields } : fields;
  const stream = client.request(section, { endStream: content === undefined });
  if (content !== undefined) stream.end(content);
  return await answerOf(stream);
}

/** Resolves with the whole response; rejects if the stream is reset. */
export async function answerOf(stream: http2.ClientHttp2Stream): Promise<Answer> {
  const informational: IncomingHttpHeaders[] = [];
  let answered: IncomingHttpHeaders | undefined;
  let trailers: IncomingHttpHeaders | undefined;
  stream.on('headers', (headers) => informational.push(headers));
  stream.on('response', (headers) => {
    answered = headers;
  });
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  const pieces: Buffer[] = [];
  stream.on('data', (piece) => pieces.push(piece));
  await new Promise<void>((resolve, reject) => {
    stream.on('end', resolve);
    stream.on('error', reject);
    stream.on('close', () => reject(new Error(`closed with code ${stream.rstCode}`)));
  });
  if (stream.aborted) throw new Error(`reset with code ${stream.rstCode}`);
  return {
    status: Number(answered?.[':status']),
    fields: answered ?? {},
    content: Buffer.concat(pieces).toString(),
    trailers,
    informational,
  };
}
