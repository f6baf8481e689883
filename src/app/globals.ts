// Installs the light classes under the global names that programs for the Fetch standard use. A light object that a
// program passes to the platform is converted to a native one, and objects of either kind are instances of both classes.

import { noteDecoded } from './body-metadata.ts';
import { admitNativeInstances } from './impersonate.ts';
import {
  NativeRequest,
  nativeFetch,
  platformOwn,
  type RequestInput,
  toBodiless,
  toNative,
} from './native.ts';
import { Response as LightResponse } from './response.ts';

/** Installs Response, Request and fetch as globals. @returns a function that restores the former ones */
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
    // A later replacement by other code stays.
    if (Reflect.get(globalThis, name) === value) Object.defineProperty(globalThis, name, former);
  };
}

/** The platform's Request, whose constructor also accepts requests of this server. */
export class Request extends NativeRequest {
  constructor(input: RequestInput, init?: RequestInit) {
    super(inputOf(input, init), native(init));
  }
}
// The light class's instances are instances of the platform's, and so of this one.
admitNativeInstances(Request, NativeRequest);
Object.defineProperty(Request, platformOwn, { value: NativeRequest });

/** The platform's fetch(), which also accepts requests of this server. */
export async function fetch(input: RequestInput, init?: RequestInit): Promise<globalThis.Response> {
  const response = await nativeFetch(inputOf(input, init), native(init));
  const codings = response.headers.get('content-encoding');
  if (codings !== null && response.body !== null) noteDecoded(response.body, codings);
  return response;
}
Object.defineProperty(fetch, platformOwn, { value: nativeFetch });

/** Converts the input. When `init` has a body, the request's own body is left out, since it may have been read. */
function inputOf(input: RequestInput, init: RequestInit | undefined): RequestInput {
  const light = input as { [toBodiless]?: () => RequestInput } | null | undefined;
  if (typeof light !== 'object' || light?.[toBodiless] === undefined) return native(input);
  return init?.body === undefined || init.body === null ? native(input) : light[toBodiless]();
}

/** Converts a light object to a native one: the platform reads private members that light objects do not have. */
function native<T>(value: T): T {
  const light = value as { [toNative]?: () => T } | null | undefined;
  return typeof light === 'object' && light?.[toNative] !== undefined ? light[toNative]() : value;
}
