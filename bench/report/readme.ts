// The pages that publish figures. Their figures stand between markers and are written from one committed results
// file, never by hand.

import { readFileSync, writeFileSync } from 'node:fs';
import type { Origin, Results, SuiteName } from '../results.ts';
import { suitesMarkdown } from './markdown.ts';
import { README_RESULTS, save } from './store.ts';
import { factsMarkdown, shortTableMarkdown } from './summary.ts';

/** The parts of a page that are written, by the name in their markers. */
export type Blocks = Readonly<Record<string, (results: Results) => string>>;

export const PAGES: Readonly<Record<string, Blocks>> = {
  'README.md': { facts: factsMarkdown, figures: shortTableMarkdown },
  'docs/from-one-connection-to-all-cores.md': {
    figures: (results) => suitesMarkdown(results, ['models', 'counter']),
  },
  'docs/shared-state.md': { figures: (results) => suitesMarkdown(results, ['state']) },
  'bench/README.md': {
    figures: (results) =>
      suitesMarkdown(results, ['parse', 'server', 'accept', 'tls', 'transfer', 'ladder', 'scale']),
  },
};

/**
 * Saves the results and rewrites the pages from them.
 * @returns a sentence that names the pages that changed
 */
export function updatePages(results: Results): string {
  save(results, README_RESULTS);
  const changed = Object.entries(PAGES).filter(([page, blocks]) => {
    const before = readFileSync(page, 'utf8');
    const after = withFigures(before, results, blocks);
    writeFileSync(page, after);
    return after !== before;
  });
  if (changed.length === 0) return 'All pages had these figures already.';
  return `Wrote the figures of ${README_RESULTS} into ${changed.map(([page]) => page).join(', ')}.`;
}

/**
 * Returns the published results with some suites from another run. Each of these suites names that run.
 * @throws Error if the other run did not measure one of them
 */
export function withSuites(published: Results, renewing: Results, names: readonly SuiteName[]): Results {
  const { format: _, suites: measured, ...run } = renewing;
  const renewed = names.map((name) => {
    const suite = measured.find((one) => one.name === name);
    if (suite === undefined) throw new Error(`The results have no suite '${name}'.`);
    const origin: Origin = suite.origin ?? run;
    return { ...suite, origin };
  });
  const kept = published.suites.map((suite) => renewed.find(({ name }) => name === suite.name) ?? suite);
  return { ...published, suites: [...kept, ...renewed.filter((suite) => !kept.includes(suite))] };
}

/**
 * Returns a page with the figures of these results, or without any.
 * @throws Error if the page lacks the markers of a block
 */
export function withFigures(page: string, results: Results | undefined, blocks: Blocks): string {
  return Object.entries(blocks).reduce((text, [name, write]) => {
    const begin = `<!-- ${name}: written by \`npm run bench -- readme FILE\` -->`;
    const end = `<!-- end of ${name} -->`;
    const beginAt = text.indexOf(begin);
    const endAt = text.indexOf(end);
    if (beginAt < 0 || endAt < beginAt) throw new Error(`the page lacks its markers: ${begin} … ${end}`);
    const written = results === undefined ? 'No figures yet.' : write(results);
    return `${text.slice(0, beginAt)}${begin}\n\n${written}\n\n${text.slice(endAt)}`;
  }, page);
}
