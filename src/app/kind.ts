// The kind of a value in a few words, for messages about a value that should be of another kind.

/** Describes the kind of a value: `null`, `string`, `object`, `object (Date)` */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const name = nameOf(value);
  return name === undefined || name === 'Object' ? 'object' : `object (${name})`;
}

function nameOf(value: object): string | undefined {
  try {
    const { name } = value.constructor;
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}
