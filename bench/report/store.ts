// Results on disk: how a file is named, written, read, and found again.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RESULTS_FORMAT, type Results } from '../results.ts';

/** Not under version control but for the file that the README is made from. */
export const RESULTS_FOLDER = 'bench/results';
export const README_RESULTS = join(RESULTS_FOLDER, 'readme.json');

export const NO_COMMIT = 'unknown';
const SHORT_COMMIT_CHARS = 7;
/** Fewer would more often be a mistake than a commit. */
const COMMIT_PREFIX = /^[0-9a-f]{4,40}$/;

/** `2026-11-22T140301-e778d2e.json`, with `-dirty` where the checkout held changes. */
export function fileName({ date, commit, dirty }: Pick<Results, 'date' | 'commit' | 'dirty'>): string {
  const time = date.replace(/\.\d+Z$|Z$/, '').replaceAll(':', '');
  return `${time}-${shortCommit(commit)}${dirty ? '-dirty' : ''}.json`;
}

export function shortCommit(commit: string): string {
  return commit.slice(0, SHORT_COMMIT_CHARS);
}

/** The report lies beside its results. */
export function reportPath(path: string): string {
  return path.replace(/(\.json)?$/, '.html');
}

/** The numbers of a series share a line, so that two files can be compared by eye too. */
export function serialize(results: Results): string {
  return `${JSON.stringify(results, null, 2).replace(/\[\n[-\d.eE+,\s]+\]/g, (series) =>
    series.replace(/\s+/g, '').replaceAll(',', ', '),
  )}\n`;
}

/** A file is there whole or not at all. */
export function save(results: Results, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, serialize(results));
  renameSync(`${path}.part`, path);
}

/** @throws Error that says what is wrong with it */
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
 * Finds a results file by its path, its name in the folder with or without ending, the beginning of its
 * commit, of which the newest counts, or as `latest`.
 * @throws Error when there is none, or more than one commit begins so
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

/** The commit of the checkout, and whether it holds changes. */
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

/** The oldest first. The README's own is a copy: it comes before its original. */
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
