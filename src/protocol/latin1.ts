// Latin-1: one byte a character, U+0000 to U+00FF.

export function isLatin1(text: string): boolean {
  return /^[\0-\xff]*$/.test(text);
}

/** The bytes of a Latin-1 text. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
