// Reads PEM files (RFC 7468) and takes their blocks apart. Each failure is one line that names the option and the fix. A
// message never repeats a text of a program, which may be a key.

import { readFileSync, type Stats, statSync } from 'node:fs';
import { escaped } from '../one-line.ts';
import type { PemSource } from './sources.ts';

/** Bytes of a file; a list of all public authorities has a quarter of it. */
const FILE_BYTES_MAX = 1_048_576;

export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY` and others. */
  label: string;
  /** The block from its first line to its last one. */
  text: string;
}

/** How messages name a source: `--tls-cert '/etc/cert.pem'`, or `tls.cert`. */
export function nameOf(source: PemSource): string {
  return 'file' in source ? `${source.called} '${escaped(source.file)}'` : source.called;
}

/** Reads a source. @throws Error of one line if it can't be read or holds no PEM */
export function readPem(source: PemSource): PemBlock[] {
  const text = 'text' in source ? source.text : readPemFile(source.file, nameOf(source));
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)].map(
    ([block, label]) => ({ label: label as string, text: `${block}\n` }),
  );
  if (blocks.length > 0) return blocks;
  const name = nameOf(source);
  if (text.trim() === '') throw new Error(`${name} is empty: it must be in PEM format`);
  if (text.includes('-----BEGIN'))
    throw new Error(`${name} is cut off: copy all of it, down to the line -----END`);
  const convert =
    text.charCodeAt(0) === 0x30 ? ': convert it with openssl, which reads DER and PKCS #12' : '';
  throw new Error(`${name} is not in PEM format, which begins with -----BEGIN${convert}`);
}

function readPemFile(file: string, name: string): string {
  let found: Stats | undefined;
  try {
    found = statSync(file, { throwIfNoEntry: false });
    // Opening a pipe would wait for its writer.
    if (found?.isFile() && found.size <= FILE_BYTES_MAX) return readFileSync(file, 'latin1');
  } catch (error) {
    throw new Error(`${name} can't be read: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
  if (found === undefined) throw new Error(`${name} does not exist: give the path of a PEM file`);
  if (found.isDirectory()) throw new Error(`${name} is a folder: give the path of a PEM file in it`);
  if (!found.isFile()) throw new Error(`${name} is not a regular file: give the path of a PEM file`);
  throw new Error(`${name} is larger than 1 MiB: give the path of a PEM file`);
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EACCES' || code === 'EPERM') return 'the user of the server may not read it';
  return escaped(message);
}
