// Writes results as Markdown tables, for the pages that publish figures.

import {
  type Group,
  MEASURES,
  type MeasureName,
  type Origin,
  type Results,
  type SubjectResult,
  type SuiteName,
  type SuiteResult,
} from '../results.ts';
import { againstReference, isByLoad, mediansOf, summaryOf } from './comparison.ts';
import { figure, scaleFor, times } from './figures.ts';
import { shortCommit } from './store.ts';

const BETTER = { lower: 'less is better', higher: 'more is better' };

/** Writes the tables of the named suites, with the machine, the commit and the date above them. */
export function suitesMarkdown(results: Results, wanted: readonly SuiteName[]): string {
  const origin = `${originsOf(results, wanted)} A cell has the median of rounds in which the subjects take turns, and how many times the first subject's median that is; a tie where the ranges of the rounds overlap.`;
  return [origin, ...suitesNamed(results, wanted).map(suiteMarkdown)].join('\n\n');
}

/** Returns the suites that were measured, in the order of their names. */
function suitesNamed({ suites }: Results, wanted: readonly SuiteName[]): SuiteResult[] {
  return wanted.flatMap((name) => suites.find((suite) => suite.name === name) ?? []);
}

/** Writes the origin of the named suites: once if one run measured all of them, else for each run. */
export function originsOf(results: Results, wanted: readonly SuiteName[]): string {
  const names = new Map<string, string[]>();
  for (const { name, origin = results } of suitesNamed(results, wanted)) {
    const text = originOf(origin);
    names.set(text, [...(names.get(text) ?? []), `\`${name}\``]);
  }
  if (names.size < 2) return [...names.keys()][0] ?? originOf(results);
  return [...names].map(([text, own]) => `${own.join(', ')}: ${text}`).join(' ');
}

/** Names the machine, the commit and the date, and the reasons why the figures may not be reliable. */
function originOf({ machine, date, commit, dirty, pace, complete }: Origin): string {
  const reservations = [
    dirty && 'The checkout held changes.',
    pace === 'quick' && 'This was a quick run, too short to judge by.',
    !complete && 'The run was interrupted.',
  ].filter((text) => typeof text === 'string');
  return [
    `${escapeMarkdown(machine.processor)}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}; commit ${shortCommit(commit)}, ${date.slice(0, 10)}.`,
    ...reservations,
  ].join(' ');
}

/** Writes a table of the measure that decides, and one of CPU time. */
function suiteMarkdown(suite: SuiteResult): string {
  const { title } = suite;
  const groups = suite.groups.filter((group) => !isLimitedByClient(group));
  const names = groups.flatMap(({ subjects }) => subjects.map(({ name }) => name));
  // No subject is in two groups: a single table would be mostly empty.
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

/** Returns whether a group shows the limit of the load client, not of the servers: such a group is not published. */
function isLimitedByClient({ measure, reference, subjects }: Group): boolean {
  return (
    isByLoad(measure) &&
    subjects.some(({ name, limitedBy }) => name === reference && limitedBy === 'load client')
  );
}

/** Writes a table with a row for each subject. */
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

/** Names what a table shows, its unit, and whether less or more is better. */
function captionOf(title: string, measure: MeasureName, unit: string): string {
  const { label, better } = MEASURES[measure];
  const explained = [label, ...(unit === '1/s' ? [] : [unit]), BETTER[better]].join(', ');
  return `**${escapeMarkdown(capitalized(title))}**: ${explained}.`;
}

/** Writes a table with a row for each group and a column for each subject. */
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

/** Writes `44.1 (2.72x)`, `44.1 (tie)`, or, for the reference, `44.1`. */
export function cellMarkdown(
  group: Group,
  subject: SubjectResult,
  measure: MeasureName,
  per: number,
): string {
  const summary = summaryOf(subject, measure);
  if (summary === undefined) return '';
  const median = figure(summary.median / per);
  const comparison = againstReference(group, subject, measure);
  if (comparison === undefined) return median;
  const { verdict, other } = comparison;
  if (verdict === 'tie' || verdict === 'unclear') return `${median} (${verdict})`;
  return `${median} (${times(summary.median / summaryOf(other, measure)!.median)})`;
}

export function row(cells: readonly string[]): string {
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Writes a name as plain text. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_|<>[\]]/g, '\\$&').replaceAll('\n', ' ');
}
