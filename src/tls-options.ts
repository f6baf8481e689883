// The options of TLS: from the flags of the command line, and from the property `tls` of serve(), to the sources of
// certificates.

import { resolve } from 'node:path';
import { domainToASCII, fileURLToPath } from 'node:url';
import { kindOf } from './app/kind.ts';
import { nearest } from './nearest.ts';
import { escaped } from './one-line.ts';
import { OptionError } from './option-kinds.ts';
import type { OptionName, Options } from './options.ts';
import { normalHost } from './tls/names.ts';
import type { ClientCertificates, ClientSource, PairSource, PemSource, TlsSources } from './tls/sources.ts';

/** PEM text, its bytes, or the path or the URL of a file, which is read anew at each reload. */
export type Pem = string | URL | ArrayBufferView | ArrayBuffer;

/** A certificate with its key. */
export interface TlsPair {
  /** The certificate and its chain; the parts of an array are read as one text. */
  cert: Pem | readonly Pem[];
  key: Pem;
  /**
   * Certificates of authorities: clients need a certificate that one of them has signed. If a server has several pairs, all
   * of them need the same authorities.
   */
  ca?: Pem | readonly Pem[] | undefined;
  /** Decrypts the key. */
  passphrase?: string | undefined;
  /** Host that this pair serves, such as `example.com` or `*.example.com`; by default those of the certificate. */
  serverName?: string | undefined;
  /** Whether clients are asked for a certificate. Default: true with `ca`. */
  requestCert?: boolean | undefined;
  /** Whether clients without a valid certificate are refused. If false, the application decides. Default: true. */
  rejectUnauthorized?: boolean | undefined;
}

const PAIR_KEYS = [
  'cert',
  'key',
  'ca',
  'passphrase',
  'serverName',
  'requestCert',
  'rejectUnauthorized',
] as const satisfies readonly (keyof TlsPair)[];

/** Options of other servers, and what to do in hotpath. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  keyFile: 'give the path as key',
  certFile: 'give the path as cert',
  caFile: 'give the path as ca',
  servername: 'write serverName',
  pfx: 'give cert and key, converted with openssl pkcs12',
  minVersion: 'it speaks TLS 1.2 and 1.3',
  maxVersion: 'it speaks TLS 1.2 and 1.3',
  ALPNProtocols: 'the option http2 offers HTTP/2',
  SNICallback: 'give an array of pairs',
  ticketKeys: 'it makes and replaces the keys itself',
};

type Called = (name: OptionName) => string;

/** Puts the sources that the flags name into `tls`. @throws OptionError */
export function fitTls(options: Options, { called }: { called: Called }): void {
  const { tlsCert, tlsKey } = options;
  if (tlsCert !== undefined || tlsKey !== undefined) {
    if (tlsCert?.length !== tlsKey?.length)
      throw new OptionError(
        `${called('tlsCert')} and ${called('tlsKey')} come in pairs: give both, once for each certificate`,
      );
    options.tls = {
      pairs: (tlsCert ?? []).map((file, i) => ({
        cert: [{ called: called('tlsCert'), file }],
        key: { called: called('tlsKey'), file: tlsKey?.[i] as string },
      })),
      client: clientOfFlags(options, called),
    };
  }
  if (options.tls !== undefined) {
    if (options.model !== 'event-loop')
      throw new OptionError(`${called('model')} ${options.model} has no HTTPS: leave out the certificates`);
    const { port, redirectHttp } = options;
    if (redirectHttp !== undefined && redirectHttp !== 0 && redirectHttp === port)
      throw new OptionError(
        `${called('redirectHttp')} and ${called('port')} are ${port}: the port of HTTPS can't speak HTTP, too`,
      );
    return;
  }
  for (const name of ['tlsCa', 'tlsClient', 'redirectHttp'] as const)
    if (options[name] !== undefined)
      throw new OptionError(`${called(name)} belongs to HTTPS: give a certificate, too`);
  if (options.http2) throw new OptionError(`${called('http2')} belongs to HTTPS: give a certificate, too`);
}

function clientOfFlags({ tlsCa, tlsClient }: Options, called: Called): ClientSource | undefined {
  if (tlsCa !== undefined)
    return { ca: [{ called: called('tlsCa'), file: tlsCa }], certificates: tlsClient ?? 'require' };
  if (tlsClient !== undefined)
    throw new OptionError(
      `${called('tlsClient')} belongs to ${called('tlsCa')}: give the authorities that sign the certificates of clients`,
    );
  return undefined;
}

/** Reads the property `tls` of serve(), or the argument of reloadTls(). @throws OptionError */
export function readTls(given: unknown): TlsSources {
  const several = Array.isArray(given);
  const list: unknown[] = several ? given : [given];
  if (list.length === 0) throw new OptionError('tls is an empty array: give at least one { cert, key }');
  const read = list.map((pair, i) => readPair(pair, several ? `tls[${i}]` : 'tls'));
  checkServerNames(read);
  const [first] = read as [ReadPair, ...ReadPair[]];
  for (const { called, client } of read)
    if (!sameClient(client, first.client))
      throw new OptionError(
        `${called} asks for other client certificates than ${first.called}: give all pairs the same ca, requestCert and rejectUnauthorized`,
      );
  return { pairs: read.map(({ pair }) => pair), client: first.client };
}

