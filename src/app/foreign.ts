// Responses of other libraries: any object with a status, headers and a body is one, whatever its class.

import { isReasonPhrase } from '../protocol/status.ts';
import { isIterableBody, streamOfIterable } from './iterable-body.ts';
import { kindOf } from './kind.ts';
import type { BodyInput } from './native.ts';
import { isBytes } from './piece-encoder.ts';
import { isNullBodyStatus, Response } from './response.ts';

interface Foreign {
  status: number;
  statusText?: unknown;
  headers: object;
  body?: unknown;
  bodyUsed?: unknown;
  arrayBuffer?: unknown;
}

type Pair = [name: string, value: string];

/** Whether a value looks like a Response. */
export function isForeign(value: unknown): value is globalThis.Response {
  if (typeof value !== 'object' || value === null) return false;
  const { status, headers } = value as Partial<Foreign>;
  return typeof status === 'number' && typeof headers === 'object' && headers !== null;
}

/**
 * Makes a Response of hotpath with the same status, headers and body.
 * @throws TypeError or RangeError that says which part can't be sent
 */
export function adopt(foreign: globalThis.Response): Response {
  const given = foreign as unknown as Foreign;
  const { status, statusText } = given;
  if (given.bodyUsed === true)
    throw new TypeError('the body of the response is locked or has been read already');
  return new Response(isNullBodyStatus(status) ? null : bodyOf(given), {
    status,
    statusText: isReasonPhrase(statusText) ? statusText : '',
    headers: pairsOf(given.headers),
  });
}

function bodyOf(given: Foreign): BodyInput | null {
  const { body } = given;
  if (body === null) return null;
  if (typeof body === 'string' || isBytes(body) || isIterableBody(body) || body instanceof Blob)
    return body as BodyInput;
  if (typeof given.arrayBuffer === 'function') return streamOfIterable(whole(given)) as BodyInput;
  if (body === undefined) return null;
  throw new TypeError(
    `the body of a response must be a stream, bytes, a string or null, not ${kindOf(body)}`,
  );
}

async function* whole(given: Foreign): AsyncGenerator<unknown> {
  yield await (given.arrayBuffer as () => unknown)();
}

function pairsOf(headers: object): Pair[] {
  const { getSetCookie, entries, forEach, [Symbol.iterator]: iterate } = headers as Partial<Headers>;
  let pairs: Pair[] = [];
  if (typeof iterate === 'function') pairs = [...(headers as Headers)];
  else if (typeof entries === 'function') pairs = [...entries.call(headers as Headers)];
  else if (typeof forEach === 'function')
    forEach.call(headers as Headers, (value, name) => pairs.push([name, value]));
  else
    for (const [name, value] of Object.entries(headers))
      for (const one of Array.isArray(value) ? value : [value]) pairs.push([name, one]);
  if (typeof getSetCookie !== 'function') return pairs;
  // Some Headers join all cookies when a program iterates over them.
  const others = pairs.filter(([name]) => String(name).toLowerCase() !== 'set-cookie');
  return [...others, ...getSetCookie.call(headers as Headers).map((value): Pair => ['set-cookie', value])];
}
