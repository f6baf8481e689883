// Reads the certificates and keys that the options name, and checks them.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Pair, TlsMaterial } from './material.ts';
import type { PairSource, PemSource, TlsSources } from './sources.ts';

/** Reads and checks all pairs. @throws Error of one line that names the option */
export function readMaterial({ pairs, client }: TlsSources): TlsMaterial {
  return { pairs: pairs.map(readPair), client };
}

function readPair({ cert, key, ca, passphrase, serverNames }: PairSource): Pair {
  const certText = read(cert);
  return {
    cert: certText,
    key: read(key),
    ca: ca && read(ca),
    passphrase,
    serverNames: serverNames ?? namesOf(certText),
  };
}

function read(source: PemSource): string {
  return 'text' in source ? source.text : readFileSync(source.file, 'utf8');
}

/** The host names of a certificate, in lower case. */
function namesOf(cert: string): string[] {
  const names = new X509Certificate(cert).subjectAltName ?? '';
  return names.split(', ').flatMap((name) => (name.startsWith('DNS:') ? name.slice(4).toLowerCase() : []));
}
