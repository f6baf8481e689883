// The normal form of a path: the one form in which the engine's table, the routes, request.url and files speak of a
// path (RFC 3986 6.2.2). In this order:
//
//   %61 → a        an unreserved character (ALPHA DIGIT - . _ ~) stands for itself
//   %c3 → %C3      the other percent-encoded bytes have upper-case digits; they are data and stay encoded, so that
//                  %2F is no slash and %25 no percent sign
//   /a/../b → /b   dot segments are removed
//   ä → %C3%A4     and what else the URL standard encodes in a path
//
// A percent sign that begins no encoded byte stays, as in the URL standard. A digit that would make it begin one
// stays encoded: %%36%31 must not become %61, which another decoder would take for an a.

const CHARACTER = "\\w!$&'()*+,\\-:;=@[\\]|~";
/** Bytes that stay encoded: all but the unreserved characters. */
const BYTE = '%(?:[0189A-F][\\dA-F]|2[\\dA-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])';
/** A segment that begins with no dot is no dot segment. */
const SEGMENT = `(?:[${CHARACTER}]|${BYTE})[${CHARACTER}.]*(?:${BYTE}[${CHARACTER}.]*)*`;
const PATH = `(?:\\/(?:${SEGMENT})?)+`;
const NORMAL = new RegExp(`^${PATH}$`);
/** In a query, URL encodes an apostrophe. */
const USUAL = new RegExp(`^${PATH}(?:\\?[\\w!$&()*+,\\-:;=@[\\]|~.%/?]*)?$`);

const ENCODED = /%([\da-f]{2})/gi;
const UNRESERVED = /[\w\-.~]/;
const BARE_PERCENT = /%[\da-f]?$/i;

/**
 * Whether URL leaves a target in origin-form as it is, and its path is in normal form. A few that are so need a closer
 * look all the same: those with a segment that begins with a dot.
 */
export function isUsual(target: string): boolean {
  return USUAL.test(target);
}

/**
 * The normal form of a path; that of a normal form is itself.
 * @param path begins with a slash, and has no query
 */
export function normalPath(path: string): string {
  return NORMAL.test(path) ? path : new URL(`http://a${decodeUnreserved(path)}`).pathname;
}

/** A path without its percent-encoded unreserved characters, and with the other bytes in upper-case digits. */
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

/** The path of a request target, as it was sent (RFC 9112 3.2). That of asterisk-form is "/". */
export function pathOf(target: string): string {
  // First of all: in the query there may be slashes, and before it there may be no path.
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith('/')) return path;
  const from = path.indexOf('/', path.indexOf('://') + 3);
  return from < 0 ? '/' : path.slice(from);
}

/** Whether `digit` behind `text` would be read with a percent sign that begins nothing. */
function completes(text: string, digit: string): boolean {
  return /[\da-f]/i.test(digit) && BARE_PERCENT.test(text.slice(-2));
}
