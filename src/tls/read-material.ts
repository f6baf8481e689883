// Reads the certificates and keys that the options name, and checks them, so that a thread can't fail later. A failure is
// one line that names the option and the fix.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { escaped, oneLine } from '../one-line.ts';
import type { Pair, TlsMaterial } from './material.ts';
import { hostsOf, normalHost } from './names.ts';
import { nameOf, type PemBlock, readPem } from './read-pem.ts';
import { SecureContexts } from './secure-contexts.ts';
import type { ClientSource, PairSource, PemSource, TlsSources } from './sources.ts';

const DAY_MS = 86_400_000;
/** Days before the end of a certificate in which each start and reload warns of it. */
const WARN_DAYS = 7;
/** Pairs that a log line describes. */
const SHOWN_MAX = 5;

export interface ReadMaterial {
  material: TlsMaterial;
  /** Lines for the log: certificates that expire soon, and hosts with two certificates. */
  warnings: string[];
}

/** Reads and checks everything. @throws Error of one line that names the option */
export function readMaterial({ pairs, client }: TlsSources): ReadMaterial {
  const warnings: string[] = [];
  const material: TlsMaterial = {
    pairs: pairs.map((pair) => readPair(pair, warnings)),
    client: client && { ca: readAuthorities(client), certificates: client.certificates },
  };
  for (const [index, pair] of material.pairs.entries())
    tryInOpenSsl({ ...material, pairs: [pair] }, nameOf(certOf(pairs[index] as PairSource)));
  warnings.push(...twice(pairs, material.pairs));
  return { material, warnings };
}

function certOf({ cert }: PairSource): PemSource {
  return cert[0] as PemSource;
}

function readPair(source: PairSource, warnings: string[]): Pair {
  const name = nameOf(certOf(source));
  const blocks = source.cert.flatMap((one) => readCertificates(one, 'certificate'));
  const chain = blocks.map(({ text }, index) => parse(text, name, index));
  const leaf = chain[0] as X509Certificate;
  const key = readKey(source);
  checkKey(key.parsed, chain, source);
  checkOrder(chain, name);
  checkDates(leaf, name, warnings);
  const { serverName } = source;
  return {
    cert: blocks.map(({ text }) => text).join(''),
    key: key.text,
    serverNames: serverName === undefined ? hostsOf(leaf) : [normalHost(domainToASCII(serverName))],
  };
}

function readAuthorities({ ca }: ClientSource): string {
  const blocks = ca.flatMap((source) => {
    const found = readCertificates(source, 'certificate of an authority');
    for (const [index, { text }] of found.entries()) parse(text, nameOf(source), index);
    return found;
  });
  return blocks.map(({ text }) => text).join('');
}

/** Returns the blocks that are certificates. @throws Error if there is none */
function readCertificates(source: PemSource, wanted: string): PemBlock[] {
  const blocks = readPem(source);
  const found = blocks.filter(({ label }) => /^(X509 |TRUSTED )?CERTIFICATE$/.test(label));
  if (found.length > 0) return found;
  throw new Error(`${nameOf(source)} holds no certificate, but ${holdingOf(blocks)}: give a ${wanted}`);
}

/** Describes a file that holds the wrong thing. */
function holdingOf(blocks: readonly PemBlock[]): string {
  if (blocks.some(isKey)) return 'a private key';
  const [{ label } = { label: '' }] = blocks;
  return /^(X509 )?CERTIFICATE$/.test(label) ? 'a certificate' : `a block '${label}'`;
}

function isKey({ label }: PemBlock): boolean {
  return label.endsWith('PRIVATE KEY');
}

function parse(text: string, name: string, index: number): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new Error(`certificate ${index + 1} of ${name} can't be read: ${reasonOf(error)}`);
  }
}

/** @returns the key, and its text without encryption */
function readKey(source: PairSource): { parsed: KeyObject; text: string } {
  const { passphrase } = source;
  const name = nameOf(source.key);
  const blocks = readPem(source.key);
  const block = blocks.find(isKey);
  if (block === undefined)
    throw new Error(
      `${name} holds no private key, but ${holdingOf(blocks)}: give the key of the certificate`,
    );
  const encrypted = block.label.startsWith('ENCRYPTED') || block.text.includes('Proc-Type: 4,ENCRYPTED');
  if (encrypted && passphrase === undefined) throw new Error(`${name} is encrypted: ${howToDecrypt(source)}`);
  try {
    const parsed = createPrivateKey({ key: block.text, ...(passphrase !== undefined && { passphrase }) });
    const text = encrypted ? parsed.export({ type: 'pkcs8', format: 'pem' }).toString() : block.text;
    return { parsed, text };
  } catch (error) {
    if (encrypted)
      throw new Error(`${name} can't be decrypted: check ${source.passphraseCalled ?? 'its passphrase'}`);
    throw new Error(
      `${name} can't be read (${reasonOf(error)}): give a key of RSA, ECDSA or Ed25519, in the format of openssl`,
    );
  }
}

