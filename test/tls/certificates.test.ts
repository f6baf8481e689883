// The certificates that other tests use.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { authority, pair } from '../support/certificates.ts';

const DAY_MS = 86_400_000;

test('a pair is signed by the root, names its hosts, and is valid now', () => {
  const { cert, key, ca, certFile, keyFile } = pair();
  const read = new X509Certificate(cert);
  expect(read.checkHost('localhost')).toBe('localhost');
  expect(read.checkIP('::1')).toBe('::1');
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(read.verify(new X509Certificate(ca).publicKey)).toBe(true);
  expect(Date.parse(read.validFrom)).toBeLessThan(Date.now());
  expect(Date.parse(read.validTo)).toBeGreaterThan(Date.now() + DAY_MS);
  expect([readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]).toEqual([cert, key]);
});

test('equal wishes get the same pair, others another one', () => {
  expect(pair({ names: ['a.test'] })).toBe(pair({ names: ['a.test'] }));
  expect(pair({ names: ['a.test'] })).not.toBe(pair({ names: ['b.test'] }));
});

test('a pair can be expired, not yet valid, RSA, encrypted, and without alternative names', () => {
  expect(Date.parse(new X509Certificate(pair({ days: -1 }).cert).validTo)).toBeLessThan(Date.now());
  const later = new X509Certificate(pair({ startsInDays: 1 }).cert);
  expect(Date.parse(later.validFrom)).toBeGreaterThan(Date.now());
  expect(createPrivateKey(pair({ rsaBits: 2048 }).key).asymmetricKeyType).toBe('rsa');
  const { key } = pair({ passphrase: 'secret' });
  expect(() => createPrivateKey(key)).toThrow();
  expect(createPrivateKey({ key, passphrase: 'secret' }).asymmetricKeyType).toBe('ec');
  const bare = new X509Certificate(pair({ names: [], commonName: 'bare.test' }).cert);
  expect([bare.subject, bare.subjectAltName]).toEqual(['CN=bare.test', undefined]);
});

test('a chain goes from the certificate over the intermediate authority to the root', () => {
  const root = authority('root of a chain');
  const { cert, ca } = pair({ authority: authority('intermediate', root) });
  const [leaf, intermediate, ...more] = cert.split(/(?=-----BEGIN)/).map((text) => new X509Certificate(text));
  expect(more).toEqual([]);
  expect(leaf?.verify((intermediate as X509Certificate).publicKey)).toBe(true);
  expect(intermediate?.verify(new X509Certificate(root.cert).publicKey)).toBe(true);
  expect(ca).toBe(root.cert);
});
