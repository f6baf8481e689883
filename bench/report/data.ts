// The data of the report, without its looks: for each suite the groups and axes with their sentences and charts, and
// every figure in a table.

import type { Group, Origin, Results, SuiteResult } from '../results.ts';
import { type Axis, axesOf, axisPlots, type Bars, groupCharts, type Plot } from './charts.ts';
import {
  againstReference,
  judgedMeasuresOf,
  measuresOf,
  mediansOf,
  sentenceOf,
  summaryOf,
  verdictText,
} from './comparison.ts';
import { type Engines, enginesOf } from './engines.ts';
import { figure, heading, scaleFor, spreadText } from './figures.ts';
import { type Tone, toneOf } from './tones.ts';
import { type Loss, lossesOf, type Tally, talliesOf } from './verdicts.ts';

/** A group, or several along an axis. */
export interface Part {
  title: string;
  /** The group is named if there are several. */
  sentences: { group?: string; text: string }[];
  blocks: (Bars | Plot)[];
}

export interface FiguresTable {
  title: string;
  reference: string;
  measures: { heading: string; rows: { name: string; tone: Tone; cells: string[] }[] }[];
}

export interface Section {
  id: string;
  title: string;
  /** The run that measured it, if it is not the run of the report. */
  origin: Origin | undefined;
  parts: Part[];
  tables: FiguresTable[];
  missing: string[];
  notes: string[];
}

export interface Report {
  engines: Engines | undefined;
  tallies: Tally[];
  losses: Loss[];
  sections: Section[];
}

export const FIGURES_COLUMNS = ['best', 'median', 'least', 'most', 'spread', 'rounds'];

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
  const groups = suite.groups.filter((group) => measuresOf(group).length > 0);
  const axes = axesOf(suite.name, groups);
  const onAxis = new Set(axes.flatMap((axis) => axis.groups));
  const base = groups[0];
  const alone = groups.filter((group) => group === base || !onAxis.has(group));
  return {
    id: suite.name,
    title: suite.title,
    origin: suite.origin,
    parts: [
      ...alone.map((group) => groupPart(group, group === base)),
      ...axes.map((axis) => axisPart(axis, alone)),
    ],
    tables: groups.map(figuresTable),
    missing: [...new Set(suite.groups.flatMap(({ missing }) => missing))],
    notes: suite.notes,
  };
}

function groupPart(group: Group, withLatency: boolean): Part {
  return {
    title: group.name,
    sentences: [{ text: sentenceOf(group) }],
    blocks: groupCharts(group, withLatency),
  };
}

/** Returns the part of an axis. @param said the groups that have a part of their own */
function axisPart(axis: Axis, said: readonly Group[]): Part {
  const sentences = axis.groups
    .filter((group) => !said.includes(group))
    .map((group) => ({ group: group.name, text: sentenceOf(group) }));
  return { title: `By ${axis.name}`, sentences, blocks: axisPlots(axis) };
}

function figuresTable(group: Group): FiguresTable {
  const limited = group.subjects.some(({ limitedBy }) => limitedBy !== undefined);
  const measures = measuresOf(group).map((measure) => {
    const summaries = group.subjects.map((subject) => ({ subject, summary: summaryOf(subject, measure) }));
    const scale = scaleFor(measure, mediansOf(group, measure));
    const judged = judgedMeasuresOf(group).includes(measure);
    return {
      heading: heading(measure, scale),
      rows: summaries.flatMap(({ subject, summary }) => {
        if (summary === undefined) return [];
        const { best, median, least, most, rounds } = summary;
        const comparison = judged ? againstReference(group, subject, measure) : undefined;
        const cells = [best, median, least, most].map((value) => figure(value / scale.per));
        const verdict = comparison === undefined ? '' : verdictText(comparison);
        return [
          {
            name: subject.name,
            tone: toneOf(subject),
            cells: [...cells, spreadText(summary), String(rounds), verdict],
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
    measures: limited ? [...measures, { heading: 'limited by', rows: limits }] : measures,
  };
}
