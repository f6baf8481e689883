// A relay between a client and a server that sees the bytes of the connection, and may change them.

import { once } from 'node:events';
import net from 'node:net';
import { atEnd } from './fixtures.ts';

export interface Relay {
  port: number;
  /** Raw bytes from the server, of all connections. */
  fromServer: Buffer;
  /** Changes the next pieces that the client sends. */
  alter: ((bytes: Buffer) => Buffer) | undefined;
  /** Keeps what the client sends from now on, if it is set. */
  kept: Buffer[] | undefined;
  /** Sends to the server what was kept, the end of the bytes, and a reset. */
  vanish(): Promise<void>;
  /** The client's bytes arrive one by one. */
  bytewise: boolean;
  /** The client seems never to close. */
  hidesEnd: boolean;
  /** How the server has ended its half. */
  ended: 'end' | 'reset' | undefined;
}

/** Starts a relay to a port. It stops at the end of the test. */
export async function relayTo(port: number): Promise<Relay> {
  const sockets = new Set<net.Socket>();
  const outgoing = new Set<net.Socket>();
  const relay: Relay = {
    port: 0,
    fromServer: Buffer.alloc(0),
    alter: undefined,
    kept: undefined,
    vanish: async () => {
      const { kept = [] } = relay;
      for (const server of outgoing) {
        await new Promise<void>((resolve) => server.end(Buffer.concat(kept), resolve));
        server.resetAndDestroy();
      }
    },
    bytewise: false,
    hidesEnd: false,
    ended: undefined,
  };
  const listening = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) sockets.add(socket);
    outgoing.add(server);
    client.on('data', async (bytes) => {
      if (relay.kept !== undefined) {
        relay.kept.push(bytes);
        return;
      }
      if (!relay.bytewise) {
        server.write(relay.alter?.(bytes) ?? bytes);
        return;
      }
      client.pause();
      for (const byte of bytes) {
        server.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.resume();
    });
    client.on('end', () => relay.hidesEnd || server.end());
    client.on('error', () => relay.hidesEnd || server.destroy());
    server.on('data', (bytes) => {
      relay.fromServer = Buffer.concat([relay.fromServer, bytes]);
      client.write(bytes);
    });
    server.on('end', () => {
      relay.ended ??= 'end';
      client.end();
    });
    server.on('error', () => {
      relay.ended ??= 'reset';
      client.destroy();
    });
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  relay.port = (listening.address() as net.AddressInfo).port;
  atEnd(() => {
    listening.close();
    for (const socket of sockets) socket.destroy();
  });
  return relay;
}

/** The content types of TLS records (RFC 8446 5.1). */
export const ALERT = 21;

/** The content types of the records that bytes consist of. The last one may be incomplete. */
export function recordTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    types.push(bytes[at] as number);
  return types;
}
