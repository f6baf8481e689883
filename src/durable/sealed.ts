// What a file of the state folder looks like: a line that says what it is, of which version, with the SHA-256 of the
// rest; then JSON. What is torn, cut off or somebody else's is recognised, and never taken for less than it was.

import { createHash } from 'node:crypto';

const FIRST_LINE = /^hotpath (\w+) (\d{1,9}) ([0-9a-f]{64})$/;
const VERSION = 1;

/** The bytes of a file. @param what a word: counters, snapshot */
export function seal(what: string, value: unknown): Buffer {
  const text = `${JSON.stringify(value, undefined, 1)}\n`;
  return Buffer.from(`hotpath ${what} ${VERSION} ${digest(Buffer.from(text))}\n${text}`);
}

/** The value in the bytes of a file. @throws Error that says why there is none: `path is …` */
export function unseal(what: string, path: string, bytes: Buffer): unknown {
  const end = bytes.indexOf('\n');
  const line = bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1');
  const [, found, version, sum] = FIRST_LINE.exec(line) ?? [];
  if (found === undefined || end < 0) {
    const begins = `hotpath ${what} `;
    if (!line.startsWith(begins) && !begins.startsWith(line)) throw new Error(`${path} is not hotpath's`);
    throw new Error(`${path} is damaged: its first line is not whole`);
  }
  if (found !== what) throw new Error(`${path} holds hotpath's ${found}, not its ${what}`);
  if (Number(version) > VERSION)
    throw new Error(`${path} is of version ${version}, and this hotpath knows version ${VERSION}`);
  const text = bytes.subarray(end + 1);
  if (Number(version) !== VERSION || digest(text) !== sum)
    throw new Error(`${path} is damaged: it is not what its checksum says`);
  return JSON.parse(text.toString());
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
