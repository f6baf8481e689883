// Comparisons of the subjects of a group, and one sentence that sums them up.

import { type Group, MEASURES, type MeasureName, type SubjectResult } from '../results.ts';
import { times } from './figures.ts';
import { type Judgement, judge, type Summary, summarize, type Verdict } from './statistics.ts';

export interface Comparison extends Judgement {
  subject: SubjectResult;
  other: SubjectResult;
  measure: MeasureName;
  /** Why the verdict is unclear. */
  because?: (typeof REASONS)[number];
}

const REASONS = ['there were too few rounds', 'the load client was the limit'] as const;

/** The words for a difference: for the better subject, then for the worse one. */
const WORDS: Partial<Record<MeasureName, readonly [string, string]>> = {
  nanoseconds: ['faster than', 'slower than'],
  bytesPerSecond: ['faster than', 'slower than'],
  requestsPerSecond: ['more requests a second than', 'fewer requests a second than'],
  mebibytesPerSecond: ['faster than', 'slower than'],
  cpuMicros: ['less CPU a request than', 'more CPU a request than'],
  cpuMicrosPerMebibyte: ['less CPU a MiB than', 'more CPU a MiB than'],
  latency50Millis: ['sooner than', 'later than'],
  latency99Millis: ['a shorter tail than', 'a longer tail than'],
  latency999Millis: ['a shorter tail than', 'a longer tail than'],
  peakBytes: ['less memory than', 'more memory than'],
  updatesLost: ['fewer updates lost than', 'more updates lost than'],
  seconds: ['faster than', 'slower than'],
};

/** Measures that describe which side was busy, and give no verdict. */
const DESCRIPTIVE: readonly MeasureName[] = ['serverBusy', 'clientBusy'];

const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[];

/** Returns undefined if the subject lacks this measure. */
export function summaryOf(subject: SubjectResult, measure: MeasureName): Summary | undefined {
  const values = subject.measures[measure] ?? [];
  return values.length === 0 ? undefined : summarize(values, MEASURES[measure].better);
}

/** Returns whether a load client at its limit limits this measure. */
export function isByLoad(measure: MeasureName): boolean {
  return measure === 'requestsPerSecond' || measure === 'mebibytesPerSecond';
}

/** Returns the measures of any subject of the group, the deciding one first. */
export function measuresOf(group: Group): MeasureName[] {
  const measured = MEASURE_NAMES.filter((name) =>
    group.subjects.some(({ measures }) => (measures[name]?.length ?? 0) > 0),
  );
  return [
    ...measured.filter((name) => name === group.measure),
    ...measured.filter((name) => name !== group.measure),
  ];
}

/** Returns the measures that give verdicts. Time and throughput of the same calls count once. */
export function judgedMeasuresOf(group: Group): MeasureName[] {
  const measures = measuresOf(group).filter((name) => !DESCRIPTIVE.includes(name));
  return measures.includes('nanoseconds') ? measures.filter((name) => name !== 'bytesPerSecond') : measures;
}

/** Returns undefined if one of both lacks the measure. */
export function compareSubjects(
  subject: SubjectResult,
  other: SubjectResult,
  measure: MeasureName,
): Comparison | undefined {
  const own = subject.measures[measure] ?? [];
  const theirs = other.measures[measure] ?? [];
  if (own.length === 0 || theirs.length === 0) return undefined;
  const judgement = judge(own, theirs, MEASURES[measure].better);
  const pair = { subject, other, measure, ratio: judgement.ratio };
  if (judgement.verdict === 'unclear')
    return { ...pair, verdict: 'unclear', because: 'there were too few rounds' };
  const behind = judgement.ratio < 1 ? subject : other;
  if (isByLoad(measure) && behind.limitedBy === 'load client')
    return { ...pair, verdict: 'unclear', because: 'the load client was the limit' };
  return { ...pair, verdict: judgement.verdict };
}

/** Returns undefined for the reference itself, and if one of both lacks the measure. */
export function againstReference(group: Group, subject: SubjectResult, measure: MeasureName) {
  const reference = group.subjects.find(({ name }) => name === group.reference);
  if (reference === undefined || reference === subject) return undefined;
  return compareSubjects(subject, reference, measure);
}

export function mediansOf({ subjects }: Pick<Group, 'subjects'>, measure: MeasureName): number[] {
  return subjects.flatMap((subject) => summaryOf(subject, measure)?.median ?? []);
}

/** Compares each subject that is hotpath with each that is not. */
export function comparisonsWithOthers(group: Group, measure: MeasureName): Comparison[] {
  const others = group.subjects.filter(({ ours }) => !ours);
  return group.subjects
    .filter(({ ours }) => ours)
    .flatMap((own) => others.map((other) => compareSubjects(own, other, measure)))
    .filter((comparison) => comparison !== undefined);
}

/** Returns the subject that the group's sentence is about: the reference if it is hotpath, else the first that is. */
export function leadOf({ subjects, reference }: Group): SubjectResult | undefined {
  const own = subjects.filter(({ ours }) => ours);
  return (
    own.find(({ name }) => name === reference) ?? own[0] ?? subjects.find(({ name }) => name === reference)
  );
}

/** Writes wins, ties and losses of the lead against all others, by the deciding measure. */
export function sentenceOf(group: Group): string {
  const lead = leadOf(group);
  if (lead === undefined) return 'Nothing was measured.';
  const comparisons = group.subjects
    .filter((other) => other !== lead)
    .map((other) => compareSubjects(lead, other, group.measure))
    .filter((comparison) => comparison !== undefined);
  if (comparisons.length === 0)
    return summaryOf(lead, group.measure) === undefined
      ? `${lead.name} was not measured.`
      : `${lead.name} was measured alone.`;
  const [better, worse] = WORDS[group.measure] ?? ['better than', 'worse than'];
  const clauses = [
    clause(better, comparisons, 'better'),
    clause('a tie with', comparisons, 'tie'),
    clause(worse, comparisons, 'worse'),
    ...REASONS.map((reason) => {
      const names = comparisons.filter(({ because }) => because === reason).map(({ other }) => other.name);
      return names.length === 0 ? '' : `no verdict on ${enumerate(names)}, as ${reason}`;
    }),
  ];
  return `${lead.name}: ${clauses.filter((text) => text !== '').join('; ')}.`;
}

/** `2.41x better`, `tie`, `unclear` */
export function verdictText({ verdict, ratio }: Judgement): string {
  if (verdict === 'tie' || verdict === 'unclear') return verdict;
  const factor = factorOf(ratio);
  return Number.isFinite(factor) ? `${times(factor)} ${verdict}` : verdict;
}

/** Returns how many times better the better one is, whichever it is. */
export function factorOf(ratio: number): number {
  return Math.max(ratio, 1 / ratio);
}

function clause(words: string, comparisons: readonly Comparison[], verdict: Verdict): string {
  const names = comparisons.filter((one) => one.verdict === verdict).map(named);
  return names.length === 0 ? '' : `${words} ${enumerate(names)}`;
}

function named({ other, verdict, ratio }: Comparison): string {
  if (verdict === 'tie') return other.name;
  const factor = factorOf(ratio);
  return Number.isFinite(factor) ? `${other.name} (${times(factor)})` : other.name;
}

/** `a`, `a and b`, `a, b and c` */
function enumerate(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
