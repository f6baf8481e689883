// The host names of certificates (RFC 6125 6.4), in lower case and without a dot at the end.

import type { X509Certificate } from 'node:crypto';

/**
 * Returns the host names of a certificate; a wildcard stays as it is: `*.example.com`. A certificate without alternative
 * names has its common name.
 */
export function hostsOf({ subjectAltName, subject }: X509Certificate): string[] {
  const [, commonName] = /^CN=(.*)$/m.exec(subject ?? '') ?? [];
  const names =
    subjectAltName === undefined
      ? [commonName ?? '']
      : [...subjectAltName.matchAll(/(?<=^|, )DNS:([^",]*)(?=$|, )/g)].map(([, name]) => name as string);
  return names.map(normalHost).filter((name) => /^[^\s/]+$/.test(name));
}

/** Returns a host name in the form in which names are compared. */
export function normalHost(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Returns the wildcard that covers a host: `*.example.com` for `www.example.com`. A wildcard stands for one label. */
export function wildcardOf(host: string): string {
  return host.replace(/^[^.]*/, '*');
}
