// The platform's own Fetch classes, captured before anything takes their global names.

/** A light object's method of this name gives its native counterpart, made once. */
export const toNative: unique symbol = Symbol('toNative');

/** That of a light Request gives a native one without its body, made anew. */
export const toBodiless: unique symbol = Symbol('toBodiless');

export const NativeRequest: typeof globalThis.Request = globalThis.Request;
export const NativeResponse: typeof globalThis.Response = globalThis.Response;
export const NativeHeaders: typeof globalThis.Headers = globalThis.Headers;
export const nativeFetch: typeof globalThis.fetch = globalThis.fetch;

// What these take. Only the types of the DOM have global names for it, and programs for Node may be without.
export type RequestInput = ConstructorParameters<typeof globalThis.Request>[0];
export type BodyInput = NonNullable<ConstructorParameters<typeof globalThis.Response>[0]>;
export type HeadersInput = NonNullable<RequestInit['headers']>;
