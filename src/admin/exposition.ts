// The text of metrics for Prometheus: its text format 0.0.4, and OpenMetrics 1.0. The two differ in the names of counters, in
// escapes, and at the end.

import type { Distribution, Family, Labels } from './families.ts';

/** The formats that a scraper may ask for. */
export type Format = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Record<Format, string> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const ENDINGS: Record<Family['type'], string> = {
  counter: '_total',
  info: '_info',
  gauge: '',
  histogram: '',
};
/** The unit at the end of a name. */
const UNIT = /_(seconds|bytes)$/;

/** Writes families. Families without series are left out. */
export function writeFamilies(families: Iterable<Family>, format: Format): string {
  const lines: string[] = [];
  for (const family of families) if (family.series.length > 0) writeFamily(lines, family, format);
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function writeFamily(lines: string[], family: Family, format: Format): void {
  const sampleName = `${family.name}${ENDINGS[family.type]}`;
  if (format === 'openmetrics') {
    const { name, type, help } = family;
    const unit = UNIT.exec(name)?.[1];
    lines.push(`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`);
    if (unit !== undefined) lines.push(`# UNIT ${name} ${unit}`);
  } else {
    const type = family.type === 'info' ? 'gauge' : family.type;
    // This format has no escape for a quote in a help text.
    lines.push(
      `# HELP ${sampleName} ${escaped(family.help).replaceAll('\\"', '"')}`,
      `# TYPE ${sampleName} ${type}`,
    );
  }
  if (family.type === 'histogram')
    for (const { labels, value } of family.series) writeDistribution(lines, family.name, labels, value);
  else
    for (const { labels, value } of family.series)
      lines.push(`${sampleName}${labelsText(labels)} ${numberText(value)}`);
}

function writeDistribution(
  lines: string[],
  name: string,
  labels: Labels,
  { buckets, count, sum }: Distribution,
): void {
  const bounds = [...buckets, { le: Number.POSITIVE_INFINITY, count }];
  for (const { le, count: atMost } of bounds)
    lines.push(`${name}_bucket${labelsText({ ...labels, le: boundText(le) })} ${numberText(atMost)}`);
  lines.push(`${name}_count${labelsText(labels)} ${numberText(count)}`);
  lines.push(`${name}_sum${labelsText(labels)} ${numberText(sum)}`);
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

/**
 * A bound as Go writes it, with `.0` if it would look like an integer: the canonical form of OpenMetrics. Both formats have
 * it, since the same bound written in two ways would be two series.
 */
function boundText(bound: number): string {
  if (!Number.isFinite(bound)) return '+Inf';
  const [digits = '', exponent = ''] = bound.toExponential().split('e');
  const power = Number(exponent);
  if (bound !== 0 && (power < -4 || power >= 6))
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
