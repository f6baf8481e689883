// The property `tls` of serve(), and the flags of the command line that lead to the same sources.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../src/option-kinds.ts';
import type { TlsSources } from '../src/tls/sources.ts';
import { readTls } from '../src/tls-options.ts';
import { optionsOf } from './support/read-command.ts';

const PEM = '-----BEGIN CERTIFICATE-----\n';
const pair = { cert: PEM, key: 'key.pem' };

/** The message of the error. */
function complaint(given: unknown): string {
  try {
    readTls(given);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return (error as Error).message;
  }
  return '';
}

function commandOf(args: string[]): TlsSources | undefined {
  return optionsOf(args).tls;
}

describe('serve({ tls })', () => {
  test('a text in PEM is the certificate; another text is a path, from the working directory', () => {
    expect(readTls(pair)).toEqual({
      pairs: [
        {
          cert: [{ called: 'tls.cert', text: PEM }],
          key: { called: 'tls.key', file: resolve('key.pem') },
          passphrase: undefined,
          passphraseCalled: 'tls.passphrase',
          serverName: undefined,
        },
      ],
      client: undefined,
    });
  });

  test('bytes of any view are a text, a file: URL is a path', () => {
    const bytes = new TextEncoder().encode(`xx${PEM}`);
    const url = pathToFileURL('/a folder/key.pem');
    for (const cert of [bytes.subarray(2), bytes.buffer.slice(2), new DataView(bytes.buffer, 2)]) {
      const { pairs } = readTls({ cert, key: url });
      expect(pairs[0]?.cert).toEqual([{ called: 'tls.cert', text: PEM }]);
      expect(pairs[0]?.key).toEqual({ called: 'tls.key', file: '/a folder/key.pem' });
    }
  });

  test('a certificate and its authorities may be arrays', () => {
    const { pairs, client } = readTls({ ...pair, cert: [PEM, '/chain.pem'], ca: [PEM] });
    expect(pairs[0]?.cert).toEqual([
      { called: 'tls.cert[0]', text: PEM },
      { called: 'tls.cert[1]', file: '/chain.pem' },
    ]);
    expect(client).toEqual({ ca: [{ called: 'tls.ca[0]', text: PEM }], certificates: 'require' });
  });

  test('each pair of an array has its place in messages, and a host', () => {
    const { pairs } = readTls([pair, { ...pair, serverName: '*.Example.com', passphrase: 'secret' }]);
    expect(pairs[1]).toMatchObject({
      key: { called: 'tls[1].key' },
      passphrase: 'secret',
      passphraseCalled: 'tls[1].passphrase',
      serverName: '*.Example.com',
    });
  });

  test.each([
    [{ ca: PEM }, 'require'],
    [{ ca: PEM, requestCert: true }, 'require'],
    [{ ca: PEM, requestCert: true, rejectUnauthorized: true }, 'require'],
    [{ ca: PEM, rejectUnauthorized: false }, 'request'],
    [{ ca: PEM, requestCert: true, rejectUnauthorized: false }, 'request'],
    [{ requestCert: false, rejectUnauthorized: true }, undefined],
  ])('%j: certificates of clients are asked for by %s', (more, certificates) => {
    expect(readTls({ ...pair, ...more }).client?.certificates).toBe(certificates);
  });

  test('pairs may say the same about clients', () => {
    const { client } = readTls([
      { ...pair, ca: PEM },
      { ...pair, ca: PEM, requestCert: true },
    ]);
    expect(client?.ca).toEqual([{ called: 'tls[0].ca', text: PEM }]);
  });

  test.each([
    [null, 'tls must be { cert, key } or an array of them, not null'],
    [[pair, 'x'], 'tls[1] must be { cert, key } or an array of them, not string'],
    [[], 'tls is an empty array: give at least one { cert, key }'],
    [{}, 'tls.cert must be PEM text, its bytes, a path or a URL, not undefined'],
    [{ cert: PEM }, 'tls.key must be PEM text, its bytes, a path or a URL, not undefined'],
    [
      { ...pair, key: new Date(0) },
      'tls.key must be PEM text, its bytes, a path or a URL, not object (Date)',
    ],
    [{ ...pair, key: '' }, 'tls.key is empty: give PEM text or a path'],
    [{ ...pair, cert: [] }, 'tls.cert is an empty array: give PEM text or a path'],
    [{ ...pair, cert: [PEM, 1] }, 'tls.cert[1] must be PEM text, its bytes, a path or a URL, not number'],
    [{ ...pair, key: new URL('https://a/') }, "tls.key must be a file: URL, not 'https:'"],
    [{ ...pair, passphrase: 1 }, 'tls.passphrase must be text, not number'],
    [{ ...pair, requestCert: 'yes' }, 'tls.requestCert must be true or false, not string'],
    [
      { ...pair, requestCert: true },
      'tls.requestCert needs tls.ca: give the authorities that sign the certificates of clients',
    ],
    [
      { ...pair, ca: PEM, requestCert: false },
      'tls.ca has no use without client certificates: leave out ca or requestCert',
    ],
    [{ ...pair, crt: PEM }, "tls has no 'crt': did you mean cert?"],
    [
      [pair, { ...pair, ecdhCurve: 'auto' }],
      "tls[1] has no 'ecdhCurve': its keys are cert, key, ca, passphrase, serverName, requestCert, rejectUnauthorized",
    ],
    [{ ...pair, pfx: '' }, "tls has no 'pfx' in hotpath: give cert and key, converted with openssl pkcs12"],
    [{ ...pair, constructor: 1 }, /^tls has no 'constructor': its keys are/],
    [
      { ...pair, serverName: 'https://a' },
      "tls.serverName must be a host such as example.com or *.example.com, not 'https://a'",
    ],
    [{ ...pair, serverName: 'a<b' }, /^tls.serverName must be a host such as .*, not 'a<b'$/],
    [
      [
        { ...pair, serverName: 'a.test' },
        { ...pair, serverName: 'A.test.' },
      ],
      'tls[1].serverName is that of tls[0], too: each host needs one pair',
    ],
    [
      [pair, { ...pair, ca: PEM }],
      'tls[1] asks for other client certificates than tls[0]: give all pairs the same ca, requestCert and rejectUnauthorized',
    ],
    [
      [
        { ...pair, ca: PEM },
        { ...pair, ca: 'other.pem' },
      ],
      /^tls\[1\] asks for other client certificates than tls\[0\]/,
    ],
  ])('%j: %s', (given, message) => {
    expect(complaint(given)).toMatch(message);
    if (typeof message === 'string') expect(complaint(given)).toBe(message);
  });

  test.each([`MII${'x'.repeat(200)}`, 'line\nline', 'nul\0'])(
    'a text that is no path is not repeated as one',
    (key) => {
      expect(readTls({ ...pair, key }).pairs[0]?.key).toEqual({ called: 'tls.key', text: key });
    },
  );
});

