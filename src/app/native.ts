// The platform's own Fetch classes, captured before anything takes their global names.

/** A light object's method of this name gives its native counterpart, made once. */
export const toNative: unique symbol = Symbol('toNative');

export const NativeRequest = globalThis.Request;
export const NativeResponse = globalThis.Response;
export const NativeHeaders = globalThis.Headers;
export const nativeFetch = globalThis.fetch;
