// The secure contexts of a thread, one for each pair of certificate and key. The name that a client asks for chooses one
// (RFC 6066 3, SNI).

import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Pair, TlsMaterial } from './material.ts';
import type { ClientCertificates } from './sources.ts';

export class SecureContexts {
  private contexts: readonly SecureContext[] = [];
  private material: TlsMaterial = { pairs: [], client: undefined };

  /** @throws Error if OpenSSL rejects the material */
  constructor(material: TlsMaterial) {
    this.renew(material);
  }

  /** The context of clients that name no host, or an unknown one. */
  get byDefault(): SecureContext {
    return this.contexts[0] as SecureContext;
  }

  /** Whether clients are asked for certificates. */
  get client(): ClientCertificates | undefined {
    return this.material.client;
  }

  /** Returns the context for the host that a client names; undefined if no certificate has that name. */
  of(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const anyHost = name.replace(/^[^.]+/, '*');
    const { pairs } = this.material;
    const found = [name, anyHost].map((wanted) =>
      pairs.findIndex(({ serverNames }) => serverNames.includes(wanted)),
    );
    return this.contexts[found.find((index) => index >= 0) ?? -1];
  }

  /** Replaces all contexts. Connections that are open keep theirs. @throws Error if OpenSSL rejects the material */
  renew(material: TlsMaterial): void {
    this.contexts = material.pairs.map(contextOf);
    this.material = material;
  }
}

function contextOf({ cert, key, ca, passphrase }: Pair): SecureContext {
  const options: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2', honorCipherOrder: true };
  if (ca !== undefined) options.ca = ca;
  if (passphrase !== undefined) options.passphrase = passphrase;
  return createSecureContext(options);
}
