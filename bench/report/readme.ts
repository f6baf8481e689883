// The figures in README.md and in the pages beside it: written between two markers from one committed results
// file, never by hand.

import { readFileSync, writeFileSync } from 'node:fs';
import {
  type Group,
  MEASURES,
  type MeasureName,
  type Results,
  type SubjectResult,
  type SuiteName,
  type SuiteResult,
} from '../results.ts';
import { againstReference, mediansOf, summaryOf } from './comparison.ts';
import { figure, scaleFor, times } from './figures.ts';
import { README_RESULTS, save, shortCommit } from './store.ts';

const BEGIN = '<!-- figures: written by `npm run bench -- readme FILE` -->';
const END = '<!-- end of figures -->';

const BETTER = { lower: 'less is better', higher: 'more is better' };

/** The pages with figures, and the suites that a reader of each asks for. */
export const PAGES: Readonly<Record<string, readonly SuiteName[]>> = {
  'README.md': ['parse', 'server', 'transfer'],
  'docs/from-one-connection-to-all-cores.md': ['models', 'counter'],
  'docs/shared-state.md': ['state'],
  'bench/README.md': ['ladder', 'scale'],
};

/**
 * Keeps the results and rewrites the pages from them.
 * @returns what it did, a sentence
 */
export function updatePages(results: Results): string {
  save(results, README_RESULTS);
  const changed = Object.entries(PAGES).filter(([page, suites]) => {
    const before = readFileSync(page, 'utf8');
    const after = withFigures(before, results, suites);
    writeFileSync(page, after);
    return after !== before;
  });
  if (changed.length === 0) return 'All pages say so already.';
  return `${changed.map(([page]) => page).join(', ')}: now with the figures of ${README_RESULTS}.`;
}

/**
 * A page with the figures of these results, or without any.
 * @throws Error when its markers are missing
 */
export function withFigures(
  page: string,
  results: Results | undefined,
  suites: readonly SuiteName[],
): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks its markers: ${BEGIN} … ${END}`);
  const figures = results === undefined ? 'No figures yet.' : figuresMarkdown(results, suites);
  return `${page.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${page.slice(end)}`;
}

function figuresMarkdown(results: Results, wanted: readonly SuiteName[]): string {
  const { machine, date, commit, dirty, pace, complete } = results;
  const reservations = [
    dirty && 'The checkout held changes.',
    pace === 'quick' && 'A quick run: good to see what is measured, too short to judge by.',
    !complete && 'The run was interrupted.',
  ].filter((text) => typeof text === 'string');
  const origin = [
    `${escapeMarkdown(machine.processor)}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}; commit`,
    `${shortCommit(commit)}, ${date.slice(0, 10)}. Medians of interleaved rounds, and how many`,
    "times the first subject's; a tie where the ranges of the rounds overlap.",
    ...reservations,
  ];
  const suites = results.suites.filter(({ name }) => wanted.includes(name)).map(suiteMarkdown);
  return [origin.join(' '), ...suites].join('\n\n');
}

/** By what decides, and by CPU time, which says more where the load client is the limit. */
function suiteMarkdown({ title, groups }: SuiteResult): string {
  const names = groups.flatMap(({ subjects }) => subjects.map(({ name }) => name));
  // Nobody is in two groups: one table would be empty for the most part.
  if (groups.length > 1 && new Set(names).size === names.length)
    return groups.map((group) => groupMarkdown(title, group)).join('\n\n');
  const measures = new Set(groups.map(({ measure }) => measure));
  for (const cpu of ['cpuMicros', 'cpuMicrosPerMebibyte'] as const)
    if (groups.some((group) => mediansOf(group, cpu).length > 0)) measures.add(cpu);
  return [...measures]
    .map((measure) => {
      const measured = groups.filter((group) => mediansOf(group, measure).length > 0);
      return tableMarkdown(title, measured, measure);
    })
    .join('\n\n');
}

/** A line for each subject. */
function groupMarkdown(title: string, group: Group): string {
  const { measure, subjects } = group;
  const scale = scaleFor(measure, mediansOf(group, measure));
  const lines = subjects.map((subject) => {
    const name = escapeMarkdown(subject.name);
    return row([subject.ours ? `**${name}**` : name, cellMarkdown(group, subject, measure, scale.per)]);
  });
  return [captionOf(`${title}: ${group.name}`, measure, scale.unit), '', '| | |', '|---|--:|', ...lines].join(
    '\n',
  );
}

/** What a table is of, and how to read it. */
function captionOf(title: string, measure: MeasureName, unit: string): string {
  const { label, better } = MEASURES[measure];
  const explained = [label, ...(unit === '1/s' ? [] : [unit]), BETTER[better]].join(', ');
  return `**${escapeMarkdown(capitalized(title))}**: ${explained}.`;
}

/** A line for each group, a column for each subject. */
function tableMarkdown(title: string, groups: readonly Group[], measure: MeasureName): string {
  const names = [...new Set(groups.flatMap(({ subjects }) => subjects.map(({ name }) => name)))];
  const scale = scaleFor(
    measure,
    groups.flatMap((group) => mediansOf(group, measure)),
  );
  const ours = new Set(
    groups.flatMap(({ subjects }) => subjects.filter((one) => one.ours).map(({ name }) => name)),
  );
  const cell = (group: Group, name: string) => {
    const subject = group.subjects.find((one) => one.name === name);
    return subject === undefined ? '' : cellMarkdown(group, subject, measure, scale.per);
  };
  return [
    captionOf(title, measure, scale.unit),
    '',
    row([
      '',
      ...names.map((name) => (ours.has(name) ? `**${escapeMarkdown(name)}**` : escapeMarkdown(name))),
    ]),
    `|---|${names.map(() => '--:|').join('')}`,
    ...groups.map((group) => row([escapeMarkdown(group.name), ...names.map((name) => cell(group, name))])),
  ].join('\n');
}

/** `44.1 (2.72x)` */
function cellMarkdown(group: Group, subject: SubjectResult, measure: MeasureName, per: number): string {
  const summary = summaryOf(subject, measure);
  if (summary === undefined) return '';
  const median = figure(summary.median / per);
  const comparison = againstReference(group, subject, measure);
  if (comparison === undefined) return median;
  const { verdict, other } = comparison;
  if (verdict === 'tie' || verdict === 'unclear') return `${median} (${verdict})`;
  return `${median} (${times(summary.median / summaryOf(other, measure)!.median)})`;
}

function row(cells: readonly string[]): string {
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Names are plain text. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_|<>[\]]/g, '\\$&').replaceAll('\n', ' ');
}
