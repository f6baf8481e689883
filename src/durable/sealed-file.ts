// The format of the files in the state folder: a first line with the kind, the version and the SHA-256 of the rest; then
// JSON, and perhaps bytes. So a file that is damaged, truncated or from another program is recognised.

import { createHash } from 'node:crypto';

const FIRST_LINE = /^hotpath (\w+) (\d{1,9}) ([0-9a-f]{64})$/;
/** The versions that this release reads. It writes the last one. */
const VERSIONS = { counters: [1], snapshot: [1, 2], redis: [1] } as const;

export type FileKind = keyof typeof VERSIONS;

/** Makes the bytes of a file with this value. */
export function seal(kind: FileKind, value: unknown): Buffer {
  return Buffer.concat(sealBytes(kind, [Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`)]));
}

/** Makes the pieces of a file with these pieces behind the first line. */
export function sealBytes(kind: FileKind, rest: readonly Uint8Array[]): Uint8Array[] {
  return [Buffer.from(`hotpath ${kind} ${VERSIONS[kind].at(-1)} ${digestOf(rest)}\n`), ...rest];
}

/** Reads the value of a file. @throws Error that says what is wrong with the file: `path is …` */
export function unseal(kind: FileKind, path: string, bytes: Buffer): unknown {
  return JSON.parse(unsealBytes(kind, path, bytes).rest.toString());
}

/** Reads the version of a file, and the rest behind its first line. @throws Error that says what is wrong: `path is …` */
export function unsealBytes(kind: FileKind, path: string, bytes: Buffer): { version: number; rest: Buffer } {
  const end = bytes.indexOf('\n');
  const line = bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1');
  const [, found, version, sum] = FIRST_LINE.exec(line) ?? [];
  if (found === undefined || end < 0) {
    const begins = `hotpath ${kind} `;
    if (!line.startsWith(begins) && !begins.startsWith(line)) throw new Error(`${path} is not hotpath's`);
    throw new Error(`${path} is damaged: its first line is incomplete`);
  }
  if (found !== kind) throw new Error(`${path} holds hotpath's ${found}, not its ${kind}`);
  const versions: readonly number[] = VERSIONS[kind];
  const newest = versions.at(-1) as number;
  if (Number(version) > newest)
    throw new Error(`${path} has version ${version}, and this release reads version ${newest} at most`);
  const rest = bytes.subarray(end + 1);
  if (!versions.includes(Number(version)) || digestOf([rest]) !== sum)
    throw new Error(`${path} is damaged: its checksum does not match`);
  return { version: Number(version), rest };
}

/** The SHA-256 of these pieces, one behind the other, in hexadecimal. */
export function digestOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
