// Encodes a value as a line of JSON, followed by its byte arrays: in JSON, 16 bytes would take 40, and millions of such
// records would exceed the longest string.

/** Replaces a byte array in the line: its offset behind the line, and its size. */
interface Place {
  bytes: [at: number, size: number];
}

/** Encodes a value. @returns pieces to be written one behind the other */
export function piecesOf(value: unknown): Uint8Array[] {
  const arrays: Uint8Array[] = [];
  let end = 0;
  const line = JSON.stringify(value, (_, part: unknown) => {
    if (!(part instanceof Uint8Array)) return part;
    arrays.push(part);
    end += part.length;
    return { bytes: [end - part.length, part.length] } satisfies Place;
  });
  return [Buffer.from(`${line}\n`), ...arrays];
}

/** Decodes a value. @throws SyntaxError or TypeError when the bytes are incomplete */
export function valueFrom(pieces: Buffer): unknown {
  const end = pieces.indexOf('\n') + 1;
  return JSON.parse(pieces.toString('utf8', 0, end), (_, part: unknown) => {
    if (!isPlace(part)) return part;
    const [at, size] = part.bytes;
    if (!(at >= 0 && size >= 0 && end + at + size <= pieces.length)) throw new TypeError('it ends too early');
    return new Uint8Array(pieces.subarray(end + at, end + at + size));
  });
}

function isPlace(part: unknown): part is Place {
  if (typeof part !== 'object' || part === null) return false;
  const { bytes } = part as Partial<Place>;
  return Array.isArray(bytes) && bytes.length === 2 && bytes.every(Number.isSafeInteger);
}
