// What the report shows, without saying how it looks: sections with their bars, plots, tables and sentences.

import {
  againstReference,
  compareSubjects,
  comparisonsWithOthers,
  factorOf,
  judgedMeasuresOf,
  measuresOf,
  mediansOf,
  sentenceOf,
  summaryOf,
  verdictText,
} from '../comparison.ts';
import { figure, heading, percent, type Scale, scaleFor, times } from '../figures.ts';
import {
  type Group,
  MEASURES,
  type MeasureName,
  type Results,
  type SubjectResult,
  type SuiteName,
  type SuiteResult,
} from '../results.ts';
import type { Verdict } from '../statistics.ts';

/** hotpath's own stand out; its JS engine is the quieter of the two. */
export type Tone = 'own' | 'own-js' | 'other';

/** Lengths are shares of the longest range. */
export interface Bar {
  name: string;
  tone: Tone;
  length: number;
  from: number;
  to: number;
  figure: string;
  note: string;
}

export interface Bars {
  kind: 'bars';
  title: string;
  better: string;
  bars: Bar[];
}

export interface Line {
  name: string;
  tone: Tone;
  values: (number | null)[];
  least: (number | null)[];
  most: (number | null)[];
}

export interface Plot {
  kind: 'plot';
  title: string;
  better: string;
  unit: string;
  xLabel: string;
  x: number[];
  xNames: string[];
  xLog: boolean;
  yLog: boolean;
  lines: Line[];
}

export interface FiguresTable {
  title: string;
  reference: string;
  parts: { heading: string; rows: { name: string; tone: Tone; cells: string[] }[] }[];
}

export interface Section {
  id: string;
  title: string;
  sentences: { group: string; text: string }[];
  blocks: (Bars | Plot)[];
  tables: FiguresTable[];
  missing: string[];
  notes: string[];
}

/** Every one of hotpath's ways with everything that is not, by one measure. */
export interface Tally {
  measure: string;
  counts: Record<Verdict, number>;
}

export interface Loss {
  where: string;
  own: string;
  other: string;
  measure: string;
  factor: string;
}

export interface Engines {
  sentence: string;
  plots: Plot[];
  bars: Bars[];
  rows: { where: string; measure: string; wasm: string; js: string; verdict: string }[];
}

export interface Report {
  engines: Engines | undefined;
  tallies: Tally[];
  losses: Loss[];
  sections: Section[];
}

export const FIGURES_COLUMNS = ['best', 'median', 'least', 'most', 'spread', 'rounds'];

const AXES: Partial<Record<SuiteName, string>> = {
  parse: 'bytes of the request',
  server: 'connections',
  scale: 'workers',
  connections: 'connections',
  counter: 'threads',
};
const LATENCIES = ['latency50Millis', 'latency99Millis', 'latency999Millis'] as const;
const LATENCY_NAMES = ['p50', 'p99', 'p99.9'];
/** Drawn as bars and along axes beside what decides; all others are in the tables. */
const ALSO_BARS: readonly MeasureName[] = ['requestsPerSecond', 'cpuMicros', 'updatesLost'];
const ALSO_LINES: readonly MeasureName[] = [
  'requestsPerSecond',
  'cpuMicros',
  'latency99Millis',
  'updatesLost',
];
const ENGINE_MEASURES: readonly MeasureName[] = ['nanoseconds', 'requestsPerSecond', 'cpuMicros'];
/** An axis whose ends are further apart than this is a logarithmic one. */
const LOG_BEYOND = 15;

export function reportData({ suites }: Results): Report {
  const groups = suites.flatMap((suite) => suite.groups.map((group) => ({ suite, group })));
  return {
    engines: enginesOf(suites),
    tallies: talliesOf(groups.map(({ group }) => group)),
    losses: groups.flatMap(({ suite, group }) => lossesOf(suite, group)),
    sections: suites.map(sectionOf),
  };
}

