// The light classes in the global names, as programs written for the Fetch standard use them: what is light
// becomes native where it is handed to the platform, and either is an instance of both.

import { noteDecoded } from './bodies.ts';
import { NativeRequest, nativeFetch, type RequestInput, toBodiless, toNative } from './native.ts';
import { Response as LightResponse } from './response.ts';

/** Puts Response, Request and fetch into the global names. @returns what puts back what was there. */
export function installGlobals(): () => void {
  const undo = [install('Response', LightResponse), install('Request', Request), install('fetch', fetch)];
  return () => {
    for (const uninstall of undo) uninstall();
  };
}

function install(name: string, value: unknown): () => void {
  const former = Object.getOwnPropertyDescriptor(globalThis, name);
  if (former === undefined) throw new Error(`this platform has no ${name}`);
  const enumerable = former.enumerable ?? false;
  Object.defineProperty(globalThis, name, { value, enumerable, writable: true, configurable: true });
  return () => {
    // What somebody else has put over it since is left alone.
    if (Reflect.get(globalThis, name) === value) Object.defineProperty(globalThis, name, former);
  };
}

/** The platform's, which takes requests of this server, too. */
export class Request extends NativeRequest {
  constructor(input: RequestInput, init?: RequestInit) {
    super(inputOf(input, init), native(init));
  }

  /** The platform's own are such, too, and the light ones. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: classes that extend this one inherit this method
    const Class = this === Request ? NativeRequest : this;
    return Function.prototype[Symbol.hasInstance].call(Class, value);
  }
}

/** The platform's, which takes requests of this server, too. */
export async function fetch(input: RequestInput, init?: RequestInit): Promise<globalThis.Response> {
  const response = await nativeFetch(inputOf(input, init), native(init));
  const codings = response.headers.get('content-encoding');
  if (codings !== null && response.body !== null) noteDecoded(response.body, codings);
  return response;
}

/** A body in `init` takes the place of the request's, which may have been read by then. */
function inputOf(input: RequestInput, init: RequestInit | undefined): RequestInput {
  const light = input as { [toBodiless]?: () => RequestInput } | null | undefined;
  if (typeof light !== 'object' || light?.[toBodiless] === undefined) return native(input);
  return init?.body === undefined || init.body === null ? native(input) : light[toBodiless]();
}

/** What the platform understands: it looks inside of its own objects, and light ones have nothing there. */
function native<T>(value: T): T {
  const light = value as { [toNative]?: () => T } | null | undefined;
  return typeof light === 'object' && light?.[toNative] !== undefined ? light[toNative]() : value;
}
