// The secure contexts of a thread, one for each pair of certificate and key. The name that a client asks for chooses one
// (RFC 6066 3, SNI).

import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Pair, TlsMaterial } from './material.ts';
import { normalHost, wildcardOf } from './names.ts';
import type { ClientCertificates } from './sources.ts';
import { SESSION_SECONDS, TicketKeys, type TicketStart } from './ticket-keys.ts';

export class SecureContexts {
  private contexts: readonly SecureContext[] = [];
  /** The contexts by the names of their hosts. */
  private byName: ReadonlyMap<string, SecureContext> = new Map();
  private material: TlsMaterial = { pairs: [], client: undefined };
  private readonly ticketKeys: TicketKeys | undefined;
  private readonly choosing: boolean;
  /** The key of all tickets, in a Node that can't choose a key for each. */
  private ticketKey: Buffer | undefined;

  /**
   * @param tickets without them sessions are resumed only in this thread, until the next renewal
   * @throws Error if OpenSSL rejects the material
   */
  constructor(material: TlsMaterial, tickets?: TicketStart) {
    this.ticketKeys = tickets && new TicketKeys(tickets.memory);
    this.choosing = tickets?.choosing ?? false;
    this.renew(material);
  }

  /** The context of clients that name no host, or an unknown one. */
  get byDefault(): SecureContext {
    if (this.ticketKey !== this.onlyKey) this.renew(this.material);
    return this.contexts[0] as SecureContext;
  }

  /** Whether clients are asked for certificates. */
  get client(): ClientCertificates | undefined {
    return this.material.client?.certificates;
  }

  /** Returns the context for the host that a client names; undefined if no certificate has that name. */
  of(serverName: string): SecureContext | undefined {
    const host = normalHost(serverName);
    return this.byName.get(host) ?? this.byName.get(wildcardOf(host));
  }

  /** Replaces all contexts. Connections that are open keep theirs. @throws Error if OpenSSL rejects the material */
  renew(material: TlsMaterial): void {
    const ticketKey = this.onlyKey;
    const contexts = material.pairs.map((pair) => this.contextOf(pair, material, ticketKey));
    const byName = new Map<string, SecureContext>();
    for (const [index, { serverNames }] of material.pairs.entries())
      for (const name of serverNames)
        if (!byName.has(name)) byName.set(name, contexts[index] as SecureContext);
    this.contexts = contexts;
    this.byName = byName;
    this.material = material;
    this.ticketKey = ticketKey;
  }

  private get onlyKey(): Buffer | undefined {
    return this.choosing ? undefined : this.ticketKeys?.newest;
  }

  private contextOf(
    { cert, key }: Pair,
    { client }: TlsMaterial,
    ticketKeys: Buffer | undefined,
  ): SecureContext {
    const context = createSecureContext({
      cert,
      key,
      // Without a list Node would trust clients that any public authority knows.
      ca: client?.ca ?? [],
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      sessionTimeout: SESSION_SECONDS,
      sessionIdContext: sessionIdOf(client),
      ...(ticketKeys && { ticketKeys }),
    });
    if (this.choosing) this.ticketKeys?.attach(context);
    return context;
  }
}

/** Sessions are resumed only where clients are asked for the same certificates as when the session began. */
function sessionIdOf(client: TlsMaterial['client']): string {
  const hash = createHash('sha256').update(JSON.stringify([client?.certificates, client?.ca]));
  return hash.digest('hex').slice(0, 32);
}
