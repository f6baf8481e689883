// How a light class (Request, Response, Headers of hotpath) passes for the class of the platform. Its instances are
// instances of the platform's class. Its members are enumerable as the platform's members are, and where `this` is
// no light object they call the platform's member, which serves the platform's own objects and rejects all others.

import { plural } from '../plural.ts';
import { toNative } from './native.ts';

interface Light {
  [toNative](): object;
}

interface Class {
  readonly prototype: object;
}

/**
 * Makes a light class pass for a class of the platform, whose constructor it never calls.
 * @param isLight whether the light class has made a value
 * @param checked members that check `this` and the number of arguments themselves, since they are used most
 */
export function impersonate(
  { prototype: light }: Class,
  { prototype: native }: Class,
  isLight: (value: unknown) => boolean,
  checked: readonly string[],
): void {
  Object.setPrototypeOf(light, native);
  for (const [name, theirs] of Object.entries(Object.getOwnPropertyDescriptors(native))) {
    if (name === 'constructor' || (theirs.get === undefined && typeof theirs.value !== 'function')) continue;
    // A member that only a newer platform has is forwarded to the native object.
    const ours = Object.getOwnPropertyDescriptor(light, name) ?? forward(theirs);
    const descriptor = checked.includes(name) ? ours : guarded(name, ours, { ...theirs, native }, isLight);
    Object.defineProperty(light, name, { ...descriptor, enumerable: theirs.enumerable ?? false });
  }
}

/** Makes `instanceof` a light class hold for the platform's instances, too. Classes that extend it keep their own. */
export function admitNativeInstances(light: Class, native: Class): void {
  Object.defineProperty(light, Symbol.hasInstance, {
    configurable: true,
    writable: true,
    value(this: Class, value: unknown): boolean {
      return Function.prototype[Symbol.hasInstance].call(this === light ? native : this, value);
    },
  });
}

function guarded(
  name: string,
  ours: PropertyDescriptor,
  theirs: PropertyDescriptor & { native: object },
  isLight: (value: unknown) => boolean,
): PropertyDescriptor {
  const { get } = ours;
  if (get !== undefined) {
    const getter = {
      get [name](): unknown {
        return isLight(this) ? get.call(this) : theirs.get?.call(targetOf(theirs.native, this));
      },
    };
    return Object.getOwnPropertyDescriptor(getter, name) as PropertyDescriptor;
  }
  const { [name]: value } = {
    [name](...values: unknown[]) {
      if (!isLight(this)) return theirs.value.apply(targetOf(theirs.native, this), values);
      if (values.length < theirs.value.length) throw tooFew(name, theirs.value.length, values.length);
      return ours.value.apply(this, values);
    },
  };
  Object.defineProperty(value, 'length', { value: theirs.value.length });
  return { value, writable: true, configurable: true };
}

/** Calls the platform's getter of this name, for a `this` that is no light object. */
export function platformGet(native: object, name: string, target: object): never {
  return Reflect.get(native, name, targetOf(native, target)) as never;
}

/** The platform takes a light prototype for an instance, so the platform's own prototype is used in its place. */
function targetOf(native: object, target: unknown): unknown {
  return Object.hasOwn(Object(target), 'constructor') ? native : target;
}

/** Makes the error for a call with too few arguments. */
export function tooFew(name: string, least: number, given: number): TypeError {
  return new TypeError(`${name}() takes ${plural(least, 'argument')}, but got ${given}`);
}

function forward({ value, get }: PropertyDescriptor): PropertyDescriptor {
  if (get !== undefined)
    return {
      configurable: true,
      get(this: Light) {
        return get.call(this[toNative]());
      },
    };
  return {
    configurable: true,
    writable: true,
    value(this: Light, ...values: unknown[]) {
      return value.apply(this[toNative](), values);
    },
  };
}
