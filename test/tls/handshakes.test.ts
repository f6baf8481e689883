// Handshakes with a server: the certificate that it chooses, the sessions that it resumes, and the clients that it accepts.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import { encrypt } from '../../src/connection/secure-socket.ts';
import type { Pair, TlsMaterial } from '../../src/tls/material.ts';
import { hostsOf } from '../../src/tls/names.ts';
import { SecureContexts } from '../../src/tls/secure-contexts.ts';
import { createTicketKeys, rotateTicketKeys, type TicketStart } from '../../src/tls/ticket-keys.ts';
import { authority, type Issued, pair } from '../support/certificates.ts';
import { atEnd } from '../support/fixtures.ts';
import { VERSIONS, type Visit, type VisitOptions, visit } from '../support/tls-client.ts';

function pairOf({ cert, key }: Issued): Pair {
  return { cert, key, serverNames: hostsOf(new X509Certificate(cert)) };
}

function materialOf(...pairs: Issued[]): TlsMaterial {
  return { pairs: pairs.map(pairOf), client: undefined };
}

function tickets(choosing = true): TicketStart {
  return { memory: createTicketKeys(), choosing };
}

/** Listens at a free port. @param secured called after each handshake */
async function listen(contexts: SecureContexts, secured: (socket: TLSSocket) => void): Promise<number> {
  const server = createServer((below) => {
    const socket = encrypt(below, contexts, ['http/1.1'], () => secured(socket));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Starts a server that tells a client whether the session was resumed, and whether its certificate is valid. */
async function serverOf(
  contexts: SecureContexts,
): Promise<(options?: Partial<VisitOptions>) => Promise<Visit>> {
  const port = await listen(contexts, (socket) => {
    socket.end(`${socket.isSessionReused() ? 'resumed' : 'new'} ${socket.authorized}`);
    socket.resume();
  });
  return (options) => visit({ port, ...options });
}

describe('the host that a client names', () => {
  const [first, exact, wildcard] = [
    pair({ names: ['first.test'] }),
    pair({ names: ['www.second.test', 'mail.second.test'] }),
    pair({ names: ['*.second.test'], commonName: 'wildcard' }),
  ] as const;
  const bare = pair({ names: [], commonName: 'Bare.test' });
  const material = materialOf(first, wildcard, exact, bare);

  test.each([
    ['first.test', 'first.test'],
    ['WWW.second.TEST', 'www.second.test'],
    ['mail.second.test', 'www.second.test'],
    ['other.second.test', 'wildcard'],
    ['bare.test', 'Bare.test'],
    ['too.many.second.test', 'first.test'],
    ['second.test', 'first.test'],
    ['unknown.test', 'first.test'],
    [undefined, 'first.test'],
  ])('%s gets the certificate of %s', async (servername, certificate) => {
    const ask = await serverOf(new SecureContexts(material));
    expect(await ask({ ...(servername && { servername }) })).toMatchObject({ certificate });
  });

  test('a dot at its end does not count', () => {
    const contexts = new SecureContexts(material);
    expect(contexts.of('first.test.')).toBe(contexts.byDefault);
  });

  test('the first of two certificates for one host serves it', () => {
    const contexts = new SecureContexts(
      materialOf(first, pair({ names: ['first.test'], commonName: 'again' })),
    );
    expect(contexts.of('first.test')).toBe(contexts.byDefault);
  });
});

describe('versions', () => {
  const contexts = new SecureContexts(materialOf(pair()), tickets());

  test('a client of TLS 1.1 is refused', async () => {
    const ask = await serverOf(contexts);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await ask(old)).toMatchObject({ received: '', error: expect.stringMatching(/PROTOCOL_VERSION/) });
  });

  test('a client of TLS 1.2 cannot renegotiate', async () => {
    const port = await listen(contexts, (socket) => socket.resume());
    const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    await once(client, 'secureConnect');
    const error = await new Promise((resolve) => {
      client.on('error', resolve);
      client.renegotiate({}, resolve);
    });
    client.destroy();
    expect(error).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
  });
});

describe.each(VERSIONS)('sessions of %s', (version) => {
  const material = materialOf(pair());

  test('a session is resumed by every thread, and after a renewal of the certificates', async () => {
    const shared = tickets();
    const [one, other] = [new SecureContexts(material, shared), new SecureContexts(material, shared)];
    const [askOne, askOther] = [await serverOf(one), await serverOf(other)];
    const { resumed, session } = await askOne({ version });
    expect(resumed).toBe(false);
    expect((await askOther({ version, session })).received).toMatch(/^resumed/);
    other.renew(materialOf(pair({ names: ['renewed.test'] })));
    expect((await askOther({ version, session })).resumed).toBe(true);
    expect((await askOther({ version })).certificate).toBe('renewed.test');
  });

  test('a session is resumed at another host of the server', async () => {
    const contexts = new SecureContexts(materialOf(pair(), pair({ names: ['b.test'] })), tickets());
    const ask = await serverOf(contexts);
    const { session } = await ask({ version, servername: 'b.test' });
    expect((await ask({ version, servername: 'b.test', session })).resumed).toBe(true);
  });

  test('two keys before the newest one open tickets, no more', async () => {
    const shared = tickets();
    const ask = await serverOf(new SecureContexts(material, shared));
    const { session } = await ask({ version });
    const resumed: boolean[] = [];
    for (let rotations = 0; rotations <= 3; rotations++) {
      resumed.push((await ask({ version, session })).resumed);
      rotateTicketKeys(shared.memory);
    }
    expect(resumed).toEqual([true, true, true, false]);
  });

  test('a session that an older key has opened gets a ticket of the newest key', async () => {
    const shared = tickets();
    const ask = await serverOf(new SecureContexts(material, shared));
    let { session } = await ask({ version });
    for (let i = 0; i < 5; i++) {
      rotateTicketKeys(shared.memory);
      const next = await ask({ version, session });
      expect(next.resumed).toBe(true);
      session = next.session;
    }
  });

  test('a ticket of other keys is not opened', async () => {
    const { session } = await (await serverOf(new SecureContexts(material, tickets())))({ version });
    const ask = await serverOf(new SecureContexts(material, tickets()));
    expect(await ask({ version, session })).toMatchObject({ resumed: false, error: undefined });
  });

  test('without a choice of keys, threads share the newest one', async () => {
    const shared = tickets(false);
    const [askOne, askOther] = [
      await serverOf(new SecureContexts(material, shared)),
      await serverOf(new SecureContexts(material, shared)),
    ];
    const { session } = await askOne({ version });
    expect((await askOther({ version, session })).resumed).toBe(true);
    rotateTicketKeys(shared.memory);
    const later = await askOther({ version, session });
    expect(later.resumed).toBe(false);
    expect((await askOne({ version, session: later.session })).resumed).toBe(true);
  });
});

describe.each(VERSIONS)('certificates of clients, over %s', (version) => {
  const { ca } = authority();
  const known = pair({ names: ['client'], client: true });
  const unknown = pair({ names: ['client'], client: true, authority: authority('unknown to the server') });
  const own = ({ cert, key }: Issued): Partial<VisitOptions> => ({ cert, key });
  const asking = (certificates: 'require' | 'request', by = ca): TlsMaterial => ({
    ...materialOf(pair()),
    client: { ca: by, certificates },
  });

  test('a required one must be there, and signed by an authority of the server', async () => {
    const ask = await serverOf(new SecureContexts(asking('require'), tickets()));
    expect((await ask({ version, ...own(known) })).received).toBe('new true');
    expect((await ask({ version, ...own(unknown) })).received).toBe('');
    expect((await ask({ version })).received).toBe('');
  });

  test('a requested one may be missing or invalid', async () => {
    const ask = await serverOf(new SecureContexts(asking('request'), tickets()));
    expect((await ask({ version, ...own(known) })).received).toBe('new true');
    expect((await ask({ version, ...own(unknown) })).received).toBe('new false');
    expect((await ask({ version })).received).toBe('new false');
  });

  test('a session that is resumed is as valid as when it began', async () => {
    const ask = await serverOf(new SecureContexts(asking('request'), tickets()));
    for (const [client, valid] of [
      [own(known), true],
      [own(unknown), false],
      [{}, false],
    ] as const) {
      const { session } = await ask({ version, ...client });
      expect((await ask({ version, ...client, session })).received).toBe(`resumed ${valid}`);
    }
  });

  test('a client that was refused gets no session with which it is accepted', async () => {
    const ask = await serverOf(new SecureContexts(asking('require'), tickets()));
    for (const client of [own(unknown), {}]) {
      const { session } = await ask({ version, ...client });
      expect((await ask({ version, ...client, session })).received).toBe('');
    }
  });

  test('a session does not outlive the certificate of the client', async () => {
    const ask = await serverOf(new SecureContexts(asking('request'), tickets()));
    const { session, received } = await ask({ version, ...own(known) });
    expect(received).toBe('new true');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * 86_400_000 });
    atEnd(() => vi.useRealTimers());
    expect((await ask({ version, ...own(known), session })).received).toBe('resumed false');
  });

  test('a session does not outlive the rules under which it began', async () => {
    const shared = tickets();
    const contexts = new SecureContexts(materialOf(pair()), shared);
    const ask = await serverOf(contexts);
    const { session } = await ask({ version });
    contexts.renew(asking('require'));
    expect((await ask({ version, session })).received).toBe('');
    const accepted = await ask({ version, ...own(known) });
    contexts.renew(asking('require', authority('unknown to the server').ca));
    expect((await ask({ version, ...own(known), session: accepted.session })).received).toBe('');
  });
});
