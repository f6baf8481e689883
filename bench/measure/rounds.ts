// Rounds in which the subjects of a group take turns, so that a disturbance of the machine hits all of
// them alike. What they measure goes into the suite's result at once: a run that is stopped keeps it.

import { median } from '../report/statistics.ts';
import type { Group, MeasureName, SubjectResult, SuiteResult } from '../results.ts';
import type { Progress } from '../suite.ts';

/** From here on a core counts as fully used. */
const BUSY = 0.9;

/** What one turn found out; undefined is what could not be measured here. */
export type Values = Partial<Record<MeasureName, number | undefined>>;

export interface Subject {
  name: string;
  ours: boolean;
  at?: number;
  /** Cores that it and its load client can keep busy at most; one each unless told. */
  capacity?: { server: number; client: number };
  measure(): Promise<Values>;
}

/** A group before it is measured. Its first subject is the reference. */
export interface Contest extends Pick<Group, 'name' | 'measure' | 'missing'> {
  subjects: readonly Subject[];
}

/** All rounds of a suite: they share its result and its way of telling how far it is. */
export class Rounds {
  private secondsDone = 0;

  constructor(
    private readonly result: SuiteResult,
    private readonly progress: Progress,
  ) {}

  get stopped(): boolean {
    return this.progress.stopped;
  }

  /** Says what comes next, and how many seconds of the suite's estimate it stands for. */
  at(what: string, seconds: number): void {
    this.progress.at(what, this.secondsDone);
    this.secondsDone += seconds;
  }

  /**
   * Does something that may fail when the run is stopped, because its processes are ended.
   * @returns undefined when the run was stopped before or it failed for that
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

  /**
   * Adds a group with what its subjects measure, or with what is missing when there are none.
   * @param seconds what one turn takes, by estimate
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
        // What was cut short is no measurement.
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

/** Who was the bottleneck: where it is the client, the server could have done more requests a second. */
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
