// Rounds in which the subjects of a group take turns, so that a disturbance of the machine affects all of them alike.
// Each measurement goes into the suite's result at once, so a stopped run keeps it.

import { median } from '../report/statistics.ts';
import type { Group, MeasureName, SubjectResult, SuiteResult } from '../results.ts';
import type { Progress } from '../suite.ts';

/** The share from which a core counts as fully used. */
const BUSY = 0.9;

/** The result of one turn; undefined for a measure that this system lacks. */
export type Values = Partial<Record<MeasureName, number | undefined>>;

export interface Subject {
  name: string;
  ours: boolean;
  at?: number;
  /** The most cores that the server and its load client can keep busy; by default one each. */
  capacity?: { server: number; client: number };
  measure(): Promise<Values>;
}

/** A group before it is measured. The first subject is the reference. */
export interface Contest extends Pick<Group, 'name' | 'measure' | 'missing'> {
  subjects: readonly Subject[];
}

/** All rounds of a suite. They share its result and its progress. */
export class Rounds {
  private secondsDone = 0;

  constructor(
    private readonly result: SuiteResult,
    private readonly progress: Progress,
  ) {}

  get stopped(): boolean {
    return this.progress.stopped;
  }

  /** Reports the next step, and how many seconds of the suite's estimate it takes. */
  at(what: string, seconds: number): void {
    this.progress.at(what, this.secondsDone);
    this.secondsDone += seconds;
  }

  /**
   * Runs a step that may fail if the run is stopped, because the processes end then.
   * @returns undefined if the run was stopped before the step, or the step failed for that reason
   */
  async unlessStopped<T>(task: () => Promise<T>): Promise<T | undefined> {
    if (this.stopped) return undefined;
    try {
      return await task();
    } catch (error) {
      if (this.stopped) return undefined;
      throw error;
    }
  }

  /** Lets each subject take a turn that does not count. @param seconds the estimated time of one turn */
  async warmUp({ name, subjects }: Contest, seconds: number): Promise<void> {
    for (const subject of subjects) {
      this.at(`${name}: warming up ${subject.name}`, seconds);
      await this.unlessStopped(() => subject.measure());
    }
  }

  /**
   * Adds a group with the measurements of its subjects, or only with the missing subjects if there are no others.
   * @param seconds the estimated time of one turn
   */
  async run({ name, measure, missing, subjects }: Contest, count: number, seconds: number): Promise<void> {
    const reference = subjects[0]?.name ?? '';
    const group: Group = { name, reference, measure, subjects: [], missing };
    if (subjects.length === 0 && !this.stopped) this.result.groups.push(group);
    for (let round = 0; round < count; round++)
      for (const subject of subjects) {
        if (this.stopped) return;
        this.at(`${name}: ${subject.name}`, seconds);
        const values = await this.unlessStopped(() => subject.measure());
        // A turn that was cut short is no measurement.
        if (values === undefined || this.stopped) return;
        if (!this.result.groups.includes(group)) this.result.groups.push(group);
        record(group, subject, values);
      }
  }
}

function record(group: Group, subject: Subject, values: Values): void {
  const { name, ours, at } = subject;
  let own = group.subjects.find((one) => one.name === name);
  if (own === undefined) {
    own = { name, ours, measures: {}, ...(at === undefined ? {} : { at }) };
    group.subjects.push(own);
  }
  for (const [measure, value] of Object.entries(values) as [MeasureName, number | undefined][])
    if (value !== undefined) (own.measures[measure] ??= []).push(value);
  const limit = limitOf(own, subject.capacity);
  if (limit !== undefined) own.limitedBy = limit;
}

/** Returns the bottleneck. If it is the client, the server could have answered more requests a second. */
function limitOf(
  { measures }: SubjectResult,
  capacity = { server: 1, client: 1 },
): SubjectResult['limitedBy'] | undefined {
  const { serverBusy, clientBusy } = measures;
  if (serverBusy === undefined || clientBusy === undefined) return undefined;
  if (median(serverBusy) >= BUSY * capacity.server) return 'server';
  if (median(clientBusy) >= BUSY * capacity.client) return 'load client';
  return 'neither';
}
