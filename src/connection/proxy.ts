// The address and the scheme of a client, as trusted proxies report them. Each proxy adds an entry on the right. All
// entries to the left of those may come from the client. So with N trusted proxies the N-th entry from the right counts, or
// the first entry when there are fewer: then the request came through fewer proxies.
//
// Only the fields that the trusted proxies write are read (access.ts), since a client may send all others:
//
//   X-Forwarded-For      the address
//   X-Forwarded-Proto    the scheme, in the same order; most proxies replace it, so that it has one entry
//   Forwarded            both (RFC 7239)
//
// An address is never guessed. When the entry that counts has no address, the client is "unknown", in the words of RFC
// 7239 6.2: the peer's address would be the proxy's, which may be allowed more than any client. The peer's address counts
// only when the request has no such field, so that no proxy has handled it.
//
// X-Forwarded-Host is ignored. A proxy can send the host that it wants as Host, while few proxies remove an
// X-Forwarded-Host that the client wrote; links and caches built from a forged one serve the attacker.

import { isIP } from 'node:net';
import { isOws, TCHAR } from '../protocol/js/chars.ts';
import type { Access, ProxyField } from './access.ts';
import { combinedValue } from './combined-value.ts';
import type { Head } from './exchange.ts';

export type Scheme = 'http' | 'https';

/** The identifier of an unknown client (RFC 7239 6.2). */
const UNKNOWN = 'unknown';
/** An identifier that a proxy has invented (RFC 7239 6.3). */
const OBFUSCATED = /^_[\w.-]+$/;
const PORT = '(?::(?:\\d*|_[\\w.-]+))?';
const BRACKETED = new RegExp(`^\\[([^\\]]*)\\]${PORT}$`);
const WITH_PORT = new RegExp(`^([^:]*)${PORT}$`);

const BY_DEFAULT: readonly ProxyField[] = ['x-forwarded-for'];

/** The parameters of an element of Forwarded, by name in lower case. */
type Element = ReadonlyMap<string, string>;

/**
 * The client's address; an identifier that begins with `_` when a proxy hides the address; or `unknown`.
 * @param peer the address at the other end of the connection
 */
export function clientAddress(head: Head, access: Access, peer: string): string {
  const { trustProxy, trustProxyField = BY_DEFAULT } = access;
  if (trustProxy === 0) return peer;
  if (trustProxyField.includes('forwarded')) {
    const field = combinedValue(head, 'forwarded');
    if (field === undefined) return peer;
    return nodeName(elementFromRight(field, trustProxy)?.get('for') ?? '');
  }
  if (!trustProxyField.includes('x-forwarded-for')) return peer;
  const field = combinedValue(head, 'x-forwarded-for');
  if (field === undefined) return peer;
  const name = nodeName(entryFromRight(field, trustProxy) ?? '');
  return isIP(name) === 0 ? UNKNOWN : name;
}

/** The scheme that the client used; undefined when no trusted proxy reports it. */
export function clientScheme(head: Head, access: Access): Scheme | undefined {
  const { trustProxy, trustProxyField = BY_DEFAULT } = access;
  if (trustProxy === 0) return undefined;
  let scheme: string | undefined;
  if (trustProxyField.includes('forwarded')) {
    const field = combinedValue(head, 'forwarded');
    if (field !== undefined) scheme = elementFromRight(field, trustProxy)?.get('proto');
  } else if (trustProxyField.includes('x-forwarded-proto')) {
    const field = combinedValue(head, 'x-forwarded-proto');
    if (field !== undefined) scheme = entryFromRight(field, trustProxy);
  }
  scheme = scheme?.toLowerCase();
  return scheme === 'http' || scheme === 'https' ? scheme : undefined;
}

/** Whether the trusted proxies report the scheme that a client used. */
export function saysScheme({ trustProxy, trustProxyField = BY_DEFAULT }: Access): boolean {
  return trustProxy > 0 && trustProxyField.some((field) => field !== 'x-forwarded-for');
}

