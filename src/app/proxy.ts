// What trusted proxies in front say of a client: its address and its scheme, from X-Forwarded-For and
// X-Forwarded-Proto, or from Forwarded (RFC 7239) when there is no X-Forwarded-For. Each proxy adds an entry on
// the right; what stands left of those of our own proxies anybody may have written. So with N proxies the N-th
// entry from the right counts, or the first one when there are fewer.
//
// X-Forwarded-Host is not taken: what proxies send as Host is theirs to choose, while few of them remove an
// X-Forwarded-Host that the client wrote, and links and caches built with a forged one serve the forger.

import { isIP } from 'node:net';
import type { Head } from '../connection/exchange.ts';
import { combinedValue } from './headers.ts';

export type Scheme = 'http' | 'https';

/** An element of Forwarded: its parameters, and their values without quotes. */
type Element = Map<string, string>;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(`[ \\t]*(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*`, 'y');

/**
 * The client's address.
 * @param proxies how many are trusted; 0 for none
 * @param peer the address at the other end of the connection, for when no other is known
 */
export function clientAddress(head: Head, proxies: number, peer: string): string {
  if (proxies === 0) return peer;
  const list = combinedValue(head, 'x-forwarded-for');
  const node = list !== undefined ? fromRight(listed(list), proxies) : forwarded(head, proxies)?.get('for');
  return node === undefined ? peer : (addressOf(node) ?? peer);
}

/**
 * The scheme by which the client came; undefined when no proxy says it.
 * @param proxies how many are trusted; 0 for none
 */
export function clientScheme(head: Head, proxies: number): Scheme | undefined {
  if (proxies === 0) return undefined;
  const list = combinedValue(head, 'x-forwarded-proto');
  let scheme: string | undefined;
  if (list !== undefined) scheme = fromRight(listed(list), proxies);
  else if (head.findField('x-forwarded-for') < 0) scheme = forwarded(head, proxies)?.get('proto');
  scheme = scheme?.toLowerCase();
  return scheme === 'http' || scheme === 'https' ? scheme : undefined;
}

/** Empty entries don't count (RFC 9110 5.6.1). */
function listed(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function fromRight<T>(entries: readonly T[], place: number): T | undefined {
  return entries[Math.max(0, entries.length - place)];
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`: the address. */
function addressOf(node: string): string | undefined {
  const address = /^\[(.*)\](?::\d*)?$/.exec(node)?.[1] ?? /^([^:]*):\d*$/.exec(node)?.[1] ?? node;
  return isIP(address) === 0 ? undefined : address;
}

function forwarded(head: Head, proxies: number): Element | undefined {
  const value = combinedValue(head, 'forwarded');
  return value === undefined ? undefined : fromRight(parseForwarded(value), proxies);
}

/** RFC 7239 4. What breaks its grammar says nothing at all. */
function parseForwarded(value: string): Element[] {
  const elements: Element[] = [];
  let element: Element = new Map();
  for (let cursor = 0; cursor <= value.length; cursor++) {
    PARAMETER.lastIndex = cursor;
    const parameter = PARAMETER.exec(value);
    if (parameter !== null) {
      const [whole, name, token, quoted] = parameter;
      element.set((name as string).toLowerCase(), token ?? (quoted as string).replace(/\\(.)/g, '$1'));
      cursor += whole.length;
    } else {
      while (value[cursor] === ' ' || value[cursor] === '\t') cursor++;
    }
    const delimiter = value[cursor];
    if (delimiter === ';') continue;
    if (delimiter !== ',' && delimiter !== undefined) return [];
    if (element.size > 0) elements.push(element);
    element = new Map();
  }
  return elements;
}
