// What a run of the benches finds out: the one shape that suites fill, and that tables, the report, the
// README and comparisons are made from. It holds measured values only; what they come down to is report/statistics.ts.

import type { Machine } from './measure/machine.ts';

export const RESULTS_FORMAT = 1;

export interface Results {
  format: typeof RESULTS_FORMAT;
  /** ISO 8601, when the run began. */
  date: string;
  /** Of the checkout; `dirty` when it held changes. */
  commit: string;
  dirty: boolean;
  machine: Machine;
  pace: 'quick' | 'full';
  /** False when the run was interrupted: what was measured until then is there. */
  complete: boolean;
  suites: SuiteResult[];
}

export type SuiteName =
  | 'parse'
  | 'server'
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
  /** How to read it, a sentence each. */
  notes: string[];
}

/** Subjects measured under the same conditions, in the same rounds: only these may be compared. */
export interface Group {
  /** `703 bytes`, `16 pipelined`, `256 connections`. */
  name: string;
  /** What `at` counts: groups of one axis make one plot. Without it the suite's own, as of report/data.ts. */
  axis?: string;
  /** What the ratios are taken against: a subject of this group. */
  reference: string;
  /** The measure that decides, first in tables and plots. */
  measure: MeasureName;
  subjects: SubjectResult[];
  /** What was not measured and why: `Bun: not installed`. */
  missing: string[];
}

export interface SubjectResult {
  name: string;
  /** One of hotpath's own ways. */
  ours: boolean;
  /** One value a round; an array may be shorter where a round could not measure. */
  measures: Partial<Record<MeasureName, number[]>>;
  /** What was the bottleneck, for subjects under load. */
  limitedBy?: 'server' | 'load client' | 'neither';
  /** A point on a numeric axis, for plots: bytes, connections, workers. */
  at?: number;
  /** The line of a plot that the point belongs to, where that is not the subject's name. */
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