function howToDecrypt({ passphraseCalled }: PairSource): string {
  return passphraseCalled === undefined
    ? 'decrypt it with openssl pkey'
    : `give ${passphraseCalled}, or decrypt it with openssl pkey`;
}

function checkKey(key: KeyObject, chain: readonly X509Certificate[], source: PairSource): void {
  const belongsTo = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (belongsTo === 0) return;
  const [cert, itsKey] = [nameOf(certOf(source)), nameOf(source.key)];
  if (belongsTo > 0)
    throw new Error(
      `${cert} has its certificates in the wrong order: put number ${belongsTo + 1}, the certificate of the key, first`,
    );
  throw new Error(`${itsKey} is not the key of ${cert}: give the key that the certificate was made for`);
}

/** Each certificate must be followed by the one that signed it, if that one is there (RFC 5246 7.4.2). */
function checkOrder(chain: readonly X509Certificate[], name: string): void {
  for (let i = 1; i < chain.length; i++) {
    const before = chain[i - 1] as X509Certificate;
    const signer = chain.findIndex((one, index) => index >= i && before.checkIssued(one));
    if (signer < 0) return;
    if (signer > i)
      throw new Error(
        `${name} has its certificates in the wrong order: number ${signer + 1} signed number ${i}, so put it right behind it`,
      );
  }
}

function checkDates({ validFrom, validTo }: X509Certificate, name: string, warnings: string[]): void {
  const now = Date.now();
  const end = Date.parse(validTo);
  if (now > end) throw new Error(`${name} expired on ${dayOf(end)}: renew it`);
  const begin = Date.parse(validFrom);
  if (now < begin)
    throw new Error(`${name} is not valid before ${dayOf(begin)}: check the clock of this machine`);
  if (end - now < WARN_DAYS * DAY_MS) warnings.push(`${name} expires on ${dayOf(end)}: renew it`);
}

/** Returns the day of a time: `2026-11-27`. */
function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Describes the first host of each pair, and the day on which its certificate expires. */
export function describeMaterial({ pairs }: TlsMaterial): string {
  const described = pairs.map(({ cert, serverNames }) => {
    const { subject, validTo } = new X509Certificate(cert);
    return `${escaped(serverNames[0] ?? subject)} until ${dayOf(Date.parse(validTo))}`;
  });
  const shown = described.slice(0, SHOWN_MAX);
  const others = described.length - shown.length;
  return others > 0 ? `${shown.join(', ')} and ${others} more` : shown.join(', ');
}

/** Lets OpenSSL use the material as a thread will. It has rules of its own, such as the least size of a key. */
function tryInOpenSsl(material: TlsMaterial, name: string): void {
  try {
    new SecureContexts(material);
  } catch (error) {
    throw new Error(`OpenSSL rejects ${name}: ${reasonOf(error)}`);
  }
}

/** Describes hosts that several pairs name: the first pair serves them. */
function twice(sources: readonly PairSource[], pairs: readonly Pair[]): string[] {
  const first = new Map<string, number>();
  const warnings: string[] = [];
  for (const [index, { serverNames }] of pairs.entries())
    for (const host of new Set(serverNames)) {
      const before = first.get(host);
      if (before === undefined) first.set(host, index);
      else
        warnings.push(
          `${nameOf(certOf(sources[index] as PairSource))} names ${escaped(host)}, as ${nameOf(certOf(sources[before] as PairSource))} does, which serves it: leave out one of them`,
        );
    }
  return warnings;
}

/** Returns the sentence of OpenSSL in an error: `ee key too small`. */
function reasonOf(error: unknown): string {
  const { message } = error as Error;
  const [, sentence] = /^error:[0-9A-F]+:[^:]*:[^:]*:(.+)$/i.exec(message) ?? [];
  return oneLine(sentence ?? message);
}