function sectionOf(suite: SuiteResult): Section {
  const { name, title, notes } = suite;
  const groups = suite.groups.filter((group) => measuresOf(group).length > 0);
  const axes = axesOf(name, groups);
  const onAxis = new Set(axes.flatMap((axis) => axis.groups));
  const base = groups[0];
  const blocks = groups.flatMap((group) =>
    group === base || !onAxis.has(group) ? groupBlocks(group, group === base) : [],
  );
  return {
    id: name,
    title,
    sentences: groups.map((group) => ({ group: group.name, text: sentenceOf(group) })),
    blocks: [...blocks, ...axes.flatMap(axisPlots)],
    tables: groups.map(figuresTable),
    missing: [...new Set(suite.groups.flatMap(({ missing }) => missing))],
    notes,
  };
}

function groupBlocks(group: Group, withLatency: boolean): (Bars | Plot)[] {
  const measures = drawn(group, ALSO_BARS);
  const bars = measures.map((measure) => barsOf(group, measure, group.subjects));
  const latency = withLatency ? latencyPlot(group) : undefined;
  return latency === undefined ? bars : [...bars, latency];
}

/** What decides, and what else there is of some others. */
function drawn(group: Group, others: readonly MeasureName[]): MeasureName[] {
  return measuresOf(group).filter(
    (measure) =>
      measure === group.measure ||
      (others.includes(measure) && mediansOf(group, measure).some((value) => value !== 0)),
  );
}

function barsOf(group: Group, measure: MeasureName, subjects: readonly SubjectResult[]): Bars {
  const measured = subjects.flatMap((subject) => {
    const summary = summaryOf(subject, measure);
    return summary === undefined ? [] : [{ subject, summary }];
  });
  const scale = scaleFor(
    measure,
    measured.map(({ summary }) => summary.median),
  );
  const longest = Math.max(...measured.map(({ summary }) => summary.most));
  const share = (value: number) => (longest === 0 ? 0 : value / longest);
  return {
    kind: 'bars',
    title: `${group.name}: ${heading(measure, scale)}`,
    better: betterText(measure),
    bars: measured.map(({ subject, summary }) => ({
      name: subject.name,
      tone: toneOf(subject),
      length: share(summary.median),
      from: share(summary.least),
      to: share(summary.most),
      figure: figure(summary.median / scale.per),
      note: barNote(group, subject, measure),
    })),
  };
}

function barNote(group: Group, subject: SubjectResult, measure: MeasureName): string {
  const comparison = againstReference(group, subject, measure);
  const verdict = comparison === undefined ? '' : verdictText(comparison);
  const capped = measure === 'requestsPerSecond' && subject.limitedBy === 'load client';
  return [verdict, capped ? 'client at its limit' : ''].filter((text) => text !== '').join(', ');
}

function latencyPlot(group: Group): Plot | undefined {
  const measured = LATENCIES.map((measure, i) => ({ measure, name: LATENCY_NAMES[i] as string })).filter(
    ({ measure }) => group.subjects.some((subject) => summaryOf(subject, measure) !== undefined),
  );
  if (measured.length < 2) return undefined;
  const lines = group.subjects.map((subject) =>
    lineOf(
      subject.name,
      toneOf(subject),
      measured.map(({ measure }) => summaryOf(subject, measure)),
    ),
  );
  return plotOf({
    title: `${group.name}: latency, ms`,
    measure: 'latency99Millis',
    scale: { unit: 'ms', per: 1 },
    xLabel: 'percentile',
    x: measured.map((_, i) => i),
    xNames: measured.map(({ name }) => name),
    lines,
  });
}

interface Axis {
  name: string;
  groups: Group[];
  x: number[];
}

/** Groups whose subjects have a point; fewer than two points are no axis. */
function axesOf(suite: SuiteName, groups: readonly Group[]): Axis[] {
  const byName = new Map<string, Group[]>();
  for (const group of groups)
    if (pointsOf(group).length > 0) {
      const name = group.axis ?? AXES[suite] ?? group.name.replace(/[\d.,]+/g, '').trim();
      byName.set(name, [...(byName.get(name) ?? []), group]);
    }
  return [...byName]
    .map(([name, own]) => ({ name, groups: own, x: ascending(own.flatMap(pointsOf)) }))
    .filter(({ x }) => x.length > 1);
}

function axisPlots(axis: Axis): Plot[] {
  const measures = new Set(axis.groups.flatMap((group) => drawn(group, ALSO_LINES)));
  return [...measures].map((measure) => axisPlot(axis, measure)).filter((plot) => plot !== undefined);
}

