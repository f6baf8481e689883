// Tries whether older keys open tickets here, by two handshakes in memory, since Node does not document the function that
// lets them.

import { Duplex } from 'node:stream';
import { connect, type SecureContext, TLSSocket } from 'node:tls';
import { LATE, within } from '../within.ts';
import type { TlsMaterial } from './material.ts';
import { SecureContexts } from './secure-contexts.ts';
import { createTicketKeys, rotateTicketKeys } from './ticket-keys.ts';

/** Milliseconds for a handshake. */
const HANDSHAKE_MS = 2000;

/** Whether a session is resumed by another thread, after its ticket's key has been replaced. */
export async function choosingWorks(material: TlsMaterial): Promise<boolean> {
  const memory = createTicketKeys();
  const contextOfThread = (): SecureContext =>
    new SecureContexts({ ...material, client: undefined }, { memory, choosing: true }).byDefault;
  try {
    const session = await within(HANDSHAKE_MS, beginSession(contextOfThread()));
    if (session === LATE) return false;
    rotateTicketKeys(memory);
    return (await within(HANDSHAKE_MS, resumes(contextOfThread(), session))) === true;
  } catch {
    return false;
  }
}

/** Resolves with the session that the server gives to a client. */
async function beginSession(context: SecureContext): Promise<Buffer> {
  return await shakeHands(context, undefined, (client, done) => client.once('session', done));
}

/** Resolves with whether the server resumes the session. */
async function resumes(context: SecureContext, session: Buffer): Promise<boolean> {
  return await shakeHands(context, session, (client, done) =>
    client.once('secureConnect', () => done(client.isSessionReused())),
  );
}

/** @param observe calls `done` with the result */
async function shakeHands<T>(
  context: SecureContext,
  session: Buffer | undefined,
  observe: (client: TLSSocket, done: (result: T) => void) => void,
): Promise<T> {
  const [below, above] = duplexPair();
  const server = new TLSSocket(below, { isServer: true, secureContext: context });
  // The certificate need not be one for this client.
  const client = connect({ socket: above, rejectUnauthorized: false, ...(session && { session }) });
  server.on('data', () => {});
  client.on('data', () => {});
  try {
    return await new Promise((resolve, reject) => {
      for (const socket of [server, client]) socket.on('error', reject);
      observe(client, resolve);
    });
  } finally {
    for (const socket of [server, client]) socket.destroy();
  }
}

/** Two streams, each of which reads what the other one writes. */
function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [0, 1].map(
    (end) =>
      new Duplex({
        read() {},
        write(chunk, _, written) {
          ends[1 - end]?.push(chunk);
          written();
        },
        final(ended) {
          ends[1 - end]?.push(null);
          ended();
        },
      }),
  );
  return ends as [Duplex, Duplex];
}
