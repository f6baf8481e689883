// The options of TLS: from the flags of the command line, and from the property `tls` of serve(), to the sources of
// certificates.

import { kindOf } from './app/kind.ts';
import { OptionError } from './option-kinds.ts';
import type { OptionName, Options } from './options.ts';
import type { PairSource, PemSource, TlsSources } from './tls/sources.ts';

/** PEM text, its bytes, or the path or the URL of a file, which is read anew at each reload. */
export type Pem = string | URL | Uint8Array;

/** A certificate with its key. */
export interface TlsPair {
  /** The certificate and its chain. */
  cert: Pem;
  key: Pem;
  /** Certificates of authorities: clients need a certificate that one of them has signed. */
  ca?: Pem | undefined;
  /** Decrypts the key. */
  passphrase?: string | undefined;
  /** Host that this pair serves, such as `example.com` or `*.example.com`; by default those of the certificate. */
  serverName?: string | undefined;
}

type Called = (name: OptionName) => string;

/** Puts the sources that the flags name into `tls`. @throws OptionError */
export function fitTls(options: Options, { called }: { called: Called }): void {
  const { tlsCert, tlsKey, tlsCa, tlsClient } = options;
  if (tlsCert !== undefined || tlsKey !== undefined) {
    if (tlsCert?.length !== tlsKey?.length)
      throw new OptionError(`${called('tlsCert')} and ${called('tlsKey')} come in pairs: give both`);
    const ca: PemSource | undefined =
      tlsCa === undefined ? undefined : { called: called('tlsCa'), file: tlsCa };
    options.tls = {
      pairs: (tlsCert ?? []).map((file, i) => ({
        cert: { called: called('tlsCert'), file },
        key: { called: called('tlsKey'), file: tlsKey?.[i] as string },
        ca,
      })),
      client: ca && (tlsClient ?? 'require'),
    };
  }
  if (options.tls !== undefined) {
    if (options.model !== 'event-loop')
      throw new OptionError(`${called('model')} ${options.model} has no HTTPS: leave out the certificates`);
    return;
  }
  for (const name of ['tlsCa', 'tlsClient', 'redirectHttp'] as const)
    if (options[name] !== undefined)
      throw new OptionError(`${called(name)} belongs to HTTPS: give a certificate, too`);
  if (options.http2) throw new OptionError(`${called('http2')} belongs to HTTPS: give a certificate, too`);
}

/** Reads the property `tls` of serve(). @throws OptionError */
export function readTls(given: unknown): TlsSources {
  const pairs = (Array.isArray(given) ? given : [given]).map(readPair);
  const client = pairs.some(({ ca }) => ca !== undefined) ? 'require' : undefined;
  return { pairs, client };
}

function readPair(given: unknown): PairSource {
  if (typeof given !== 'object' || given === null)
    throw new OptionError(`tls must be { cert, key } or an array of them, not ${kindOf(given)}`);
  const { cert, key, ca, passphrase, serverName } = given as TlsPair;
  return {
    cert: readPem(cert, 'tls.cert'),
    key: readPem(key, 'tls.key'),
    ca: ca === undefined ? undefined : readPem(ca, 'tls.ca'),
    passphrase,
    serverNames: serverName === undefined ? undefined : [serverName.toLowerCase()],
  };
}

function readPem(given: Pem, called: string): PemSource {
  if (given instanceof URL) return { called, file: given.pathname };
  const text = typeof given === 'string' ? given : Buffer.from(given).toString('latin1');
  return text.includes('-----BEGIN') ? { called, text } : { called, file: text };
}
