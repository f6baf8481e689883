// The token that requests to the admin listener must carry, and how it is compared.

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { oneLine } from '../one-line.ts';

/** The syntax of a bearer token (RFC 6750 2.1). */
const TOKEN = /^[\w\-.~+/]+=*$/;
const BEARER = /^bearer +(\S+)$/i;

export class Token {
  private readonly digest: Buffer;

  constructor(token: string) {
    this.digest = digestOf(token);
  }

  /** Whether the value of a field Authorization carries this token. The time taken does not depend on the token. */
  isIn(authorization: string | null): boolean {
    const given = BEARER.exec(authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digestOf(given), this.digest);
  }
}

/**
 * Reads the token of a file, without the white space around it.
 * @param called the option as the user wrote it
 * @throws Error of one line that names the option
 */
export function readToken(file: string, called: string): Token {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`${called}: the token can't be read: ${oneLine((error as Error).message)}`);
  }
  if (text === '') throw new Error(`${called}: the file ${file} is empty: write a token into it`);
  if (!TOKEN.test(text))
    throw new Error(
      `${called}: the token in ${file} must be one word of letters, digits and - . _ ~ + /, as openssl rand -base64 32 prints`,
    );
  return new Token(text);
}

/** Digests have one size, which timingSafeEqual() needs. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