function axisPlot({ name, groups, x }: Axis, measure: MeasureName, only?: (one: SubjectResult) => boolean) {
  const points = groups.flatMap((group) =>
    group.subjects
      .filter((one) => one.at !== undefined && (only?.(one) ?? true))
      .map((subject) => ({ subject, at: subject.at as number, line: lineName(group, subject) })),
  );
  const scale = scaleFor(
    measure,
    points.flatMap(({ subject }) => summaryOf(subject, measure)?.median ?? []),
  );
  const lines = [...new Set(points.map(({ line }) => line))]
    .map((line) => {
      const own = points.filter((point) => point.line === line);
      const at = (value: number) => own.find((point) => point.at === value)?.subject;
      const summaries = x.map((value) => {
        const subject = at(value);
        return subject && summaryOf(subject, measure);
      });
      return lineOf(line, toneOf(own[0]!.subject), summaries, scale);
    })
    .filter(({ values }) => values.filter((value) => value !== null).length > 1);
  if (lines.length === 0) return undefined;
  return plotOf({
    title: `By ${name}: ${heading(measure, scale)}`,
    measure,
    scale,
    xLabel: name,
    x,
    xNames: x.map(shortNumber),
    lines,
  });
}

/** In a group that is an axis by itself, `2 workers` is a point of the group's one line. */
function lineName(group: Group, { name, at, line }: SubjectResult): string {
  if (line !== undefined) return line;
  if (pointsOf(group).length < 2) return name;
  const rest = name.replace(new RegExp(`\\b${at}\\b\\s*[a-z]*`), '').replace(/^[\s,:]+|[\s,:]+$/g, '');
  return rest === '' ? 'hotpath' : rest;
}