/** An entry of a list, counted from the right without empty entries (RFC 9110 5.6.1); the first when there are fewer. */
function entryFromRight(list: string, place: number): string | undefined {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return entries[Math.max(0, entries.length - place)];
}

/**
 * The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; the identifier in `_hidden` or
 * `_hidden:_port`; otherwise `unknown` (RFC 7239 6).
 */
function nodeName(node: string): string {
  if (isIP(node) !== 0) return node;
  const name = (BRACKETED.exec(node) ?? WITH_PORT.exec(node))?.[1] ?? '';
  return isIP(name) !== 0 || OBFUSCATED.test(name) ? name : UNKNOWN;
}

/**
 * An element of Forwarded, counted from the right; the first when there are fewer. Undefined when that element, or one to
 * its right, is malformed (RFC 7239 4). It is parsed from the right, so that nothing a client wrote to the left of it,
 * such as an unclosed quote, can change it.
 */
function elementFromRight(field: string, place: number): Element | undefined {
  let element: Element | undefined;
  let end = field.length;
  for (let found = 0; end >= 0 && found < place; ) {
    const parameters = new Map<string, string>();
    end = readElement(field, end, parameters);
    if (end === BROKEN) return undefined;
    if (parameters.size === 0) continue;
    element = parameters;
    found++;
  }
  return element;
}

/** Results of readElement(): this is the first element; this element is malformed. */
const FIRST = -1;
const BROKEN = -2;

/** Parses the element that ends at `end` into `parameters`. @returns the position of the comma before it, FIRST, or BROKEN */
function readElement(field: string, end: number, parameters: Map<string, string>): number {
  let cursor = end;
  for (;;) {
    cursor = skipSpaceBack(field, cursor);
    if (cursor > 0 && field[cursor - 1] !== ',' && field[cursor - 1] !== ';') {
      cursor = skipSpaceBack(field, readParameter(field, cursor, parameters));
      if (cursor < 0) return BROKEN;
    }
    if (cursor === 0) return FIRST;
    const delimiter = field[--cursor];
    if (delimiter === ',') return cursor;
    if (delimiter !== ';') return BROKEN;
  }
}

/** Parses the `name=value` that ends at `end`. @returns the position where it begins, or BROKEN */
function readParameter(field: string, end: number, parameters: Map<string, string>): number {
  const quoted = field[end - 1] === '"';
  const valueStart = quoted ? openingQuote(field, end - 1) : skipTokenBack(field, end);
  if (valueStart < 2 || valueStart === end || field[valueStart - 1] !== '=') return BROKEN;
  const nameStart = skipTokenBack(field, valueStart - 1);
  const name = field.slice(nameStart, valueStart - 1).toLowerCase();
  if (name === '' || parameters.has(name)) return BROKEN;
  const value = field.slice(valueStart, end);
  parameters.set(name, quoted ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value);
  return nameStart;
}

/** Finds the quote that the one at `closing` closes (RFC 9110 5.6.4): the next to the left without a backslash; or -1. */
function openingQuote(field: string, closing: number): number {
  if (isEscaped(field, closing)) return -1;
  let quote = closing;
  do quote = field.lastIndexOf('"', quote - 1);
  while (quote > 0 && isEscaped(field, quote));
  return quote;
}

/** Whether the character at `at` is escaped: an odd number of backslashes precedes it. */
function isEscaped(field: string, at: number): boolean {
  let first = at;
  while (first > 0 && field[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

function skipTokenBack(field: string, end: number): number {
  let start = end;
  while (start > 0 && TCHAR[field.charCodeAt(start - 1)] === 1) start--;
  return start;
}

function skipSpaceBack(field: string, end: number): number {
  let start = end;
  while (start > 0 && isOws(field.charCodeAt(start - 1))) start--;
  return start;
}
