// A client that sends and receives bytes, without knowledge of HTTP.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

export interface Client {
  socket: net.Socket;
  /** All bytes received so far, Latin-1. */
  received: string;
  ended: boolean;
  error: Error | undefined;
  send(text: string): void;
  /**
   * Resolves when `received` has the wanted length, ends in the wanted pattern, or satisfies the function; rejects if the
   * server closes first.
   */
  until(wanted: number | RegExp | ((received: string) => boolean)): Promise<string>;
  /** Resolves with all received bytes when the server has closed its half. */
  end(): Promise<string>;
  close(): void;
}

/**
 * Connects to a port on 127.0.0.1, or to the path of a unix socket.
 * @param localAddress the address of the client, such as 127.0.0.2
 * @param overTls trusts any certificate
 */
export async function connect(to: number | string, localAddress?: string, overTls = false): Promise<Client> {
  const plain = net.connect({
    ...(typeof to === 'string' ? { path: to } : { port: to, host: '127.0.0.1' }),
    noDelay: true,
    allowHalfOpen: true,
    ...(localAddress !== undefined && { localAddress }),
  });
  const socket = overTls ? tls.connect({ socket: plain, rejectUnauthorized: false }) : plain;
  // The method of a socket that encrypts rejects the socket below.
  if (socket !== plain) socket.resetAndDestroy = () => reset(socket, plain);
  const client: Client = {
    socket,
    received: '',
    ended: false,
    error: undefined,
    send: (text) => socket.write(text, 'latin1'),
    until: (wanted) =>
      wait(client, () => {
        if (typeof wanted === 'number') return client.received.length >= wanted;
        if (typeof wanted === 'function') return wanted(client.received);
        return wanted.test(client.received.slice(-200));
      }),
    end: () => wait(client, () => client.ended),
    close: () => socket.destroy(),
  };
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    client.received += text;
  });
  socket.on('end', () => {
    client.ended = true;
    socket.emit('progress');
  });
  socket.on('error', (error) => {
    client.error = error;
  });
  socket.on('close', () => socket.emit('progress'));
  socket.on('data', () => socket.emit('progress'));
  await once(socket, overTls ? 'secureConnect' : 'connect');
  return client;
}

/** Sends a request on its own connection, and resolves with the whole response. */
export async function ask(
  to: number | string,
  request = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
  overTls = false,
): Promise<string> {
  const client = await connect(to, undefined, overTls);
  client.send(request);
  const answer = await client.end();
  client.close();
  return answer;
}

/** Resets the connection below a socket that encrypts. */
function reset(socket: net.Socket, plain: net.Socket): net.Socket {
  // A handle that is about to close its half can't be reset. Closed with unread bytes, it resets the connection, too.
  if (socket.writableEnded) plain.destroy();
  else plain.resetAndDestroy();
  return socket;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Polls, since the condition changes elsewhere; gives up after 10 s. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (holds()) return;
    await sleep(10);
  }
  throw new Error(`${what} did not come true`);
}

async function wait(client: Client, holds: () => boolean): Promise<string> {
  while (!holds()) {
    if (client.ended || client.socket.destroyed)
      throw new Error(`closed after ${JSON.stringify(client.received.slice(-200))}`);
    await once(client.socket, 'progress');
  }
  return client.received;
}
