// Describes the failure of a handler in development: the errors, their stacks, and the lines of the application that failed.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, types } from 'node:util';
import { isPlain } from './app-keys.ts';
import { kindOf } from './kind.ts';

export interface ReportedError {
  /** How the error belongs to the ones before: `Caused by`; empty for the first one. */
  relation: string;
  /** The kind of the error; `thrown` for a value that is no error. */
  name: string;
  message: string;
  frames: Frame[];
  excerpt: Excerpt | undefined;
}

/** A line of a stack. */
export interface Frame {
  /** The line, without the white space around it. */
  text: string;
  /** The line belongs to the application: not to Node, to hotpath or to a package. */
  own: boolean;
}

/** Lines of a source file. */
export interface Excerpt {
  file: string;
  line: number;
  column: number;
  /** The number of the first line of `lines`, from 1. */
  from: number;
  lines: string[];
}

interface Place {
  file: string;
  line: number;
  column: number;
}

const ERRORS_MAX = 20;
const FRAMES_MAX = 100;
const MESSAGE_LENGTH_MAX = 20_000;
const LINE_LENGTH_MAX = 500;
const SOURCE_BYTES_MAX = 10_000_000;
/** Lines of an excerpt before and behind the failing one. */
const LINES_AROUND = 5;

/** `at name (file:///app.js:1:2)`, `at /route (/app.cjs:1:2)` */
const NAMED_PLACE = / \(((?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+):(\d+)\)$/;
/** `at file:///app.js:1:2`, `at async file:///app.js:1:2` */
const BARE_PLACE = /^at (?:async )?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+):(\d+)$/;
const FRAME = /^\s*at /;
/** An excerpt never shows a file of another kind, whatever a stack says. */
const SOURCE_FILE = /\.[cm]?[jt]sx?$/;
const PACKAGES = /[\\/]node_modules[\\/]/;

/** The folder of hotpath; undefined if it is bundled into a program. */
const HOTPATH = /\/app\/failure-report\.[jt]s$/.test(import.meta.url)
  ? fileURLToPath(new URL('..', import.meta.url))
  : undefined;

/**
 * Describes the errors of a failure, with their causes and the errors that they contain.
 * @param answering thrown by the error() of the application, when it answered for `error`
 */
export function reportOf(error: unknown, answering?: { error: unknown }): ReportedError[] {
  const report: ReportedError[] = [];
  const seen = new Set<unknown>();
  const add = (relation: string, value: unknown): void => {
    if (report.length === ERRORS_MAX || seen.has(value)) return;
    if (!isError(value)) {
      report.push(thrown(relation, value));
      return;
    }
    seen.add(value);
    report.push(reported(relation, value));
    if (value instanceof AggregateError)
      for (const [i, one] of value.errors.entries()) add(`Error ${i + 1} of ${value.errors.length}`, one);
    if (value.cause !== undefined) add('Caused by', value.cause);
  };
  add('', error);
  if (answering !== undefined) add('Then error() of the application failed', answering.error);
  return report;
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function thrown(relation: string, value: unknown): ReportedError {
  const message =
    typeof value === 'string'
      ? value
      : typeof value === 'object' && value !== null && !Array.isArray(value) && !isPlain(value)
        ? kindOf(value)
        : // No deeper, since a value may contain the request.
          inspect(value, { depth: 0, customInspect: false });
  return { relation, name: 'thrown', message: cut(message), frames: [], excerpt: undefined };
}

function reported(relation: string, error: Error): ReportedError {
  const message = `${error.message}`;
  const { lines, certain } = traceOf(`${error.stack ?? ''}`, message);
  const frames: Frame[] = [];
  let first: Place | undefined;
  for (const line of lines.slice(0, FRAMES_MAX)) {
    const text = line.trim().slice(0, LINE_LENGTH_MAX);
    const place = placeOf(text);
    const own = place !== undefined && isOwn(place.file);
    if (own) first ??= place;
    if (text !== '') frames.push({ text, own });
  }
  const excerpt = certain && first !== undefined ? excerptAt(first) : undefined;
  return { relation, name: nameOf(error), message: cut(message), frames, excerpt };
}

function nameOf(error: Error): string {
  const { name, code } = error as NodeJS.ErrnoException;
  const kind = name === 'Error' ? error.constructor?.name || name : `${name}`;
  return typeof code === 'string' ? `${kind} [${code}]` : kind;
}

/**
 * Returns the lines of a stack behind the message. If they are not `certain`, the stack begins in another way: then some may
 * come from the message, which may be a client's, and name any file.
 */
function traceOf(stack: string, message: string): { lines: string[]; certain: boolean } {
  const start = stack.indexOf(message);
  const certain = start >= 0 && !stack.slice(0, start).includes('\n');
  const [, ...behind] = stack.slice(certain ? start + message.length : 0).split('\n');
  return certain
    ? { lines: behind.filter((line) => FRAME.test(line)), certain }
    : { lines: stack === '' ? [] : stack.split('\n'), certain };
}

function placeOf(line: string): Place | undefined {
  if (line.includes('(eval at ')) return undefined;
  const [, from, row, column] = NAMED_PLACE.exec(line) ?? BARE_PLACE.exec(line) ?? [];
  if (from === undefined) return undefined;
  try {
    const file = from.startsWith('file:') ? fileURLToPath(from) : from;
    return { file, line: Number(row), column: Number(column) };
  } catch {
    return undefined;
  }
}

function isOwn(file: string): boolean {
  return !PACKAGES.test(file) && (HOTPATH === undefined || !file.startsWith(HOTPATH));
}

function excerptAt({ file, line, column }: Place): Excerpt | undefined {
  if (!SOURCE_FILE.test(file)) return undefined;
  let all: string[];
  try {
    const source = readFileSync(file);
    if (source.length > SOURCE_BYTES_MAX) return undefined;
    all = source
      .toString()
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
  } catch {
    return undefined;
  }
  // The file may have changed since it was loaded.
  if (line < 1 || line > all.length) return undefined;
  const from = Math.max(1, line - LINES_AROUND);
  const lines = all.slice(from - 1, line + LINES_AROUND).map((text) => text.slice(0, LINE_LENGTH_MAX));
  return { file, line, column, from, lines };
}

function cut(text: string): string {
  return text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX)}…` : text;
}
