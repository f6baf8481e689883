// The members of a light class in the form of the platform's: enumerable as theirs are, and with any other `this`
// theirs, which serve the platform's own objects and refuse all else.

import { plural } from '../plural.ts';
import { toNative } from './native.ts';

interface Light {
  [toNative](): object;
}

/**
 * Brings a light class into the form of the platform's.
 * @param isLight whether the light class has made a value
 * @param checked members that look at `this` and at the number of arguments by themselves, since they are used most
 */
export function asNative(
  light: object,
  native: object,
  isLight: (value: unknown) => boolean,
  checked: readonly string[],
): void {
  for (const [name, theirs] of Object.entries(Object.getOwnPropertyDescriptors(native))) {
    if (name === 'constructor' || (theirs.get === undefined && typeof theirs.value !== 'function')) continue;
    // Those that only a newer platform has go to the native object.
    const ours = Object.getOwnPropertyDescriptor(light, name) ?? forward(theirs);
    const descriptor = checked.includes(name) ? ours : guarded(name, ours, { ...theirs, native }, isLight);
    Object.defineProperty(light, name, { ...descriptor, enumerable: theirs.enumerable ?? false });
  }
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

/** The value of the platform's getter of this name, for a `this` that is no light object. */
export function platformGet(native: object, name: string, target: object): never {
  return Reflect.get(native, name, targetOf(native, target)) as never;
}

/** A light prototype looks like an instance to the platform, and stands for the platform's prototype. */
function targetOf(native: object, target: unknown): unknown {
  return Object.hasOwn(Object(target), 'constructor') ? native : target;
}

/** The error of a call with too few arguments. */
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
