// A suite's results as plain text: for each group a table of the deciding measure with bars, then the medians of
// all other measures, then a sentence.

import type { Group, MeasureName, SubjectResult, SuiteResult } from '../results.ts';
import { againstReference, measuresOf, mediansOf, sentenceOf, summaryOf, verdictText } from './comparison.ts';
import { figure, heading, scaleFor, spreadText } from './figures.ts';
import { bar, formatTable, type Table } from './table.ts';

const BAR_WIDTH = 16;
const NOT_MEASURED = '-';

/** Labels short enough for a table on a terminal. */
const SHORT: Record<MeasureName, string> = {
  nanoseconds: 'time',
  bytesPerSecond: 'throughput',
  requestsPerSecond: 'requests/s',
  mebibytesPerSecond: 'throughput',
  cpuMicros: 'CPU',
  cpuMicrosPerMebibyte: 'CPU',
  latency50Millis: 'p50',
  latency99Millis: 'p99',
  latency999Millis: 'p99.9',
  heapBytes: 'heap',
  residentBytes: 'resident',
  peakBytes: 'memory',
  serverBusy: 'server',
  clientBusy: 'client',
  updatesLost: 'lost',
  seconds: 'time',
};

interface Column {
  heading: string;
  cell(subject: SubjectResult): string;
}

/** Writes a suite's results. @param emphasis whether the rows of hotpath are printed bold */
export function suiteText({ name, title, groups, notes }: SuiteResult, emphasis = false): string {
  const tables = groups.map((group) => groupText(group, emphasis));
  return [`${name}: ${title}`, ...tables, notes.join('\n')].filter((part) => part !== '').join('\n\n');
}

function groupText(group: Group, emphasis: boolean): string {
  const [deciding, ...others] = measuresOf(group);
  const closing = group.missing.map((why) => `Not measured: ${why}`);
  if (deciding === undefined) return [group.name, 'Nothing was measured.', ...closing].join('\n');
  const emphasized = (row: number) => emphasis && (group.subjects[row]?.ours ?? false);
  const tables =
    others.length < 2
      ? [decidingTable(group, deciding, medianColumns(group, others))]
      : [decidingTable(group, deciding, []), medianTable(group, others)];
  return [
    ...tables.map((table) => formatTable(table, emphasized)),
    [sentenceOf(group), ...closing].join('\n'),
  ].join('\n\n');
}

function decidingTable(group: Group, measure: MeasureName, more: readonly Column[]): Table {
  const medians = mediansOf(group, measure);
  const scale = scaleFor(measure, medians);
  const longest = Math.max(...medians);
  const rows = group.subjects.map((subject) => {
    const comparison = againstReference(group, subject, measure);
    const verdict = comparison === undefined ? '' : verdictText(comparison);
    return [subject.name, ...figures(subject), verdict, ...more.map((column) => column.cell(subject))];
  });
  return {
    title: `${group.name}: ${heading(measure, scale)}`,
    columns: [
      '',
      ''.padEnd(BAR_WIDTH),
      ...['best', 'median', 'spread', `against ${group.reference}`],
      ...more.map((column) => column.heading),
    ],
    rows,
    notes: [],
  };

  function figures(subject: SubjectResult): string[] {
    const summary = summaryOf(subject, measure);
    if (summary === undefined) return ['', NOT_MEASURED, NOT_MEASURED, ''];
    const { best, median } = summary;
    const share = longest === 0 ? 0 : median / longest;
    const values = [best, median].map((value) => figure(value / scale.per));
    return [bar(share, BAR_WIDTH), ...values, spreadText(summary)];
  }
}

function medianTable(group: Group, measures: readonly MeasureName[]): Table {
  const columns = medianColumns(group, measures);
  return {
    title: '',
    columns: ['medians', ...columns.map((column) => column.heading)],
    rows: group.subjects.map((subject) => [subject.name, ...columns.map((column) => column.cell(subject))]),
    notes: [],
  };
}

/** Returns a column of medians for each measure, and one of the limit if it is known. */
function medianColumns(group: Group, measures: readonly MeasureName[]): Column[] {
  const medians = measures.map((measure): Column => {
    const { unit, per } = scaleFor(measure, mediansOf(group, measure));
    const cell = (subject: SubjectResult) => {
      const summary = summaryOf(subject, measure);
      return summary === undefined ? NOT_MEASURED : figure(summary.median / per);
    };
    return { heading: `${SHORT[measure]}${unit === '1/s' ? '' : ` ${unit}`}`, cell };
  });
  if (group.subjects.every(({ limitedBy }) => limitedBy === undefined)) return medians;
  return [...medians, { heading: 'limited by', cell: ({ limitedBy }) => limitedBy ?? NOT_MEASURED }];
}
