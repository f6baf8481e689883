// The string or the bytes that a program gave to the platform's Response, taken without reading its stream. In Node 20 and
// 22 reading the stream takes longer than all the rest of a request. There the platform keeps the given content beside the
// stream, in a member that is internal. This file tests the member before it uses it. If the test fails, as in Node 24 and
// later, the server reads every stream.

import { Readable } from 'node:stream';
import { types } from 'node:util';
import { NativeResponse } from './native.ts';

/** Larger bytes are read from the stream: it gives them without a copy. */
const COPIED_BYTES_MAX = 65_536;

interface Body {
  readonly stream?: unknown;
  readonly source?: unknown;
  readonly length?: unknown;
}

type Holder = Readonly<Record<symbol, { readonly body?: Body | null } | undefined>>;

let tried = false;
let internal: symbol | undefined;

/**
 * Takes the content of a response of the platform, which then counts as read.
 * @returns undefined when its stream must be read: it is a program's own stream, or large, or locked, or has been read
 */
export function takeContent(response: globalThis.Response): string | Uint8Array | undefined {
  if (!tried) {
    tried = true;
    internal = findInternal(NativeResponse);
  }
  return internal === undefined ? undefined : take(response, internal);
}

/**
 * Finds the internal member that holds what a program gave to a Response, and tries it.
 * @returns undefined unless all of the trial went well
 */
export function findInternal(Class: typeof globalThis.Response): symbol | undefined {
  try {
    const symbols = Object.getOwnPropertySymbols(new Class('text'));
    const symbol = symbols.find(({ description }) => description === 'state');
    return symbol !== undefined && isReliable(Class, symbol) ? symbol : undefined;
  } catch {
    return undefined;
  }
}

function isReliable(Class: typeof globalThis.Response, symbol: symbol): boolean {
  const bytes = Uint8Array.of(1, 2);
  const ofBytes = new Class(bytes);
  bytes[0] = 3;
  const cloned = new Class('clone');
  cloned.clone();
  const used = new Class('text');
  return (
    take(used, symbol) === 'text' &&
    used.bodyUsed &&
    take(used, symbol) === undefined &&
    take(new Class('ä'), symbol) === 'ä' &&
    isEqual(take(ofBytes, symbol), Uint8Array.of(1, 2)) &&
    isEqual(take(Class.json([1]), symbol), new TextEncoder().encode('[1]')) &&
    take(cloned, symbol) === 'clone' &&
    take(new Class(new ReadableStream()), symbol) === undefined &&
    take(new Class(null), symbol) === undefined
  );
}

function take(response: globalThis.Response, symbol: symbol): string | Uint8Array | undefined {
  const body = (response as unknown as Holder)[symbol]?.body;
  if (body === undefined || body === null) return undefined;
  const content = contentOf(body);
  const { body: stream } = response;
  // A class that extends Response may have a body of its own.
  if (content === undefined || stream === null || stream !== body.stream) return undefined;
  if (stream.locked || Readable.isDisturbed(stream as unknown as NodeJS.ReadableStream)) return undefined;
  stream.cancel().catch(ignore);
  return content;
}

function contentOf({ source, length }: Body): string | Uint8Array | undefined {
  if (typeof source === 'string') return source;
  // A clone that has been read has taken the bytes away, and one that will be read will do so.
  if (!types.isUint8Array(source) || source.length !== length || length > COPIED_BYTES_MAX) return undefined;
  return new Uint8Array(source);
}

function isEqual(taken: string | Uint8Array | undefined, bytes: Uint8Array): boolean {
  return taken !== undefined && typeof taken !== 'string' && Buffer.compare(taken, bytes) === 0;
}

/** Ignores the error of a stream whose cancellation fails: its content is not needed any more. */
export function ignore(): void {}
