// What a file of the state folder looks like: a line that says what it is, of which version, with the SHA-256 of the
// rest; then JSON, and perhaps bytes behind it. A file that is torn, cut off or of another program is recognised, and
// never taken for a smaller one.

import { createHash } from 'node:crypto';

const FIRST_LINE = /^hotpath (\w+) (\d{1,9}) ([0-9a-f]{64})$/;
/** The versions that this hotpath reads. It writes the last. */
const VERSIONS = { counters: [1], snapshot: [1, 2], redis: [1] } as const;

export type What = keyof typeof VERSIONS;

/** The bytes of a file. */
export function seal(what: What, value: unknown): Buffer {
  return Buffer.concat(sealBytes(what, [Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`)]));
}

/** The bytes of a file that is made of these. */
export function sealBytes(what: What, rest: readonly Uint8Array[]): Uint8Array[] {
  return [Buffer.from(`hotpath ${what} ${VERSIONS[what].at(-1)} ${digestOf(rest)}\n`), ...rest];
}

/** The value in the bytes of a file. @throws Error that says why there is none: `path is …` */
export function unseal(what: What, path: string, bytes: Buffer): unknown {
  return JSON.parse(unsealBytes(what, path, bytes).rest.toString());
}

/** The version of a file, and what follows its first line. @throws Error that says why there is none: `path is …` */
export function unsealBytes(what: What, path: string, bytes: Buffer): { version: number; rest: Buffer } {
  const end = bytes.indexOf('\n');
  const line = bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1');
  const [, found, version, sum] = FIRST_LINE.exec(line) ?? [];
  if (found === undefined || end < 0) {
    const begins = `hotpath ${what} `;
    if (!line.startsWith(begins) && !begins.startsWith(line)) throw new Error(`${path} is not hotpath's`);
    throw new Error(`${path} is damaged: its first line is not whole`);
  }
  if (found !== what) throw new Error(`${path} holds hotpath's ${found}, not its ${what}`);
  const versions: readonly number[] = VERSIONS[what];
  const newest = versions.at(-1) as number;
  if (Number(version) > newest)
    throw new Error(`${path} is of version ${version}, and this hotpath knows version ${newest}`);
  const rest = bytes.subarray(end + 1);
  if (!versions.includes(Number(version)) || digestOf([rest]) !== sum)
    throw new Error(`${path} is damaged: it is not what its checksum says`);
  return { version: Number(version), rest };
}

/** The SHA-256 of pieces that lie one behind the other, in hexadecimal. */
export function digestOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
