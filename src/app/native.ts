// The platform's own Fetch classes, captured before other code replaces the globals.

// The names below are the same in all copies of this package in the process, such as one that is bundled into the application.

/** Name of the method of a light object that returns its native counterpart, made once. */
export const toNative: unique symbol = Symbol.for('hotpath.toNative');

/** Name of the method of a light Request that makes a new native Request without the body. */
export const toBodiless: unique symbol = Symbol.for('hotpath.toBodiless');

/** Name of the property of a light class, and of fetch(), that refers to the platform's own. */
export const platformOwn: unique symbol = Symbol.for('hotpath.platformOwn');

export const NativeRequest: typeof globalThis.Request = ownOf(globalThis.Request);
export const NativeResponse: typeof globalThis.Response = ownOf(globalThis.Response);
export const NativeHeaders: typeof globalThis.Headers = globalThis.Headers;
export const nativeFetch: typeof globalThis.fetch = ownOf(globalThis.fetch);

/** Another copy of this package may have replaced the global. */
function ownOf<T extends object>(global: T & { [platformOwn]?: T }): T {
  return global[platformOwn] ?? global;
}

// The argument types of these classes. Only the DOM's types name them, and a program for Node may not have those.
export type RequestInput = ConstructorParameters<typeof globalThis.Request>[0];
export type BodyInput = NonNullable<ConstructorParameters<typeof globalThis.Response>[0]>;
export type HeadersInput = NonNullable<RequestInit['headers']>;
