// Response fields: takes what Fetch allows as HeadersInit, validates it and builds field lines, so that no name and no
// value can break out of its line. The fields that the server alone sends are kept apart.

import { FIELDS_BYTES_MAX, FIELDS_TOO_LARGE } from '../connection/exchange.ts';
import { SERVER_FIELDS } from '../protocol/server-fields.ts';
import { isToken } from '../protocol/token.ts';
import { imfFixdate } from './http-date.ts';
import type { HeadersInput } from './native.ts';

/** Immutable, and therefore shared. */
export interface FieldLines {
  /** `name: value` CRLF, names in lower case, without the server's own fields. */
  readonly lines: string;
  /** The server's own fields in the same form. They are not sent, but a Headers object shows them. */
  readonly own: string;
  /** The program asked for Connection: close. */
  readonly close: boolean;
  /** The program's Date as IMF-fixdate; undefined when it is missing or invalid. */
  readonly date: string | undefined;
  /** The program's Content-Length; undefined when it is missing or invalid. */
  readonly length: number | undefined;
}

export const NO_FIELDS: FieldLines = { lines: '', own: '', close: false, date: undefined, length: undefined };
export const TEXT_FIELDS: FieldLines = { ...NO_FIELDS, lines: 'content-type: text/plain;charset=UTF-8\r\n' };
export const JSON_FIELDS: FieldLines = { ...NO_FIELDS, lines: 'content-type: application/json\r\n' };

/** Fields that a recipient needs before the content, so that they can't be trailers (RFC 9110 6.5.1). */
const NO_TRAILERS = new Set([
  ...SERVER_FIELDS,
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'expires',
  'host',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'vary',
  'warning',
  'www-authenticate',
]);

/** The characters that Fetch rejects in a value: CR, LF, NUL, and all beyond U+00FF. */
const NOT_IN_VALUE = /[\0\n\r\u0100-\uffff]/;
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;

const KEPT_NAMES_MAX = 1000;
const KEPT_NAME_LENGTH_MAX = 64;
const KEPT_VALUE_LENGTH_MAX = 128;

/** A name as a program wrote it, with its last value and line: most programs send the same line again and again. */
interface FieldName {
  readonly name: string;
  readonly own: boolean;
  value: string;
  line: string;
  /** The fields of a response that has only this line. */
  alone: FieldLines | undefined;
}

const names = new Map<string, FieldName>();

/**
 * Reads fields, validates each name and value, and builds their lines.
 * @param missing the Content-Type to add when the fields have none, or NO_FIELDS
 * @throws TypeError that names the malformed field
 * @throws RangeError when all fields together exceed FIELDS_BYTES_MAX bytes
 */
export function readFields(headers: HeadersInput | undefined, missing: FieldLines): FieldLines {
  if (headers === undefined) return missing;
  if (typeof headers !== 'object' || headers === null)
    throw new TypeError('headers must be an object of names and values, or a list of pairs');
  if (typeof (headers as Iterable<unknown>)[Symbol.iterator] === 'function')
    return readPairs(headers as Iterable<Iterable<unknown>>, missing);
  return readRecord(headers as Record<string, string>, missing);
}

function readRecord(record: Record<string, string>, missing: FieldLines): FieldLines {
  let lines = '';
  let own = '';
  let typed = missing === NO_FIELDS;
  let last: FieldName | undefined;
  for (const key in record) {
    if (!Object.hasOwn(record, key)) continue;
    const field = names.get(key) ?? learnName(key);
    const line = lineOf(field, record[key]);
    if (field.own) own += line;
    else lines += line;
    checkSize(lines.length + own.length);
    if (field.name === 'content-type') typed = true;
    last = field;
  }
  if (!typed) return fieldLines(lines + missing.lines, own);
  if (last !== undefined && own === '' && lines !== '' && lines === last.line)
    return (last.alone ??= fieldLines(lines, own));
  return fieldLines(lines, own);
}

function readPairs(pairs: Iterable<Iterable<unknown>>, missing: FieldLines): FieldLines {
  let lines = '';
  let own = '';
  let typed = missing === NO_FIELDS;
  for (const pair of pairs) {
    const [key, value] = pairOf(pair) as [string, unknown];
    const field = names.get(key) ?? learnName(key);
    const line = lineOf(field, value);
    if (field.own) own += line;
    else lines += line;
    checkSize(lines.length + own.length);
    if (field.name === 'content-type') typed = true;
  }
  return fieldLines(typed ? lines : lines + missing.lines, own);
}

