// The platform's own Fetch classes, captured before other code replaces the globals.

/** Name of the method of a light object that returns its native counterpart, made once. */
export const toNative: unique symbol = Symbol('toNative');

/** Name of the method of a light Request that makes a new native Request without the body. */
export const toBodiless: unique symbol = Symbol('toBodiless');

export const NativeRequest: typeof globalThis.Request = globalThis.Request;
export const NativeResponse: typeof globalThis.Response = globalThis.Response;
export const NativeHeaders: typeof globalThis.Headers = globalThis.Headers;
export const nativeFetch: typeof globalThis.fetch = globalThis.fetch;

// The argument types of these classes. Only the DOM's types name them, and a program for Node may not have those.
export type RequestInput = ConstructorParameters<typeof globalThis.Request>[0];
export type BodyInput = NonNullable<ConstructorParameters<typeof globalThis.Response>[0]>;
export type HeadersInput = NonNullable<RequestInit['headers']>;
