// What handlers see of the encryption of a connection, over sockets of node:tls.

import { once } from 'node:events';
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { beforeEach, expect, test } from 'vitest';
import { type TlsConnection, tlsConnectionOf } from '../../src/tls/tls-connection.ts';
import { authority, type Issued, pair } from '../support/certificates.ts';
import { eventually } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';

let server: Issued;
beforeEach(() => {
  server = pair();
});

/** Both ends of a connection. */
interface Ends {
  accepted: TLSSocket;
  client: TLSSocket;
  /** That the client could resume. */
  sessions: Buffer[];
}

async function connected(options: ConnectionOptions = {}, asked: TlsOptions = {}): Promise<Ends> {
  const { cert, key, ca } = server;
  const listening = createServer({ cert, key, ...asked }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  const client = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...options });
  const sessions: Buffer[] = [];
  client.on('session', (session) => sessions.push(session));
  const [[accepted]] = (await Promise.all([
    once(listening, 'secureConnection'),
    once(client, 'secureConnect'),
  ])) as [[TLSSocket], unknown];
  atEnd(async () => {
    client.destroy();
    accepted.destroy();
    listening.close();
  });
  return { accepted, client, sessions };
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s: version, cipher and what the client offered',
  async (version) => {
    const { accepted, client } = await connected(
      { minVersion: version, maxVersion: version, ALPNProtocols: ['a', 'http/1.1'] },
      { ALPNProtocols: ['http/1.1'] },
    );
    expect(tlsConnectionOf(accepted)).toEqual({
      version,
      cipher: client.getCipher().standardName,
      serverName: 'localhost',
      alpnProtocol: 'http/1.1',
      resumed: false,
      authorized: false,
      authorizationError: undefined,
      clientCertificate: undefined,
    });
    expect(tlsConnectionOf(accepted).cipher).toMatch(/^TLS_/);
  },
);

test('a client that offers nothing', async () => {
  const { accepted } = await connected({ servername: '', checkServerIdentity: () => undefined });
  expect(tlsConnectionOf(accepted)).toMatchObject({ serverName: undefined, alpnProtocol: undefined });
});

test('all requests of a connection get the same description, which nobody can change', async () => {
  const { accepted } = await connected();
  const seen = tlsConnectionOf(accepted);
  expect(tlsConnectionOf(accepted)).toBe(seen);
  expect(() => {
    (seen as { authorized: boolean }).authorized = true;
  }).toThrow(TypeError);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s: a session that is resumed, with its certificate',
  async (version) => {
    const client = pair({ names: ['client'], client: true });
    const asked: TlsOptions = {
      requestCert: true,
      rejectUnauthorized: false,
      ca: authority().cert,
      ticketKeys: Buffer.alloc(48, 7),
      maxVersion: version,
    };
    const first = await connected({ cert: client.cert, key: client.key }, asked);
    first.accepted.write('x');
    // In TLS 1.3 sessions come behind the handshake.
    first.client.resume();
    await eventually('a session', () => first.sessions.length > 0);
    const described = [tlsConnectionOf(first.accepted)];
    const second = await connected({ session: first.sessions.at(-1) }, asked);
    described.push(tlsConnectionOf(second.accepted));
    expect(described.map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(described.map(({ authorized }) => authorized)).toEqual([true, true]);
    expect(described.map(({ clientCertificate }) => clientCertificate?.subject)).toEqual([
      'CN=client',
      'CN=client',
    ]);
  },
);

test("a client's certificate: valid, of an unknown authority, expired, or none", async () => {
  const asked: TlsOptions = { requestCert: true, rejectUnauthorized: false, ca: authority().cert };
  const seen = async (client?: Issued): Promise<TlsConnection> => {
    const { accepted } = await connected(client && { cert: client.cert, key: client.key }, asked);
    return tlsConnectionOf(accepted);
  };
  const valid = pair({ names: ['client'], client: true });
  const known = await seen(valid);
  expect(known).toMatchObject({ authorized: true, authorizationError: undefined });
  expect(known.clientCertificate?.issuer).toBe('CN=root');
  expect(known.clientCertificate?.toString()).toBe(valid.cert);

  const stranger = await seen(pair({ names: ['client'], client: true, authority: authority('other') }));
  expect(stranger).toMatchObject({
    authorized: false,
    authorizationError: expect.stringMatching(/^UNABLE_TO_/),
  });
  expect(stranger.clientCertificate?.issuer).toBe('CN=other');

  const expired = await seen(pair({ names: ['client'], client: true, days: -1 }));
  expect(expired).toMatchObject({ authorized: false, authorizationError: 'CERT_HAS_EXPIRED' });

  const none = { authorized: false, authorizationError: undefined, clientCertificate: undefined };
  expect(await seen()).toMatchObject(none);
});

test('a client that has gone before somebody asks', async () => {
  const { accepted } = await connected();
  accepted.destroy();
  await once(accepted, 'close');
  expect(tlsConnectionOf(accepted)).toMatchObject({ version: '', cipher: '', serverName: 'localhost' });
});

test('what was read stays when the client goes', async () => {
  const { accepted } = await connected({ maxVersion: 'TLSv1.2' });
  expect(tlsConnectionOf(accepted).version).toBe('TLSv1.2');
  accepted.destroy();
  await once(accepted, 'close');
  expect(tlsConnectionOf(accepted).version).toBe('TLSv1.2');
});
