// The kind of a value: in a few words, for messages about a value that should be of another kind; and whether it is a
// promise.

/** Describes the kind of a value: `null`, `string`, `object`, `object (Date)` */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const name = nameOf(value);
  return name === undefined || name === 'Object' ? 'object' : `object (${name})`;
}

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

function nameOf(value: object): string | undefined {
  try {
    const { name } = value.constructor;
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}