interface ReadPair {
  /** `tls`, or `tls[1]`. */
  called: string;
  pair: PairSource;
  client: ClientSource | undefined;
}

function readPair(given: unknown, called: string): ReadPair {
  if (typeof given !== 'object' || given === null)
    throw new OptionError(`${called} must be { cert, key } or an array of them, not ${kindOf(given)}`);
  for (const name of Object.keys(given)) checkKey(name, called);
  const { cert, key, passphrase, serverName } = given as Partial<TlsPair>;
  for (const [name, value] of Object.entries({ passphrase, serverName }))
    if (value !== undefined && typeof value !== 'string')
      throw new OptionError(`${called}.${name} must be text, not ${kindOf(value)}`);
  return {
    called,
    pair: {
      cert: readPems(cert, `${called}.cert`),
      key: readPem(key, `${called}.key`),
      passphrase,
      passphraseCalled: `${called}.passphrase`,
      serverName,
    },
    client: readClient(given as Partial<TlsPair>, called),
  };
}

function checkKey(name: string, called: string): void {
  if ((PAIR_KEYS as readonly string[]).includes(name)) return;
  const shown = escaped(name);
  if (Object.hasOwn(ELSEWHERE, name))
    throw new OptionError(`${called} has no '${shown}' in hotpath: ${ELSEWHERE[name]}`);
  const meant = nearest(name, PAIR_KEYS);
  throw new OptionError(
    `${called} has no '${shown}'${meant === undefined ? `: its keys are ${PAIR_KEYS.join(', ')}` : `: did you mean ${meant}?`}`,
  );
}

function readClient(
  { ca, requestCert, rejectUnauthorized }: Partial<TlsPair>,
  called: string,
): ClientSource | undefined {
  for (const [name, value] of Object.entries({ requestCert, rejectUnauthorized }))
    if (value !== undefined && typeof value !== 'boolean')
      throw new OptionError(`${called}.${name} must be true or false, not ${kindOf(value)}`);
  if (ca === undefined) {
    if (requestCert)
      throw new OptionError(
        `${called}.requestCert needs ${called}.ca: give the authorities that sign the certificates of clients`,
      );
    return undefined;
  }
  if (requestCert === false)
    throw new OptionError(`${called}.ca has no use without client certificates: leave out ca or requestCert`);
  const certificates: ClientCertificates = rejectUnauthorized === false ? 'request' : 'require';
  return { ca: readPems(ca, `${called}.ca`), certificates };
}

function sameClient(one: ClientSource | undefined, other: ClientSource | undefined): boolean {
  const bare = ({ ca, certificates }: ClientSource): unknown => [
    certificates,
    ca.map((source) => ('file' in source ? source.file : [source.text])),
  ];
  return JSON.stringify(one && bare(one)) === JSON.stringify(other && bare(other));
}

function checkServerNames(pairs: readonly ReadPair[]): void {
  const known = new Map<string, string>();
  for (const { called, pair } of pairs) {
    if (pair.serverName === undefined) continue;
    const name = normalHost(pair.serverName);
    if (!/^(\*\.)?[^\s*/:]+$/.test(name) || domainToASCII(name) === '')
      throw new OptionError(
        `${called}.serverName must be a host such as example.com or *.example.com, not '${escaped(pair.serverName)}'`,
      );
    const before = known.get(name);
    if (before !== undefined)
      throw new OptionError(`${called}.serverName is that of ${before}, too: each host needs one pair`);
    known.set(name, called);
  }
}

function readPems(given: unknown, called: string): PemSource[] {
  if (!Array.isArray(given)) return [readPem(given, called)];
  if (given.length === 0) throw new OptionError(`${called} is an empty array: give PEM text or a path`);
  return given.map((one, i) => readPem(one, `${called}[${i}]`));
}

function readPem(given: unknown, called: string): PemSource {
  if (given instanceof URL) {
    if (given.protocol !== 'file:')
      throw new OptionError(`${called} must be a file: URL, not '${escaped(given.protocol)}'`);
    return { called, file: fileURLToPath(given) };
  }
  if (ArrayBuffer.isView(given) || given instanceof ArrayBuffer) return { called, text: textOf(given) };
  if (typeof given !== 'string')
    throw new OptionError(`${called} must be PEM text, its bytes, a path or a URL, not ${kindOf(given)}`);
  if (given === '') throw new OptionError(`${called} is empty: give PEM text or a path`);
  // A text that can be no path is not repeated in a message, since it may be a key.
  return given.includes('-----BEGIN') || /[\n\0]|^MI[A-Za-z0-9+/=]{98}/.test(given)
    ? { called, text: given }
    : { called, file: resolve(given) };
}

function textOf(bytes: ArrayBufferView | ArrayBuffer): string {
  const all = ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
  return all.toString('latin1');
}