function pointsOf({ subjects }: Group): number[] {
  return ascending(subjects.flatMap(({ at }) => at ?? []));
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function lineOf(
  name: string,
  tone: Tone,
  summaries: readonly (ReturnType<typeof summaryOf> | undefined)[],
  { per }: Pick<Scale, 'per'> = { per: 1 },
): Line {
  const pick = (which: 'median' | 'least' | 'most') =>
    summaries.map((summary) => (summary === undefined ? null : summary[which] / per));
  return { name, tone, values: pick('median'), least: pick('least'), most: pick('most') };
}

function plotOf(
  plot: Pick<Plot, 'title' | 'xLabel' | 'x' | 'xNames' | 'lines'> & { measure: MeasureName; scale: Scale },
): Plot {
  const { title, xLabel, x, xNames, lines, measure, scale } = plot;
  const values = lines.flatMap((line) => [...line.least, ...line.most]).filter((value) => value !== null);
  return {
    kind: 'plot',
    title,
    better: betterText(measure),
    unit: scale.unit === '1/s' ? '' : scale.unit,
    xLabel,
    x,
    xNames,
    xLog: isWide(x),
    yLog: isWide(values),
    lines,
  };
}

function isWide(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least > LOG_BEYOND;
}

/** `16`, `1k`, `10k` */
function shortNumber(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toPrecision(2))}k` : String(value);
}

function figuresTable(group: Group): FiguresTable {
  const limited = group.subjects.some(({ limitedBy }) => limitedBy !== undefined);
  const parts = measuresOf(group).map((measure) => {
    const summaries = group.subjects.map((subject) => ({ subject, summary: summaryOf(subject, measure) }));
    const scale = scaleFor(measure, mediansOf(group, measure));
    const judged = judgedMeasuresOf(group).includes(measure);
    return {
      heading: heading(measure, scale),
      rows: summaries.flatMap(({ subject, summary }) => {
        if (summary === undefined) return [];
        const { best, median, least, most, spread, rounds } = summary;
        const comparison = judged ? againstReference(group, subject, measure) : undefined;
        const cells = [best, median, least, most].map((value) => figure(value / scale.per));
        const verdict = comparison === undefined ? '' : verdictText(comparison);
        return [
          {
            name: subject.name,
            tone: toneOf(subject),
            cells: [...cells, percent(spread), String(rounds), verdict],
          },
        ];
      }),
    };
  });
  const limits = group.subjects
    .filter(({ limitedBy }) => limitedBy !== undefined)
    .map((subject) => ({ name: subject.name, tone: toneOf(subject), cells: [subject.limitedBy as string] }));
  return {
    title: group.name,
    reference: group.reference,
    parts: limited ? [...parts, { heading: 'limited by', rows: limits }] : parts,
  };
}

function talliesOf(groups: readonly Group[]): Tally[] {
  const tallies = new Map<MeasureName, Record<Verdict, number>>();
  for (const group of groups)
    for (const measure of judgedMeasuresOf(group))
      for (const { verdict } of comparisonsWithOthers(group, measure)) {
        const counts = tallies.get(measure) ?? { better: 0, tie: 0, worse: 0, unclear: 0 };
        counts[verdict]++;
        tallies.set(measure, counts);
      }
  return [...tallies].map(([measure, counts]) => ({ measure: MEASURES[measure].label, counts }));
}

function lossesOf({ name }: SuiteResult, group: Group): Loss[] {
  return judgedMeasuresOf(group).flatMap((measure) =>
    comparisonsWithOthers(group, measure)
      .filter(({ verdict }) => verdict === 'worse')
      .map(({ subject, other, ratio }) => ({
        where: `${name}, ${group.name}`,
        own: subject.name,
        other: other.name,
        measure: MEASURES[measure].label,
        factor: times(factorOf(ratio)),
      })),
  );
}

/** hotpath's two engines, wherever both were measured side by side. */
function enginesOf(suites: readonly SuiteResult[]): Engines | undefined {
  const pairs = suites.flatMap((suite) =>
    suite.groups.flatMap((group) => {
      const wasm = group.subjects.find((one) => one.ours && isWasm(one));
      const js = group.subjects.find((one) => one.ours && isJs(one));
      return wasm && js ? [{ suite, group, wasm, js }] : [];
    }),
  );
  const compared = pairs.flatMap(({ suite, group, wasm, js }) =>
    measuresOf(group)
      .filter((measure) => measure === group.measure || ENGINE_MEASURES.includes(measure))
      .flatMap((measure) => {
        const comparison = compareSubjects(wasm, js, measure);
        return comparison === undefined ? [] : [{ suite, group, wasm, js, measure, comparison }];
      }),
  );
  if (compared.length === 0) return undefined;
  const count = (verdict: Verdict) =>
    compared.filter(({ comparison }) => comparison.verdict === verdict).length;
  const unclear = count('unclear') > 0 ? `, and is unclear in ${count('unclear')}` : '';
  const axes = suites.flatMap((suite) =>
    axesOf(
      suite.name,
      suite.groups.filter((group) => pairs.some((pair) => pair.group === group)),
    ),
  );
  return {
    sentence: `Of ${compared.length} comparisons of the two engines, WASM wins ${count('better')}, ties in ${count('tie')} and loses ${count('worse')}${unclear}.`,
    plots: axes.flatMap((axis) => axisPlot(axis, axis.groups[0]!.measure, (one) => one.ours) ?? []),
    bars: pairs.flatMap(({ group, wasm, js }) =>
      drawn(group, ['cpuMicros']).map((measure) =>
        barsOf({ ...group, reference: js.name }, measure, [wasm, js]),
      ),
    ),
    rows: compared.map(({ suite, group, wasm, js, measure, comparison }) => {
      const medians = [wasm, js].map((one) => summaryOf(one, measure)!.median);
      const scale = scaleFor(measure, medians);
      const [ofWasm, ofJs] = medians.map((value) => figure(value / scale.per)) as [string, string];
      return {
        where: `${suite.name}, ${group.name}`,
        measure: heading(measure, scale),
        wasm: ofWasm,
        js: ofJs,
        verdict: verdictText(comparison),
      };
    }),
  };
}

function toneOf(subject: SubjectResult): Tone {
  if (!subject.ours) return 'other';
  return isJs(subject) ? 'own-js' : 'own';
}

function isWasm({ name }: SubjectResult): boolean {
  return /\bwasm\b/i.test(name);
}

function isJs({ name }: SubjectResult): boolean {
  return /\bjs\b/i.test(name) && !isWasm({ name } as SubjectResult);
}

function betterText(measure: MeasureName): string {
  return MEASURES[measure].better === 'lower' ? 'less is better' : 'more is better';
}