function pairOf(pair: Iterable<unknown>): readonly unknown[] {
  if (typeof pair !== 'object' || pair === null || typeof pair[Symbol.iterator] !== 'function')
    throw new TypeError('a header must be a pair of name and value');
  const items = Array.isArray(pair) ? pair : [...pair];
  if (items.length !== 2) throw new TypeError('a header must be a pair of name and value');
  return typeof items[0] === 'string' ? items : [`${items[0]}`, items[1]];
}

function fieldLines(lines: string, own: string): FieldLines {
  if (own === '') return { lines, own, close: false, date: undefined, length: undefined };
  let close = false;
  let date: string | undefined;
  let length: string | undefined;
  for (const [name, value] of pairsIn(own)) {
    if (name === 'connection') close ||= CLOSE.test(value);
    if (name === 'date') date = date === undefined ? value : '';
    // Two Content-Lengths count as none (RFC 9110 8.6).
    if (name === 'content-length') length = length === undefined ? value : '';
  }
  return {
    lines,
    own,
    close,
    date: date === undefined ? undefined : imfFixdate(date),
    length: length === undefined ? undefined : parseLength(length),
  };
}

function parseLength(value: string): number | undefined {
  const length = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(length) ? length : undefined;
}

function learnName(key: string): FieldName {
  checkSize(key.length);
  if (!isToken(key)) throw new TypeError(`${JSON.stringify(key)} is not a field name`);
  const name = key.toLowerCase();
  const field = { name, own: SERVER_FIELDS.has(name), value: '', line: `${name}: \r\n`, alone: undefined };
  // Names that come from outside the program must not fill memory.
  if (key.length > KEPT_NAME_LENGTH_MAX) return field;
  if (names.size >= KEPT_NAMES_MAX) names.clear();
  names.set(key, field);
  return field;
}

function lineOf(field: FieldName, value: unknown): string {
  if (value === field.value) return field.line;
  const text = typeof value === 'string' ? value : `${value}`;
  const line = `${field.name}: ${validValue(field, text)}\r\n`;
  if (text.length <= KEPT_VALUE_LENGTH_MAX && field.name !== 'set-cookie') {
    field.value = text;
    field.line = line;
    field.alone = undefined;
  }
  return line;
}

/** Returns the value as it is sent. The size is checked first, so that no pattern runs over a text of any length. */
function validValue(field: FieldName, text: string): string {
  const outer = text.charCodeAt(0) <= 0x20 || text.charCodeAt(text.length - 1) <= 0x20;
  const value = outer ? trimmed(text) : text;
  checkSize(value.length);
  if (NOT_IN_VALUE.test(value))
    throw new TypeError(`the value of ${field.name} holds a character that no field value may hold`);
  return value;
}

/** Removes white space at both ends, as the Fetch standard has it: tab, line feed, carriage return, space. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function checkSize(bytes: number): void {
  if (bytes > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
}

/** Adds `missing` to the fields when they have no Content-Type. */
export function addMissing(fields: FieldLines, missing: FieldLines): FieldLines {
  if (missing === NO_FIELDS || /^content-type: /m.test(fields.lines)) return fields;
  return { ...fields, lines: fields.lines + missing.lines };
}

/** All fields as pairs, the server's own included. */
export function pairsOf({ lines, own }: FieldLines): [name: string, value: string][] {
  return pairsIn(lines + own);
}

function pairsIn(lines: string): [name: string, value: string][] {
  const pairs = lines.split('\r\n').slice(0, -1);
  return pairs.map((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

/**
 * Builds the lines of a trailer section.
 * @throws TypeError that names a field that is malformed, or that can't be a trailer
 */
export function readTrailers(headers: HeadersInput): string {
  const fields = readFields(headers, NO_FIELDS);
  for (const [name] of pairsOf(fields))
    if (NO_TRAILERS.has(name)) throw new TypeError(`${name} can't be a trailer field`);
  return fields.lines;
}
