// `npm run bench -- compare A B`: compares two results, such as before and after a change.

import {
  type Group,
  MEASURES,
  type MeasureName,
  type Origin,
  type Results,
  type SubjectResult,
} from '../results.ts';
import { type Comparison, compareSubjects, judgedMeasuresOf, summaryOf, verdictText } from './comparison.ts';
import { figure, heading, scaleFor, times } from './figures.ts';
import { median } from './statistics.ts';
import { shortCommit } from './store.ts';
import { formatTable } from './table.ts';

export interface Stored {
  path: string;
  results: Results;
}

/** A subject that both runs measured under the same conditions. */
interface Pair {
  group: string;
  before: SubjectResult;
  after: SubjectResult;
  deciding: MeasureName;
  measures: readonly MeasureName[];
}

const NOT_MEASURED = '-';

export function compareText(before: Stored, after: Stored): string {
  const pairs = pairsOf(before.results, after.results);
  const parts = [
    `A  ${described(before)}\nB  ${described(after)}`,
    warnings(before.results, after.results)
      .map((text) => `Warning: ${text}`)
      .join('\n'),
    ...[...new Set(pairs.map(({ group }) => group))].map((group) =>
      groupText(
        group,
        pairs.filter((pair) => pair.group === group),
      ),
    ),
    othersText(pairs),
    unmatchedText(before.results, after.results),
    pairs.length === 0 ? 'The two results have no subject in common.' : verdictsText(pairs),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Lists reasons why a difference may not come from the change. */
export function warnings(a: Results, b: Results): string[] {
  const differing = (
    [['processor', 'cores', 'architecture', 'memoryBytes'], ['kernel'], ['node']] as const
  ).map((names) => names.filter((name) => a.machine[name] !== b.machine[name]));
  const [machine, kernel, node] = differing.map((names) => names.length > 0);
  return [
    machine &&
      `the machines differ: ${a.machine.processor}, ${a.machine.cores} cores; ${b.machine.processor}, ${b.machine.cores} cores.`,
    kernel && `the kernels differ: ${a.machine.kernel}; ${b.machine.kernel}.`,
    node && `the versions of Node differ: ${a.machine.node}; ${b.machine.node}.`,
    a.pace !== b.pace && `A is a ${a.pace} run, B a ${b.pace} one.`,
    a.pace === 'quick' && b.pace === 'quick' && 'quick runs are too short to judge a change by.',
    !a.complete && 'A was interrupted.',
    !b.complete && 'B was interrupted.',
  ].filter((text) => typeof text === 'string');
}

function described({ path, results }: Stored): string {
  const others = results.suites.flatMap(({ name, origin }) =>
    origin === undefined ? [] : [`${name}: ${runText(origin)}`],
  );
  return [`${path}: ${runText(results)}`, ...others].join('; ');
}

function runText({ date, commit, dirty, machine, pace }: Origin): string {
  const state = dirty ? `${shortCommit(commit)} with changes` : shortCommit(commit);
  return `${state}, ${date}, ${pace}, Node ${machine.node}`;
}

function groupText(title: string, pairs: readonly Pair[]): string {
  const measure = pairs[0]!.deciding;
  const medians = pairs.flatMap(({ before, after }) =>
    [before, after].flatMap((subject) => summaryOf(subject, measure)?.median ?? []),
  );
  const scale = scaleFor(measure, medians);
  const figures = (subject: SubjectResult) => {
    const summary = summaryOf(subject, measure);
    if (summary === undefined) return [NOT_MEASURED, NOT_MEASURED];
    return [summary.median, summary.best].map((value) => figure(value / scale.per));
  };
  return formatTable({
    title: `${title}: ${heading(measure, scale)}`,
    columns: ['', 'A median', 'A best', 'B median', 'B best', 'ratio', 'B is'],
    rows: pairs.map((pair) => {
      const comparison = compared(pair, measure);
      return [
        pair.before.name,
        ...figures(pair.before),
        ...figures(pair.after),
        comparison === undefined ? NOT_MEASURED : times(comparison.ratio),
        comparison?.verdict ?? NOT_MEASURED,
      ];
    }),
    notes: [],
  });
}

/** Writes a table of the differences by measures that do not decide. */
function othersText(pairs: readonly Pair[]): string {
  const rows = pairs.flatMap((pair) =>
    pair.measures
      .filter((measure) => measure !== pair.deciding)
      .map((measure) => compared(pair, measure))
      .filter((one) => one?.verdict === 'better' || one?.verdict === 'worse')
      .map((one) => [pair.group, one!.subject.name, MEASURES[one!.measure].label, verdictText(one!)]),
  );
  if (rows.length === 0) return '';
  return formatTable({ title: 'By other measures', columns: ['', '', '', 'B is'], rows, notes: [] });
}

/**
 * Counts the verdicts, of hotpath and of the control. The control did not change: if it differs, the machine
 * has changed.
 */
function verdictsText(pairs: readonly Pair[]): string {
  const all = pairs.map((pair) => ({ ours: pair.after.ours, comparison: compared(pair, pair.deciding) }));
  const counted = (ours: boolean) => {
    const own = all.filter((one) => one.ours === ours).flatMap(({ comparison }) => comparison ?? []);
    if (own.length === 0) return undefined;
    const count = (verdict: Comparison['verdict']) => own.filter((one) => one.verdict === verdict).length;
    const unclear = count('unclear') > 0 ? `, ${count('unclear')} unclear` : '';
    const ratio = times(median(own.map((one) => one.ratio)));
    return `${count('better')} better, ${count('worse')} worse, ${count('tie')} ties${unclear}; the middle one ${ratio}.`;
  };
  const ours = counted(true);
  const control = counted(false);
  return [
    ours && `hotpath's: ${ours}`,
    control && `Control, what is not hotpath's: ${control} If the control differs, the machine has changed.`,
    'A ratio over 1: B is better. A tie: the ranges of the rounds overlap.',
  ]
    .filter((text) => text !== undefined)
    .join('\n');
}

function compared({ before, after }: Pair, measure: MeasureName): Comparison | undefined {
  return compareSubjects(after, before, measure);
}

function pairsOf(a: Results, b: Results): Pair[] {
  const others = new Map(subjectsOf(b).map((one) => [one.key, one.subject]));
  return subjectsOf(a).flatMap(({ key, title, group, subject }) => {
    const after = others.get(key);
    if (after === undefined) return [];
    return [
      { group: title, before: subject, after, deciding: group.measure, measures: judgedMeasuresOf(group) },
    ];
  });
}

function unmatchedText(a: Results, b: Results): string {
  const only = (name: string, these: Results, those: Results) => {
    const known = new Set(subjectsOf(those).map(({ key }) => key));
    const names = subjectsOf(these).filter(({ key }) => !known.has(key));
    return names.map(({ title, subject }) => `Only in ${name}: ${title}: ${subject.name}`);
  };
  return [...only('A', a, b), ...only('B', b, a)].join('\n');
}

interface Located {
  key: string;
  title: string;
  group: Group;
  subject: SubjectResult;
}

function subjectsOf({ suites }: Results): Located[] {
  return suites.flatMap(({ name, groups }) =>
    groups.flatMap((group) =>
      group.subjects.map((subject) => ({
        key: JSON.stringify([name, group.name, group.measure, subject.name]),
        title: `${name}, ${group.name}`,
        group,
        subject,
      })),
    ),
  );
}
