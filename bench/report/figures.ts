// Writes measured values: three significant digits, in the unit that suits the column.

import { MEASURES, type MeasureName } from '../results.ts';
import type { Summary } from './statistics.ts';

/** A unit, and how many units of the measure make one. */
export interface Scale {
  unit: string;
  per: number;
}

const SCALES: Record<string, readonly Scale[]> = {
  ns: [
    { unit: 'ns', per: 1 },
    { unit: 'µs', per: 1e3 },
    { unit: 'ms', per: 1e6 },
  ],
  us: [
    { unit: 'µs', per: 1 },
    { unit: 'ms', per: 1e3 },
  ],
  B: [
    { unit: 'B', per: 1 },
    { unit: 'KiB', per: 2 ** 10 },
    { unit: 'MiB', per: 2 ** 20 },
    { unit: 'GiB', per: 2 ** 30 },
  ],
  'B/s': [
    { unit: 'B/s', per: 1 },
    { unit: 'kB/s', per: 1e3 },
    { unit: 'MB/s', per: 1e6 },
    { unit: 'GB/s', per: 1e9 },
  ],
  'of 1': [{ unit: '%', per: 0.01 }],
};

const THREE_DIGITS = new Intl.NumberFormat('en-US', {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

/** Writes three significant digits, never an exponent. */
export function figure(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : THREE_DIGITS.format(value);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

export function times(ratio: number): string {
  if (!Number.isFinite(ratio)) return 'infinitely';
  if (ratio > 0 && ratio < 0.1) return `${ratio.toPrecision(2)}x`;
  return `${ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0)}x`;
}

/** Writes the spread, or `-` for one round. */
export function spreadText({ spread, rounds }: Summary): string {
  return rounds > 1 ? percent(spread) : '-';
}

/** Chooses the largest unit in which every value except zeros is at least 1. */
export function scaleFor(measure: MeasureName, values: readonly number[]): Scale {
  const { unit } = MEASURES[measure];
  const scales = SCALES[unit] ?? [{ unit, per: 1 }];
  const least = Math.min(...values.filter((value) => value > 0));
  return scales.findLast(({ per }) => Number.isFinite(least) && least >= per) ?? (scales[0] as Scale);
}

/** `time a call, ns` */
export function heading(measure: MeasureName, { unit }: Scale): string {
  return unit === '1/s' ? MEASURES[measure].label : `${MEASURES[measure].label}, ${unit}`;
}
