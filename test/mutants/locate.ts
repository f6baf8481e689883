// Finds the text that a row quotes, and its tests, wherever they have moved. Reads no file: see texts.ts.

import type { Defect } from './defect.ts';
import type { Texts } from './texts.ts';

export interface Place {
  file: string;
  /** Spans the quoted text, as offsets in characters. */
  start: number;
  end: number;
}

/** A row of the table as it stands in the sources of today. */
export interface Located {
  defect: Defect;
  place: Place;
  tests: readonly string[];
  /** True if the text or a test is not where the row says. */
  moved: boolean;
}

export interface Misfit {
  defect: Defect;
  /** Says what can't be found. */
  reason: string;
}

/** Splits rows into those that fit the sources and those that don't. */
export function locateAll(
  defects: readonly Defect[],
  texts: Texts,
): { located: readonly Located[]; misfits: readonly Misfit[] } {
  const located: Located[] = [];
  const misfits: Misfit[] = [];
  for (const defect of defects) {
    const result = locate(defect, texts);
    if ('reason' in result) misfits.push(result);
    else located.push(result);
  }
  return { located, misfits };
}

export function locate(defect: Defect, texts: Texts): Located | Misfit {
  const place = findQuote(defect.file, defect.found, texts);
  if (typeof place === 'string') return { defect, reason: place };
  const tests = findTests(defect, texts);
  if (typeof tests === 'string') return { defect, reason: tests };
  const moved = place.file !== defect.file || tests.some((test) => !defect.tests.includes(test));
  return { defect, place, tests, moved };
}

/**
 * Looks for a quoted text in the named file, then in files of that name elsewhere, then in the folder and in those
 * around it. The first that has the text decides.
 *
 * @returns why not, if the text is nowhere or stands in several places
 */
function findQuote(hint: string, quote: string, texts: Texts): Place | string {
  const [top = ''] = hint.split('/');
  const below = [...texts.keys()].filter((file) => file.startsWith(`${top}/`));
  const namesakes = below.filter((file) => baseName(file) === baseName(hint));
  const folders = foldersOf(hint).map((folder) => below.filter((file) => file.startsWith(folder)));
  for (const files of [[hint], namesakes, ...folders]) {
    const places = files.flatMap((file) => placesIn(file, quote, texts.get(file) ?? ''));
    const [place] = places;
    if (place === undefined) continue;
    if (places.length === 1) return place;
    const where = [...new Set(places.map(({ file }) => file))].join(', ');
    return `its text is found ${places.length} times, not once, in ${where}: ${JSON.stringify(quote)}`;
  }
  return `its text is not found: ${JSON.stringify(quote)}`;
}

/** Line breaks and indentation change when code moves: if the exact text is missing, any white space will do. */
function placesIn(file: string, quote: string, text: string): Place[] {
  const exact = spansOf(new RegExp(escapePattern(quote), 'g'), text);
  const spans =
    exact.length > 0 ? exact : spansOf(new RegExp(escapePattern(quote).replace(/\s+/g, '\\s+'), 'g'), text);
  return spans.map(([start, end]) => ({ file, start, end }));
}

/** @returns why not, if a test file or a title is gone */
function findTests({ tests, only }: Defect, texts: Texts): readonly string[] | string {
  const files = [...texts.keys()].filter((file) => file.endsWith('.test.ts'));
  const withTitle = files.filter((file) => only !== undefined && texts.get(file)?.includes(only));
  const found = tests.map((test) => {
    if (texts.has(test)) return test;
    const namesakes = files.filter((file) => baseName(file) === baseName(test));
    return namesakes.length === 1 ? namesakes[0] : undefined;
  });
  const there = found.filter((test) => test !== undefined);
  if (only === undefined)
    return there.length === tests.length ? there : `there is no test file ${tests.join(', ')}`;
  if (there.some((test) => withTitle.includes(test))) return there;
  if (withTitle.length === 1) return withTitle;
  return `${withTitle.length} other test files than ${tests.join(', ')} have '${only}' in a title`;
}

/** Lists the folder of a file and those around it, the nearest first. */
function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, i) => `${parts.slice(0, parts.length - i).join('/')}/`);
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

function spansOf(pattern: RegExp, text: string): [start: number, end: number][] {
  return [...text.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length]);
}

export function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
