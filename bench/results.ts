// The results of a run: the one form that suites fill, and from which tables, the report, the published pages and
// comparisons are made. It holds measured values only; report/statistics.ts evaluates them.

import type { Machine } from './measure/machine.ts';

export const RESULTS_FORMAT = 1;

export interface Results extends Origin {
  format: typeof RESULTS_FORMAT;
  suites: SuiteResult[];
}

/** The run that measured, and the machine on which it did. */
export interface Origin {
  /** ISO 8601, when the run began. */
  date: string;
  /** The commit of the checkout; `dirty` if the checkout held changes. */
  commit: string;
  dirty: boolean;
  machine: Machine;
  pace: 'quick' | 'full';
  /** False if the run was interrupted; the results then have the measurements up to that point. */
  complete: boolean;
}

export type SuiteName =
  | 'parse'
  | 'server'
  | 'accept'
  | 'tls'
  | 'models'
  | 'counter'
  | 'state'
  | 'ladder'
  | 'scale'
  | 'transfer'
  | 'connections';

export interface SuiteResult {
  name: SuiteName;
  title: string;
  groups: Group[];
  /** Sentences that explain how to read the suite. */
  notes: string[];
  /** The run that measured it, if it is not the run of the other results. */
  origin?: Origin;
}

/** Subjects measured under the same conditions, in the same rounds: only these may be compared. */
export interface Group {
  /** `703 bytes`, `16 pipelined`, `256 connections`. */
  name: string;
  /** The unit of `at`: groups of one axis make one plot. By default the suite's axis, as in report/charts.ts. */
  axis?: string;
  /** The name of the subject to which the ratios of this group refer. */
  reference: string;
  /** The measure that decides. It comes first in tables and plots. */
  measure: MeasureName;
  subjects: SubjectResult[];
  /** The subjects that were not measured, and why: `Bun: not installed`. */
  missing: string[];
}

export interface SubjectResult {
  name: string;
  /** Whether it is hotpath. */
  ours: boolean;
  /** One value for each round. An array is shorter if a round could not measure it. */
  measures: Partial<Record<MeasureName, number[]>>;
  /** The bottleneck, for subjects under load. */
  limitedBy?: 'server' | 'load client' | 'neither';
  /** A point on a numeric axis, for plots: bytes, connections, workers. */
  at?: number;
  /** The line of a plot that the point belongs to, if it does not have the subject's name. */
  line?: string;
}

export interface Measure {
  label: string;
  unit: string;
  better: 'lower' | 'higher';
}

export type MeasureName = keyof typeof MEASURES;

export const MEASURES = {
  nanoseconds: { label: 'time a call', unit: 'ns', better: 'lower' },
  bytesPerSecond: { label: 'throughput', unit: 'B/s', better: 'higher' },
  requestsPerSecond: { label: 'requests a second', unit: '1/s', better: 'higher' },
  mebibytesPerSecond: { label: 'throughput', unit: 'MiB/s', better: 'higher' },
  cpuMicros: { label: 'server CPU a request', unit: 'us', better: 'lower' },
  cpuMicrosPerMebibyte: { label: 'server CPU a MiB', unit: 'us', better: 'lower' },
  latency50Millis: { label: 'latency p50', unit: 'ms', better: 'lower' },
  latency99Millis: { label: 'latency p99', unit: 'ms', better: 'lower' },
  latency999Millis: { label: 'latency p99.9', unit: 'ms', better: 'lower' },
  heapBytes: { label: 'heap', unit: 'B', better: 'lower' },
  residentBytes: { label: 'resident memory', unit: 'B', better: 'lower' },
  peakBytes: { label: 'peak memory', unit: 'B', better: 'lower' },
  serverBusy: { label: 'server busy', unit: 'cores', better: 'lower' },
  clientBusy: { label: 'client busy', unit: 'cores', better: 'lower' },
  updatesLost: { label: 'updates lost', unit: 'of 1', better: 'lower' },
  seconds: { label: 'time', unit: 's', better: 'lower' },
} as const satisfies Record<string, Measure>;
