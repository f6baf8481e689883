// Results on disk: names, writes, reads and finds the files.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RESULTS_FORMAT, type Results } from '../results.ts';

/** Git ignores the files in it, except the one from which the published pages are made. */
export const RESULTS_FOLDER = 'bench/results';
export const README_RESULTS = join(RESULTS_FOLDER, 'readme.json');

export const NO_COMMIT = 'unknown';
const SHORT_COMMIT_CHARS = 7;
/** At least 4 characters, because fewer are more likely a mistake than a commit. */
const COMMIT_PREFIX = /^[0-9a-f]{4,40}$/;

/** Returns `2026-11-22T140301-e778d2e.json`, with `-dirty` if the checkout held changes. */
export function fileName({ date, commit, dirty }: Pick<Results, 'date' | 'commit' | 'dirty'>): string {
  const time = date.replace(/\.\d+Z$|Z$/, '').replaceAll(':', '');
  return `${time}-${shortCommit(commit)}${dirty ? '-dirty' : ''}.json`;
}

export function shortCommit(commit: string): string {
  return commit.slice(0, SHORT_COMMIT_CHARS);
}

/** Returns the path of a report: next to its results. */
export function reportPath(path: string): string {
  return path.replace(/(\.json)?$/, '.html');
}

/** Writes results as JSON, the numbers of a series on one line, so that two files can be compared by eye. */
export function serialize(results: Results): string {
  return `${JSON.stringify(results, null, 2).replace(/\[\n[-\d.eE+,\s]+\]/g, (series) =>
    series.replace(/\s+/g, '').replaceAll(',', ', '),
  )}\n`;
}

/** Saves results in one step: the file is complete or does not exist. */
export function save(results: Results, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, serialize(results));
  renameSync(`${path}.part`, path);
}

/** Loads results. @throws Error that names the fault of the file */
export function load(path: string): Results {
  let results: Results;
  try {
    results = JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch (error) {
    throw new Error(`${path} can't be read: ${(error as Error).message}`);
  }
  if (results?.format !== RESULTS_FORMAT)
    throw new Error(`${path} is not a results file of format ${RESULTS_FORMAT}.`);
  return results;
}

/**
 * Finds a results file by its path, by its name in the folder with or without ending, by the beginning of its
 * commit, whose newest results count, or as `latest`.
 * @throws Error if there is no such file, or several commits begin so
 */
export function find(what: string, folder = RESULTS_FOLDER): string {
  const named = [what, join(folder, what), join(folder, `${what}.json`)].find(
    (path) => path.endsWith('.json') && existsSync(path),
  );
  if (named !== undefined) return named;
  const files = resultsIn(folder);
  const matching = files.filter(
    ({ results }) => what === 'latest' || (COMMIT_PREFIX.test(what) && results.commit.startsWith(what)),
  );
  const commits = new Set(matching.map(({ results }) => results.commit));
  if (what !== 'latest' && commits.size > 1)
    throw new Error(`'${what}' is the beginning of ${commits.size} commits.`);
  const newest = matching.at(-1);
  if (newest === undefined)
    throw new Error(`There are no results '${what}' in ${folder}. There is: ${listOf(files) || 'nothing'}.`);
  return newest.path;
}

/** Returns the commit of the checkout, and whether the checkout holds changes. */
export function checkout(): Pick<Results, 'commit' | 'dirty'> {
  try {
    return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain') !== '' };
  } catch {
    return { commit: NO_COMMIT, dirty: false };
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** Lists the results, the oldest first. The file of the published pages is a copy and comes before its original. */
function resultsIn(folder: string): { path: string; results: Results }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ path: join(folder, name), results: load(join(folder, name)) }))
    .sort((a, b) => order(a).localeCompare(order(b)));
}

function order({ path, results }: { path: string; results: Results }): string {
  return `${results.date} ${basename(path) === basename(README_RESULTS) ? 0 : 1}`;
}

function listOf(files: readonly { path: string }[]): string {
  return files.map(({ path }) => basename(path)).join(', ');
}
