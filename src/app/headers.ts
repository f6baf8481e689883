// The Headers of a request, over its head: a field becomes a string when a program asks for it. The first change
// makes native Headers of all fields, which are used from then on.

import { formatWithOptions, inspect } from 'node:util';
import { combinedValue, separator } from '../connection/combined-value.ts';
import type { Head } from '../connection/exchange.ts';
import { isLowerToken, isToken } from '../protocol/token.ts';
import { impersonate, tooFew } from './impersonate.ts';
import { NativeHeaders } from './native.ts';

const SET_COOKIE = 'set-cookie';

type Pair = readonly [name: string, value: string];

/** The iterator of Headers. A change of the Headers shows in iterators that are under way. */
class FieldIterator<T> {
  readonly #list: () => readonly Pair[];
  readonly #convert: (pair: Pair) => T;
  #index = 0;

  constructor(list: () => readonly Pair[], convert: (pair: Pair) => T) {
    this.#list = list;
    this.#convert = convert;
  }

  next(): IteratorResult<T> {
    if (!(#list in this)) throw new TypeError('next() was called on something that is no Headers Iterator');
    const pair = this.#list()[this.#index];
    if (pair === undefined) return { done: true, value: undefined };
    this.#index++;
    return { done: false, value: this.#convert(pair) };
  }
}
Object.setPrototypeOf(FieldIterator.prototype, Object.getPrototypeOf(Object.getPrototypeOf([].values())));
Object.defineProperty(FieldIterator.prototype, 'next', { enumerable: true });
Object.defineProperty(FieldIterator.prototype, Symbol.toStringTag, {
  value: 'Headers Iterator',
  configurable: true,
});
Reflect.deleteProperty(FieldIterator.prototype, 'constructor');

let isLight: (value: unknown) => boolean;

/** Headers over a request's head. They pass for the platform's, whose constructor they never call. */
export class Headers implements globalThis.Headers {
  readonly #head: Head;
  #native: globalThis.Headers | undefined = undefined;
  /** The list that iterators walk. */
  #pairs: readonly Pair[] | undefined = undefined;

  static {
    isLight = (value) => typeof value === 'object' && value !== null && #head in value;
  }

  constructor(head: Head) {
    this.#head = head;
  }

  get(name: string): string | null {
    if (!(#head in this)) return NativeHeaders.prototype.get.call(this, name);
    // biome-ignore lint/complexity/noArguments: a rest parameter costs each call an array
    if (arguments.length === 0) throw tooFew('get', 1, 0);
    if (this.#native !== undefined) return this.#native.get(name);
    return combinedValue(this.#head, lowerName(name)) ?? null;
  }

  has(name: string): boolean {
    if (!(#head in this)) return NativeHeaders.prototype.has.call(this, name);
    // biome-ignore lint/complexity/noArguments: a rest parameter costs each call an array
    if (arguments.length === 0) throw tooFew('has', 1, 0);
    if (this.#native !== undefined) return this.#native.has(name);
    return this.#head.findField(lowerName(name)) >= 0;
  }

  getSetCookie(): string[] {
    if (this.#native !== undefined) return this.#native.getSetCookie();
    return [...valuesOf(this.#head, SET_COOKIE)];
  }

  append(name: string, value: string): void {
    this.#change().append(name, value);
  }

  set(name: string, value: string): void {
    this.#change().set(name, value);
  }

  delete(name: string): void {
    this.#change().delete(name);
  }

  forEach(
    callback: (value: string, name: string, headers: globalThis.Headers) => void,
    thisArgument?: unknown,
  ): void {
    if (typeof callback !== 'function') throw new TypeError('Headers.forEach: the callback is no function');
    for (let i = 0; i < this.#list().length; i++) {
      const [name, value] = this.#list()[i] as Pair;
      callback.call(thisArgument, value, name, this);
    }
  }

  entries(): HeadersIterator<[string, string]> {
    return new FieldIterator(
      () => this.#list(),
      ([name, value]) => [name, value],
    ) as never;
  }

  keys(): HeadersIterator<string> {
    return new FieldIterator(
      () => this.#list(),
      ([name]) => name,
    ) as never;
  }

  values(): HeadersIterator<string> {
    return new FieldIterator(
      () => this.#list(),
      ([, value]) => value,
    ) as never;
  }

  [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.entries();
  }

  /** Copies the fields. A later change of one does not show in the other. */
  copy(): Headers {
    const copy = new Headers(this.#head);
    if (this.#native !== undefined) copy.#native = new NativeHeaders(this.#native);
    return copy;
  }

  [inspect.custom](depth: number, options: object): string {
    return `Headers ${formatWithOptions({ depth, ...options }, Object.fromEntries(this))}`;
  }

  #list(): readonly Pair[] {
    this.#pairs ??= this.#native === undefined ? sortedPairs(this.#head) : [...this.#native];
    return this.#pairs;
  }

  #change(): globalThis.Headers {
    this.#native ??= new NativeHeaders([...this]);
    this.#pairs = undefined;
    return this.#native;
  }
}
impersonate(Headers, NativeHeaders, isLight, ['get', 'has']);
// One function under two names, as in the standard.
Object.defineProperty(Headers.prototype, Symbol.iterator, {
  value: Headers.prototype.entries,
  writable: true,
  configurable: true,
});

function* valuesOf(head: Head, lowerName: string): Generator<string> {
  for (let index = head.findField(lowerName); index >= 0; index = head.findField(lowerName, index + 1))
    yield head.fieldValue(index);
}

/** The fields sorted and combined as the Fetch standard says, with one pair for each Set-Cookie. */
function sortedPairs(head: Head): Pair[] {
  const combined = new Map<string, string>();
  const cookies: Pair[] = [];
  for (let index = 0; index < head.fieldCount; index++) {
    const name = head.fieldName(index).toLowerCase();
    const value = head.fieldValue(index);
    if (name === SET_COOKIE) {
      cookies.push([name, value]);
      continue;
    }
    const before = combined.get(name);
    combined.set(name, before === undefined ? value : before + separator(name) + value);
  }
  return [...combined, ...cookies].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

/** The field name in lower case. @throws TypeError for anything that is not a field name (RFC 9110 5.1) */
function lowerName(name: unknown): string {
  if (typeof name === 'string' && isLowerToken(name)) return name;
  const text = String(name);
  if (!isToken(text)) throw new TypeError(`Headers: ${inspect(text)} is not a valid field name`);
  return text.toLowerCase();
}