describe('flags', () => {
  const files = ['--tls-cert', '/a.pem', '--tls-key', '/a.key'];

  test('are taken in pairs, in their order', () => {
    const tls = commandOf([
      '--tls-cert',
      '/a.pem',
      '--tls-cert',
      '/b.pem',
      '--tls-key',
      '/a.key',
      '--tls-key',
      '/b.key',
    ]);
    expect(tls).toEqual({
      pairs: ['a', 'b'].map((name) => ({
        cert: [{ called: '--tls-cert', file: `/${name}.pem` }],
        key: { called: '--tls-key', file: `/${name}.key` },
      })),
      client: undefined,
    });
  });

  test('ask for certificates of clients', () => {
    const ca = [{ called: '--tls-ca', file: '/ca.pem' }];
    expect(commandOf([...files, '--tls-ca', '/ca.pem'])?.client).toEqual({ ca, certificates: 'require' });
    expect(commandOf([...files, '--tls-ca', '/ca.pem', '--tls-client', 'request'])?.client).toEqual({
      ca,
      certificates: 'request',
    });
  });

  test.each([
    [
      ['--tls-cert', 'a', '--tls-cert', 'b', '--tls-key', 'c'],
      '--tls-cert and --tls-key come in pairs: give both, once for each certificate',
    ],
    [
      [...files, '--tls-client', 'request'],
      '--tls-client belongs to --tls-ca: give the authorities that sign the certificates of clients',
    ],
    [['--tls-client', 'request'], '--tls-client belongs to HTTPS: give a certificate, too'],
    [['--tls-ca', 'a'], '--tls-ca belongs to HTTPS: give a certificate, too'],
    [
      [...files, '--redirect-http', '8080'],
      "--redirect-http and --port are 8080: the port of HTTPS can't speak HTTP, too",
    ],
    [[...files, '--model', 'thread'], '--model thread has no HTTPS: leave out the certificates'],
  ])('%j: %s', (args, message) => {
    expect(() => commandOf(args)).toThrow(new OptionError(message));
  });

  test('both ports may be picked', () => {
    expect(() => commandOf([...files, '--port', '0', '--redirect-http', '0'])).not.toThrow();
  });
});
