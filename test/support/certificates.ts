// Certificates and keys for tests, made by the command `openssl` in a folder that is removed at the end. Equal wishes get
// the same pair, since keys take time to generate.

import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from './fixtures.ts';

/** A certificate with its key, as PEM texts and as files. */
export interface Issued {
  /** The certificate, then those of intermediate authorities. */
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
  /** The certificate of the root authority, which vouches for this one. */
  ca: string;
  caFile: string;
}

export interface Wishes {
  /** Host names, wildcards and IP addresses. With an empty list the certificate has only a common name. */
  names?: string[];
  /** By default the first name. */
  commonName?: string;
  /** The certificate expires after this many days; if negative, it has expired. */
  days?: number;
  /** The certificate begins to be valid after this many days. */
  startsInDays?: number;
  /** Size of an RSA key in bits. By default the key is ECDSA P-256. */
  rsaBits?: number;
  /** Encrypts the key. */
  passphrase?: string;
  /** Signs the certificate. */
  authority?: Issued;
  /** For a client of TLS. */
  client?: boolean;
  /** The certificate may sign others. */
  isAuthority?: boolean;
}

const DAY_MS = 86_400_000;
const folder = temporaryFolder('certificates');
const known = new Map<string, Issued>();
let count = 0;

/** An authority that tests trust: signed by itself, or by another authority. Each name is another authority. */
export function authority(commonName = 'root', by?: Issued): Issued {
  return pair({ names: [], commonName, days: 30, isAuthority: true, ...(by && { authority: by }) });
}

/** A certificate for localhost, signed by authority(), or as the wishes ask. */
export function pair(wishes: Wishes = {}): Issued {
  const wished = JSON.stringify(wishes);
  const found = known.get(wished) ?? issue(wishes);
  known.set(wished, found);
  return found;
}

/** Writes a text into the folder of certificates. @returns its path */
export function pemFile(text: string, ending = 'pem'): string {
  const file = join(folder, `${count++}.${ending}`);
  writeFileSync(file, text);
  return file;
}

function issue(wishes: Wishes): Issued {
  const { names = ['localhost', '127.0.0.1', '::1'], passphrase, isAuthority = false } = wishes;
  const { commonName = names[0] ?? 'unnamed', days = 30, startsInDays = Math.min(0, days) - 1 } = wishes;
  const key = newKey(wishes.rsaBits);
  const keyFile = pemFile(key, 'key');
  const by = wishes.authority ?? (isAuthority ? undefined : authority());
  const config = pemFile(configOf(names, isAuthority, wishes.client ?? false), 'cnf');
  const request = join(folder, `${count++}.csr`);
  openssl('req', '-new', '-config', config, '-key', keyFile, '-subj', `/CN=${commonName}`, '-out', request);
  const certFile = join(folder, `${count++}.pem`);
  const signer = by ? ['-cert', by.certFile, '-keyfile', by.keyFile] : ['-selfsign', '-keyfile', keyFile];
  const validity = ['-startdate', dateIn(startsInDays), '-enddate', dateIn(days)];
  openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    config,
    ...signer,
    ...validity,
    '-in',
    request,
    '-out',
    certFile,
  );
  const chain = by === undefined || by.cert === by.ca ? '' : by.cert;
  const cert = execFileSync('openssl', ['x509', '-in', certFile], { encoding: 'utf8' }) + chain;
  writeFileSync(certFile, cert);
  if (passphrase !== undefined) writeFileSync(keyFile, encrypted(key, passphrase));
  return {
    cert,
    key: passphrase === undefined ? key : encrypted(key, passphrase),
    certFile,
    keyFile,
    ca: by?.ca ?? cert,
    caFile: by?.caFile ?? certFile,
  };
}

function newKey(rsaBits: number | undefined): string {
  const { privateKey } =
    rsaBits === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: rsaBits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function encrypted(key: string, passphrase: string): string {
  return createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
    .toString();
}

/** The settings of `openssl req` and `openssl ca`, which needs a database and a number. */
function configOf(names: string[], isAuthority: boolean, client: boolean): string {
  const database = pemFile('', 'txt');
  const serial = pemFile(`${(Date.now() * 1000 + count).toString(16).padStart(16, '0')}\n`, 'txt');
  const alternatives = names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`).join(',');
  return `
[req]
distinguished_name = subject
[subject]
[ca]
default_ca = authority
[authority]
database = ${database}
new_certs_dir = ${folder}
serial = ${serial}
default_md = sha256
policy = policy
unique_subject = no
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
basicConstraints = critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
${isAuthority ? 'keyUsage = critical,keyCertSign,cRLSign' : `extendedKeyUsage = ${client ? 'clientAuth' : 'serverAuth'}`}
${alternatives === '' ? '' : `subjectAltName = ${alternatives}`}
`;
}

/** A date as `openssl ca` reads it: 20261127175415Z. */
function dateIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().replace(/\.\d+|[-:T]/g, '');
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
