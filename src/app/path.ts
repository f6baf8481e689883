// The normal form of a path, which the engine's table, the routes and request.url all use (RFC 3986 6.2.2). In this order:
//
//   %61 → a        an encoded unreserved character (ALPHA DIGIT - . _ ~) is decoded
//   %c3 → %C3      all other percent-encoded bytes get upper-case digits; they are data and stay encoded, so that
//                  %2F is not a slash and %25 is not a percent sign
//   /a/../b → /b   dot segments are removed
//   ä → %C3%A4     all else that the URL standard encodes in a path is encoded
//
// A percent sign without two hexadecimal digits behind it stays, as in the URL standard. A digit that would complete it
// stays encoded: %%36%31 must not become %61, which another decoder would read as an a.

const CHARACTER = "\\w!$&'()*+,\\-:;=@[\\]|~";
/** Bytes that stay encoded: all but the unreserved characters. */
const BYTE = '%(?:[0189A-F][\\dA-F]|2[\\dA-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])';
/** A segment that does not begin with a dot, so that it is not a dot segment. */
const SEGMENT = `(?:[${CHARACTER}]|${BYTE})[${CHARACTER}.]*(?:${BYTE}[${CHARACTER}.]*)*`;
const PATH = `(?:\\/(?:${SEGMENT})?)+`;
const NORMAL = new RegExp(`^${PATH}$`);
/** In a query, URL encodes an apostrophe, so it is left out here. */
const USUAL = new RegExp(`^${PATH}(?:\\?[\\w!$&()*+,\\-:;=@[\\]|~.%/?]*)?$`);

const ENCODED = /%([\da-f]{2})/gi;
const UNRESERVED = /[\w\-.~]/;
const BARE_PERCENT = /%[\da-f]?$/i;

/**
 * Whether URL would keep a target in origin-form as it is, with its path in normal form. False also for a few such
 * targets that need a closer look: those with a segment that begins with a dot.
 */
export function isUsual(target: string): boolean {
  return USUAL.test(target);
}

/**
 * The normal form of a path. A path in normal form is returned as it is.
 * @param path begins with a slash and has no query
 */
export function normalPath(path: string): string {
  return NORMAL.test(path) ? path : new URL(`http://a${decodeUnreserved(path)}`).pathname;
}

/** Decodes the percent-encoded unreserved characters of a path, and gives all other encoded bytes upper-case digits. */
export function decodeUnreserved(path: string): string {
  let text = '';
  let from = 0;
  for (const { 0: encoded, 1: digits, index } of path.matchAll(ENCODED)) {
    const between = path.slice(from, index);
    const character = String.fromCharCode(Number.parseInt(digits as string, 16));
    const stays = !UNRESERVED.test(character) || completes(between, character);
    text += between + (stays ? encoded.toUpperCase() : character);
    from = index + encoded.length;
  }
  return text + path.slice(from);
}

/** The path of a request target, as it was sent (RFC 9112 3.2); "/" for asterisk-form. */
export function pathOf(target: string): string {
  // The query goes first: it may contain slashes, and there may be no path before it.
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith('/')) return path;
  const from = path.indexOf('/', path.indexOf('://') + 3);
  return from < 0 ? '/' : path.slice(from);
}

/** Whether `digit` behind `text` would complete a percent sign that begins no encoded byte. */
function completes(text: string, digit: string): boolean {
  return /[\da-f]/i.test(digit) && BARE_PERCENT.test(text.slice(-2));
}
