// Labels of named state: `counter('logins', { method: 'sso' })` is the counter named `logins{method="sso"}`, a series of the
// metric `logins`. The same labels in another order give the same name.

import type { Kind } from '../wasm/state/names.ts';

/** The labels of a series. An empty text is the same as no label, as in Prometheus. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Prometheus gives these names to the buckets of histograms and to labels of its own. */
const RESERVED = /^(?:__.*|le|quantile)$/;
const PAIR = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;

/**
 * Returns the name under which state with labels is stored.
 * @throws TypeError when the labels are invalid, or the name can't have any
 */
export function nameWith(kind: Kind, name: string, labels: Labels | undefined): string {
  if (labels === undefined) return name;
  const what = `${kind} ${JSON.stringify(name)}`;
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
    throw new TypeError(`${what}: labels are an object, such as { method: 'get' }`);
  if (typeof name !== 'string' || name.includes('{'))
    throw new TypeError(`${what}: a name with labels is text without '{'`);
  const pairs = Object.entries(labels).map(([label, value]) => {
    if (!LABEL_NAME.test(label) || RESERVED.test(label))
      throw new TypeError(
        `${what}: a label's name has letters, digits and _, begins with no digit and not with __, and is not le or quantile: ${JSON.stringify(label)} can't be one`,
      );
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new TypeError(`${what}: the value of label ${label} must be text, a number or a boolean`);
    return [label, String(value)] as const;
  });
  return storedName(name, pairs);
}

/** Splits a stored name. A name that nameWith() does not make has no labels. */
export function partsOf(stored: string): { name: string; labels: Record<string, string> } {
  const open = stored.indexOf('{');
  if (open >= 0 && stored.endsWith('}')) {
    const name = stored.slice(0, open);
    const pairs = pairsOf(stored.slice(open + 1, -1));
    if (storedName(name, pairs) === stored) return { name, labels: Object.fromEntries(pairs) };
  }
  return { name: stored, labels: {} };
}

function storedName(name: string, pairs: readonly (readonly [string, string])[]): string {
  const texts = pairs
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, escaped)}"`);
  return texts.length === 0 ? name : `${name}{${texts.join(',')}}`;
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}

function pairsOf(text: string): [string, string][] {
  return [...text.matchAll(PAIR)]
    .map(([, label = '', value = '']): [string, string] => [
      label,
      value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character)),
    ])
    .filter(([label]) => !RESERVED.test(label));
}
