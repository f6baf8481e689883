// Every mistake in a certificate or a key is one line that names the option and the fix.

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMaterial } from '../../src/tls/read-material.ts';
import type { ClientSource, PairSource, PemSource, TlsSources } from '../../src/tls/sources.ts';
import { authority, type Issued, pair, pemFile } from '../support/certificates.ts';

const good = pair();
const other = pair({ names: ['other.test'] });

const certFile = (file: string): PemSource => ({ called: '--tls-cert', file });
const keyFile = (file: string): PemSource => ({ called: '--tls-key', file });

function source({ certFile: cert, keyFile: key }: Pick<Issued, 'certFile' | 'keyFile'>): PairSource {
  return { cert: [certFile(cert)], key: keyFile(key) };
}

function sources(pairs: PairSource[], client?: ClientSource): TlsSources {
  return { pairs, client };
}

/** The message about one pair. */
function complaint(one: PairSource, client?: ClientSource): string {
  try {
    readMaterial(sources([one], client));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

const complaintOfCert = (file: string): string => complaint(source({ ...good, certFile: file }));
const complaintOfKey = (file: string): string => complaint(source({ ...good, keyFile: file }));

test('a pair becomes its texts and the names of its hosts', () => {
  const { material, warnings } = readMaterial(sources([source(good), source(other)]));
  expect(material).toEqual({
    pairs: [
      { cert: good.cert, key: good.key, serverNames: ['localhost'] },
      { cert: other.cert, key: other.key, serverNames: ['other.test'] },
    ],
    client: undefined,
  });
  expect(warnings).toEqual([]);
});

test('texts of a program are read as files are, and other parts of a PEM text are left out', () => {
  const together = `notes\n${good.key}${good.cert}`;
  const text = { called: 'tls.cert', text: together };
  const { material } = readMaterial(sources([{ cert: [text], key: { called: 'tls.key', text: together } }]));
  expect(material.pairs[0]).toMatchObject({ cert: good.cert, key: good.key });
});

test('a given host takes the place of those of the certificate', () => {
  const { material } = readMaterial(sources([{ ...source(good), serverName: 'Given.TEST.' }]));
  expect(material.pairs[0]?.serverNames).toEqual(['given.test']);
  // Clients send names of other scripts in ASCII (RFC 5891).
  const international = readMaterial(sources([{ ...source(good), serverName: '*.Bücher.test' }]));
  expect(international.material.pairs[0]?.serverNames).toEqual(['*.xn--bcher-kva.test']);
});

describe('files', () => {
  test('one that is missing', () => {
    expect(complaintOfCert('/no/such.pem')).toBe(
      "--tls-cert '/no/such.pem' does not exist: give the path of a PEM file",
    );
    expect(complaintOfKey('/no/such.key')).toBe(
      "--tls-key '/no/such.key' does not exist: give the path of a PEM file",
    );
  });

  test('a folder', () => {
    const folder = dirname(good.certFile);
    expect(complaintOfCert(folder)).toBe(
      `--tls-cert '${folder}' is a folder: give the path of a PEM file in it`,
    );
  });

  test('a device or a pipe, which could keep a reader waiting', () => {
    expect(complaintOfKey('/dev/null')).toBe(
      "--tls-key '/dev/null' is not a regular file: give the path of a PEM file",
    );
  });

  test.skipIf(process.getuid?.() === 0)('one that may not be read', () => {
    const file = pemFile(good.key);
    chmodSync(file, 0);
    expect(complaintOfKey(file)).toBe(
      `--tls-key '${file}' can't be read: the user of the server may not read it`,
    );
  });

  test('a circle of links', () => {
    const file = `${good.certFile}.link`;
    symlinkSync(file, file);
    expect(complaintOfCert(file)).toMatch(/^--tls-cert '.*' can't be read: ELOOP: [^\n]*$/);
  });

  test('one that is empty, too large, cut off, or not PEM', () => {
    const file = (text: string): string => pemFile(text);
    expect(complaintOfCert(file(' \n'))).toMatch(/^--tls-cert '.*' is empty: it must be in PEM format$/);
    expect(complaintOfCert(file('x'.repeat(1_048_577)))).toMatch(
      / is larger than 1 MiB: give the path of a PEM file$/,
    );
    expect(complaintOfCert(file(good.cert.slice(0, -40)))).toMatch(
      / is cut off: copy all of it, down to the line -----END$/,
    );
    expect(complaintOfCert(file('hello'))).toMatch(/ is not in PEM format, which begins with -----BEGIN$/);
    const der = new X509Certificate(good.cert).raw.toString('latin1');
    expect(complaintOfCert(file(der))).toMatch(
      / is not in PEM format, which begins with -----BEGIN: convert it with openssl, which reads DER and PKCS #12$/,
    );
  });

  test('a path with control characters stays one line', () => {
    expect(complaintOfCert('/no/such\nfile')).toBe(
      "--tls-cert '/no/such\\x0afile' does not exist: give the path of a PEM file",
    );
  });

  test('a text of a program is never repeated', () => {
    const text = good.key.replaceAll(/-----.*-----/g, '');
    const message = complaint({ ...source(good), key: { called: 'tls.key', text } });
    expect(message).toBe('tls.key is not in PEM format, which begins with -----BEGIN');
  });
});

describe('certificates', () => {
  test('a key, or a request, in the place of a certificate', () => {
    expect(complaintOfCert(good.keyFile)).toBe(
      `--tls-cert '${good.keyFile}' holds no certificate, but a private key: give a certificate`,
    );
    const request = pemFile(good.cert.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'));
    expect(complaintOfCert(request)).toBe(
      `--tls-cert '${request}' holds no certificate, but a block 'CERTIFICATE REQUEST': give a certificate`,
    );
  });

  test('one that is damaged, with its number', () => {
    const damaged = other.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    const file = pemFile(good.cert + damaged);
    expect(complaintOfCert(file)).toMatch(/^certificate 2 of --tls-cert '.*' can't be read: [^:\n]+$/);
  });

  test('one that has expired', () => {
    const { certFile: file, ...rest } = pair({ days: -2 });
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    expect(complaint(source({ ...rest, certFile: file }))).toBe(
      `--tls-cert '${file}' expired on ${day}: renew it`,
    );
  });

  test('one that is not yet valid', () => {
    const later = pair({ startsInDays: 3 });
    expect(complaint(source(later))).toMatch(
      /^--tls-cert '.*' is not valid before \d{4}-\d\d-\d\d: check the clock of this machine$/,
    );
  });

  test('one that expires within 7 days is used, with a warning', () => {
    const soon = pair({ days: 6.9 });
    const { warnings } = readMaterial(sources([source(soon)]));
    expect(warnings).toEqual([
      expect.stringMatching(/^--tls-cert '.*' expires on \d{4}-\d\d-\d\d: renew it$/),
    ]);
    expect(readMaterial(sources([source(pair({ days: 7.1 }))])).warnings).toEqual([]);
  });

  test('a chain in the wrong order', () => {
    const root = authority('root of order');
    const middle = authority('middle of order', root);
    const leaf = pair({ names: ['order.test'], authority: middle });
    const [own, ...chain] = leaf.cert.split(/(?=-----BEGIN)/) as [string, ...string[]];
    expect(complaintOfCert(leaf.certFile)).toMatch(/is not the key of/);
    const say = (...parts: string[]): string =>
      complaint(source({ keyFile: leaf.keyFile, certFile: pemFile(parts.join('')) }));
    expect(say(own, ...chain)).toBe('');
    expect(say(own, ...chain, root.cert)).toBe('');
    expect(say(...chain, own)).toMatch(
      /^--tls-cert '.*' has its certificates in the wrong order: put number 2, the certificate of the key, first$/,
    );
    expect(say(own, root.cert, ...chain)).toMatch(
      /^--tls-cert '.*' has its certificates in the wrong order: number 3 signed number 1, so put it right behind it$/,
    );
    // Certificates of other chains do no harm.
    expect(say(own, ...chain, other.cert)).toBe('');
  });

  test('the same host in two pairs: the first one serves it, and a warning says so', () => {
    const second = pair({ names: ['localhost', 'second.test'] });
    const { warnings } = readMaterial(sources([source(good), source(second)]));
    expect(warnings).toEqual([
      `--tls-cert '${second.certFile}' names localhost, as --tls-cert '${good.certFile}' does, which serves it: leave out one of them`,
    ]);
  });

  test('a key that OpenSSL finds too small', () => {
    expect(complaint(source(pair({ rsaBits: 512 })))).toMatch(
      /^OpenSSL rejects --tls-cert '.*': ee key too small$/,
    );
  });
});

describe('keys', () => {
  test('a certificate in the place of a key', () => {
    expect(complaintOfKey(good.certFile)).toBe(
      `--tls-key '${good.certFile}' holds no private key, but a certificate: give the key of the certificate`,
    );
  });

  test('the key of another certificate', () => {
    expect(complaintOfKey(other.keyFile)).toBe(
      `--tls-key '${other.keyFile}' is not the key of --tls-cert '${good.certFile}': give the key that the certificate was made for`,
    );
  });

  test('a key of RSA fits no certificate of ECDSA', () => {
    expect(complaintOfKey(pair({ rsaBits: 2048 }).keyFile)).toMatch(/is not the key of/);
    expect(complaint(source(pair({ rsaBits: 2048 })))).toBe('');
  });

  test('an encrypted key needs its passphrase', () => {
    const locked = pair({ passphrase: 'secret' });
    const say = (more: Partial<PairSource>): string => complaint({ ...source(locked), ...more });
    const { keyFile: file } = locked;
    expect(say({})).toBe(`--tls-key '${file}' is encrypted: decrypt it with openssl pkey`);
    expect(say({ passphraseCalled: 'tls.passphrase' })).toBe(
      `--tls-key '${file}' is encrypted: give tls.passphrase, or decrypt it with openssl pkey`,
    );
    expect(say({ passphrase: 'wrong', passphraseCalled: 'tls.passphrase' })).toBe(
      `--tls-key '${file}' can't be decrypted: check tls.passphrase`,
    );
  });

  test('an encrypted key reaches the threads without its encryption', () => {
    const locked = pair({ passphrase: 'secret' });
    const { material } = readMaterial(sources([{ ...source(locked), passphrase: 'secret' }]));
    expect(material.pairs[0]?.key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test('a key of an unknown kind', () => {
    const odd = pemFile(
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n',
    );
    expect(complaintOfKey(odd)).toMatch(
      /^--tls-key '.*' can't be read \([^:\n]+\): give a key of RSA, ECDSA or Ed25519, in the format of openssl$/,
    );
    const { privateKey } = generateKeyPairSync('x25519');
    const agreement = pemFile(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(complaintOfKey(agreement)).toMatch(/is not the key of/);
  });
});

describe('authorities', () => {
  const ca = (file: string): ClientSource => ({
    ca: [{ called: '--tls-ca', file }],
    certificates: 'require',
  });

  test('their certificates are read', () => {
    const { material } = readMaterial(sources([source(good)], ca(good.caFile)));
    expect(material.client).toEqual({ ca: good.ca, certificates: 'require' });
  });

  test('a file that has none', () => {
    expect(complaint(source(good), ca('/no/such.pem'))).toMatch(/^--tls-ca '.*' does not exist/);
    expect(complaint(source(good), ca(good.keyFile))).toBe(
      `--tls-ca '${good.keyFile}' holds no certificate, but a private key: give a certificate of an authority`,
    );
    const damaged = pemFile('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----');
    expect(complaint(source(good), ca(damaged))).toMatch(
      /^certificate 1 of --tls-ca '.*' can't be read: [^\n]+$/,
    );
  });
});
