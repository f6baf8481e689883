// Selects the rows of the table whose files have changed since a Git revision.

import { execFileSync } from 'node:child_process';
import { UsageError } from './arguments.ts';
import type { Located, Misfit } from './locate.ts';
import type { Texts } from './texts.ts';

/** First and last line, counted from 1. */
type Lines = readonly [first: number, last: number];

export interface Changes {
  /** Maps each file whose text is new or has changed to the lines that have. */
  lines: ReadonlyMap<string, readonly Lines[]>;
  /** Names the files that were changed, added, renamed or deleted: by their old and their new names. */
  files: ReadonlySet<string>;
}

const ALL_LINES: Lines = [1, Number.MAX_SAFE_INTEGER];
const HUNK = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * Compares the working tree, new files included, with a revision. A file that was only renamed has no changed lines.
 *
 * @throws UsageError if Git doesn't know the revision
 */
export function changesSince(root: string, revision: string): Changes {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'core.quotePath=false', ...args], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  let commit: string;
  try {
    commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).trim();
  } catch {
    throw new UsageError(`--since: Git knows no revision ${revision} here`);
  }
  const format = ['--relative', '--no-color', '--no-ext-diff', '--src-prefix=a/', '--dst-prefix=b/'];
  const { lines, files } = readDiff(git('diff', '--unified=0', '--find-renames', ...format, commit, '--'));
  const untracked = git('ls-files', '--others', '--exclude-standard').split('\n').slice(0, -1);
  return {
    lines: new Map([...lines, ...untracked.map((file) => [file, [ALL_LINES]] as const)]),
    files: new Set([...files, ...untracked]),
  };
}

/** Reads what `git diff --unified=0` prints. */
export function readDiff(diff: string): Changes {
  const lines = new Map<string, Lines[]>();
  const files = new Set<string>();
  let file: string | undefined;
  let skipped = 0;
  for (const line of diff.split('\n')) {
    if (skipped > 0 && /^[-+]/.test(line)) {
      skipped--;
      continue;
    }
    const named = /^(?:--- a\/|\+\+\+ b\/|rename from |rename to )([^\t]*)/.exec(line)?.[1];
    if (named !== undefined) files.add(named);
    // A deleted file has no new name.
    if (line.startsWith('+++ ')) file = named;
    const hunk = HUNK.exec(line);
    if (hunk === null) continue;
    const [, oldCount = '1', first, newCount = '1'] = hunk;
    skipped = Number(oldCount) + Number(newCount);
    if (file === undefined) continue;
    const start = Number(first);
    // Where lines were only deleted, the lines around them count as changed.
    const last = newCount === '0' ? start + 1 : start + Number(newCount) - 1;
    const ofFile = lines.get(file) ?? [];
    ofFile.push([start, last]);
    lines.set(file, ofFile);
  }
  return { lines, files };
}

/** Picks the rows in changed files, those whose quoted text lies in changed lines first, else in their order. */
export function changedRows(rows: readonly Located[], { lines }: Changes, texts: Texts): Located[] {
  const inFiles = rows.filter(({ place }) => lines.has(place.file));
  const isChanged = ({ place: { file, start, end } }: Located): boolean => {
    const first = lineAt(texts.get(file), start);
    const last = lineAt(texts.get(file), end);
    return lines.get(file)?.some(([from, to]) => from <= last && first <= to) ?? false;
  };
  return [...inFiles.filter(isChanged), ...inFiles.filter((row) => !isChanged(row))];
}

/** Picks the rows that no longer fit and name a changed file: the change is to blame. */
export function changedMisfits(misfits: readonly Misfit[], { files }: Changes): Misfit[] {
  return misfits.filter(({ defect }) => [defect.file, ...defect.tests].some((file) => files.has(file)));
}

/** Counts lines from 1. */
function lineAt(text = '', offset = 0): number {
  return text.slice(0, offset).split('\n').length;
}
