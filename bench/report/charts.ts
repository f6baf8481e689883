// Bars and plots of the report, as data: lengths, points, ranges, and the words beside them.

import { type Group, MEASURES, type MeasureName, type SubjectResult, type SuiteName } from '../results.ts';
import { againstReference, isByLoad, measuresOf, mediansOf, summaryOf, verdictText } from './comparison.ts';
import { figure, heading, type Scale, scaleFor } from './figures.ts';
import { type Tone, toneOf } from './tones.ts';

/** Lengths are shares of the longest. */
export interface Bar {
  name: string;
  tone: Tone;
  length: number;
  /** From the least to the most of the rounds; undefined for one round. */
  range: { from: number; to: number } | undefined;
  figure: string;
  note: string;
}

export interface Bars {
  kind: 'bars';
  title: string;
  better: string;
  /** Lengths are shares on a logarithmic scale, which begins below the least value. */
  log: boolean;
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

/** Groups that differ in a number, and their points. */
export interface Axis {
  name: string;
  groups: Group[];
  x: number[];
}

const AXES: Partial<Record<SuiteName, string>> = {
  parse: 'bytes of the request',
  server: 'connections',
  scale: 'workers',
  connections: 'connections',
  counter: 'threads',
};
const LATENCIES = ['latency50Millis', 'latency99Millis', 'latency999Millis'] as const;
const LATENCY_NAMES = ['p50', 'p99', 'p99.9'];
/** Measures that are drawn besides the deciding one. The tables have all others. */
const ALSO_BARS: readonly MeasureName[] = [
  'requestsPerSecond',
  'cpuMicros',
  'cpuMicrosPerMebibyte',
  'updatesLost',
];
const ALSO_LINES: readonly MeasureName[] = [
  'requestsPerSecond',
  'cpuMicros',
  'latency99Millis',
  'updatesLost',
];
/** An axis whose ends have a larger ratio than this is logarithmic. */
const LOG_BEYOND = 15;

/** Returns the charts of a group by itself. */
export function groupCharts(group: Group, withLatency: boolean): (Bars | Plot)[] {
  const measures = drawn(group, ALSO_BARS);
  const bars = measures.map((measure) => barsOf(group, measure, group.subjects));
  const latency = withLatency ? latencyPlot(group) : undefined;
  return latency === undefined ? bars : [...bars, latency];
}

/** Returns the deciding measure, and those of some others that were measured. */
export function drawn(group: Group, others: readonly MeasureName[]): MeasureName[] {
  return measuresOf(group).filter(
    (measure) =>
      measure === group.measure ||
      (others.includes(measure) && mediansOf(group, measure).some((value) => value !== 0)),
  );
}

export function barsOf(group: Group, measure: MeasureName, subjects: readonly SubjectResult[]): Bars {
  const measured = subjects.flatMap((subject) => {
    const summary = summaryOf(subject, measure);
    return summary === undefined ? [] : [{ subject, summary }];
  });
  const scale = scaleFor(
    measure,
    measured.map(({ summary }) => summary.median),
  );
  const values = measured.flatMap(({ summary }) => [summary.least, summary.most]);
  const log = isWide(measured.map(({ summary }) => summary.median)) && Math.min(...values) > 0;
  const share = shareOf(values, log);
  return {
    kind: 'bars',
    title: heading(measure, scale),
    better: betterText(measure),
    log,
    bars: measured.map(({ subject, summary }) => ({
      name: subject.name,
      tone: toneOf(subject),
      length: share(summary.median),
      range: summary.rounds > 1 ? { from: share(summary.least), to: share(summary.most) } : undefined,
      figure: figure(summary.median / scale.per),
      note: barNote(group, subject, measure),
    })),
  };
}

/** Returns what writes a value as a share of the longest bar. */
function shareOf(values: readonly number[], log: boolean): (value: number) => number {
  const longest = Math.max(...values);
  if (!log) return (value) => (longest === 0 ? 0 : value / longest);
  // The shortest bar is long enough to be seen.
  const start = Math.min(...values) / 2;
  return (value) => Math.log(value / start) / Math.log(longest / start);
}

function barNote(group: Group, subject: SubjectResult, measure: MeasureName): string {
  const comparison = againstReference(group, subject, measure);
  const verdict = comparison === undefined ? '' : verdictText(comparison);
  const capped = isByLoad(measure) && subject.limitedBy === 'load client';
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
    title: 'latency, ms',
    measure: 'latency99Millis',
    scale: { unit: 'ms', per: 1 },
    xLabel: 'percentile',
    x: measured.map((_, i) => i),
    xNames: measured.map(({ name }) => name),
    lines,
  });
}

/** Returns the axes of groups whose subjects have points. Fewer than two points make no axis. */
export function axesOf(suite: SuiteName, groups: readonly Group[]): Axis[] {
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

export function axisPlots(axis: Axis): Plot[] {
  const measures = new Set(axis.groups.flatMap((group) => drawn(group, ALSO_LINES)));
  return [...measures].map((measure) => axisPlot(axis, measure)).filter((plot) => plot !== undefined);
}

export function axisPlot(
  { name, groups, x }: Axis,
  measure: MeasureName,
  only?: (one: SubjectResult) => boolean,
) {
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
    title: heading(measure, scale),
    measure,
    scale,
    xLabel: name,
    x,
    xNames: x.map(shortNumber),
    lines,
  });
}

/**
 * Returns the line of a point. In a group that is an axis by itself, `2 workers` is a point of the group's one
 * line.
 */
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

function betterText(measure: MeasureName): string {
  return MEASURES[measure].better === 'lower' ? 'less is better' : 'more is better';
}
