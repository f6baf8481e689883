// The light classes pass for the platform's: each member of Request, Response and Headers is compared.

import { describe, expect, test } from 'vitest';
import { Authority } from '../../src/app/authority.ts';
import { Headers } from '../../src/app/headers.ts';
import { NativeHeaders, NativeRequest, NativeResponse } from '../../src/app/native.ts';
import { Request } from '../../src/app/request.ts';
import { Response } from '../../src/app/response.ts';
import { Origin } from '../../src/app/url.ts';
import { FakeContent, FakeHead, fakeExchange } from './request-fixture.ts';

const head = () =>
  new FakeHead(
    [
      ['Host', 'a'],
      ['X-A', 'b'],
    ],
    'POST',
  );

/** The light class, the native class, and a like object of each. */
const CLASSES: [name: string, light: object, native: object, () => object, () => object][] = [
  [
    'Headers',
    Headers,
    NativeHeaders,
    () => new Headers(head()),
    () => new NativeHeaders({ host: 'a', 'x-a': 'b' }),
  ],
  [
    'Request',
    Request,
    NativeRequest,
    () => new Request(fakeExchange(head(), new FakeContent(['text'])), new Origin(new Authority(), 'a')),
    () =>
      new NativeRequest('http://a/', { method: 'POST', headers: { host: 'a', 'x-a': 'b' }, body: 'text' }),
  ],
  [
    'Response',
    Response,
    NativeResponse,
    () => new Response('text', { status: 201, statusText: 'b' }),
    () => new NativeResponse('text', { status: 201, statusText: 'b' }),
  ],
];

const prototypeOf = (Class: object): object => (Class as { prototype: object }).prototype;

/** Describes a property without its value. Own members that are data properties in the platform are left out. */
function shapeOf(prototype: object, name: PropertyKey): unknown {
  const { value, get, set, enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(
    prototype,
    name,
  ) as PropertyDescriptor;
  const part = (one: unknown) => (typeof one === 'function' ? [one.name, one.length] : typeof one);
  return [part(value), part(get), part(set), enumerable, configurable, writable];
}

/** The result of a use, or its failure, synchronous or asynchronous. */
async function outcomeOf(use: () => unknown): Promise<unknown> {
  let given: unknown;
  try {
    given = use();
  } catch (error) {
    return ['throws', (error as Error).name];
  }
  if (!(given instanceof Promise)) return ['gives', summary(given)];
  return given.then(
    (value) => ['resolves', summary(value)],
    (error: Error) => ['rejects', error.name],
  );
}

function summary(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.prototype.toString.call(value);
}

describe.each(CLASSES)('%s', (_, light, native, makeLight, makeNative) => {
  const [ours, theirs] = [prototypeOf(light), prototypeOf(native)];
  // A member that undici makes public by mistake has no value.
  const names = Object.getOwnPropertyNames(theirs).filter(
    (name) => name !== 'constructor' && name !== 'attribute',
  );

  test.each(names)('%s has the form of the platform’s', (name) => {
    expect(shapeOf(ours, name)).toEqual(shapeOf(theirs, name));
  });

  const use = (prototype: object, name: string, target: unknown, values: unknown[]): unknown => {
    const { get, value } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    return (get ?? value).apply(target, values);
  };

  test.each(names)('%s with a foreign this acts as the platform’s', async (name) => {
    for (const target of [undefined, null, 1, {}, [], ours, theirs, Object.create(makeLight()), () => {}])
      expect(await outcomeOf(() => use(ours, name, target, ['a', 'b']))).toEqual(
        await outcomeOf(() => use(theirs, name, target === ours ? theirs : target, ['a', 'b'])),
      );
  });

  test.each(names)('%s also works on the platform’s objects', async (name) => {
    const values = name === 'forEach' ? [() => {}] : ['x-a', 'c'];
    expect(await outcomeOf(() => use(ours, name, makeNative(), values))).toEqual(
      await outcomeOf(() => use(theirs, name, makeNative(), values)),
    );
  });

  test.each(names)('%s returns what the platform’s returns', async (name) => {
    const values = name === 'forEach' ? [() => {}] : ['x-a', 'c'];
    // Only newer platforms have the stream of text; the platform shows fewer headers of a request.
    expect(await outcomeOf(() => use(ours, name, makeLight(), values))).toEqual(
      await outcomeOf(() => use(theirs, name, makeNative(), values)),
    );
  });

  test.each(names)('%s rejects missing arguments as the platform’s does', async (name) => {
    const { value } = Object.getOwnPropertyDescriptor(theirs, name) as PropertyDescriptor;
    for (let count = 0; count < (value?.length ?? 0); count++)
      expect(await outcomeOf(() => use(ours, name, makeLight(), Array(count).fill('a')))).toEqual(
        await outcomeOf(() => use(theirs, name, makeNative(), Array(count).fill('a'))),
      );
  });

  test('its objects have the tag and the keys of the platform’s', () => {
    expect(Object.prototype.toString.call(makeLight())).toBe(Object.prototype.toString.call(makeNative()));
    const keys = (value: object) => {
      const found: string[] = [];
      for (const key in value) if (names.includes(key)) found.push(key);
      return found.sort();
    };
    expect(keys(makeLight())).toEqual(keys(makeNative()));
  });
});

test.each(['error', 'json', 'redirect', 'length', 'name'])(
  'Response.%s has the form of the platform’s',
  (name) => {
    expect(shapeOf(Response, name)).toEqual(shapeOf(NativeResponse, name));
  },
);

describe.each(['entries', 'keys', 'values', Symbol.iterator] as const)('the iterator of %s', (name) => {
  const light = () => new Headers(head())[name]() as IterableIterator<unknown>;
  const native = () => new NativeHeaders({ host: 'a', 'x-a': 'b' })[name]() as IterableIterator<unknown>;

  test('has the form of the platform’s', () => {
    const [ours, theirs] = [Object.getPrototypeOf(light()), Object.getPrototypeOf(native())];
    expect(Reflect.ownKeys(ours)).toEqual(Reflect.ownKeys(theirs));
    for (const key of Reflect.ownKeys(theirs)) expect(shapeOf(ours, key)).toEqual(shapeOf(theirs, key));
    expect(Object.getPrototypeOf(ours)).toBe(Object.getPrototypeOf(theirs));
    expect(Reflect.ownKeys(light())).toEqual([]);
    expect(Object.prototype.toString.call(light())).toBe('[object Headers Iterator]');
    expect(Headers.prototype[Symbol.iterator]).toBe(Headers.prototype.entries);
  });

  test('returns what the platform’s returns, and stays at its end', () => {
    expect([...light()]).toEqual([...native()]);
    const [ours, theirs] = [light(), native()];
    for (let i = 0; i < 4; i++) expect(ours.next()).toEqual(theirs.next());
    expect(ours[Symbol.iterator]()).toBe(ours);
  });

  test('rejects a foreign this at once', () => {
    expect(() => light().next.call({} as never)).toThrow(TypeError);
    expect(() => Reflect.apply(Headers.prototype[name], {}, [])).toThrow(TypeError);
  });
});
