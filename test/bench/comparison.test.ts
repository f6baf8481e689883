// Wins, ties and losses within a group, and the sentence that sums them up.

import { describe, expect, it } from 'vitest';
import {
  compareSubjects,
  comparisonsWithOthers,
  judgedMeasuresOf,
  leadOf,
  measuresOf,
  sentenceOf,
  verdictText,
} from '../../bench/report/comparison.ts';
import type { Group, MeasureName, SubjectResult } from '../../bench/results.ts';

function subject(name: string, values: number[], more: Partial<SubjectResult> = {}): SubjectResult {
  return { name, ours: false, measures: { cpuMicros: values }, ...more };
}

function group(subjects: SubjectResult[], measure: MeasureName = 'cpuMicros'): Group {
  return { name: '64 connections', reference: subjects[0]?.name ?? '', measure, subjects, missing: [] };
}

function rates(name: string, values: number[], limitedBy: SubjectResult['limitedBy']): SubjectResult {
  return { name, ours: false, measures: { requestsPerSecond: values }, ...(limitedBy ? { limitedBy } : {}) };
}

const OURS = subject('hotpath', [6, 7, 8], { ours: true });

describe('the sentence of a group', () => {
  it('names wins, ties, losses and unclear verdicts', () => {
    const others = [
      subject('slow', [14, 14, 14]),
      subject('slower', [70, 70, 70]),
      subject('like', [7, 9, 10]),
      subject('fast', [3, 3.5, 4]),
      subject('once', [1]),
    ];
    expect(sentenceOf(group([OURS, ...others]))).toBe(
      'hotpath: less CPU a request than slow (2.00x) and slower (10.0x); a tie with like; ' +
        'more CPU a request than fast (2.00x); no verdict on once, as there were too few rounds.',
    );
  });

  it('is about the reference if it is hotpath, else about the first subject that is', () => {
    const js = subject('hotpath js', [9, 9, 9], { ours: true });
    const other = subject('other', [5, 5, 5]);
    expect(leadOf({ ...group([js, OURS, other]), reference: 'hotpath' })).toBe(OURS);
    expect(leadOf({ ...group([other, js, OURS]), reference: 'other' })).toBe(js);
    expect(leadOf({ ...group([other]), reference: 'other' })).toBe(other);
  });

  it('reports that there are no measurements', () => {
    expect(sentenceOf(group([OURS]))).toBe('hotpath was measured alone.');
    expect(sentenceOf(group([subject('hotpath', [], { ours: true })]))).toBe('hotpath was not measured.');
    expect(sentenceOf(group([]))).toBe('Nothing was measured.');
  });

  it('has no factor if the values cannot be divided', () => {
    const lost = (name: string, ours: boolean, values: number[]): SubjectResult => ({
      name,
      ours,
      measures: { updatesLost: values },
    });
    const subjects = [lost('atomic', true, [0, 0, 0]), lost('plain', false, [0.3, 0.4, 0.5])];
    expect(sentenceOf(group(subjects, 'updatesLost'))).toBe('atomic: fewer updates lost than plain.');
  });
});

describe('requests a second, if the load client was the limit', () => {
  const limited = rates('limited', [80, 81, 82], 'load client');
  const slow = rates('slow', [20, 21, 22], 'server');
  const fast = rates('fast', [120, 121, 122], 'server');

  it('give a verdict if the faster subject was limited', () => {
    expect(compareSubjects(limited, slow, 'requestsPerSecond')?.verdict).toBe('better');
    expect(compareSubjects(slow, limited, 'requestsPerSecond')?.verdict).toBe('worse');
  });

  it('give no verdict if the slower subject was limited, or both tie', () => {
    const unclear = { verdict: 'unclear', because: 'the load client was the limit' };
    expect(compareSubjects(limited, fast, 'requestsPerSecond')).toMatchObject(unclear);
    expect(compareSubjects(fast, limited, 'requestsPerSecond')).toMatchObject(unclear);
    expect(compareSubjects(limited, { ...limited }, 'requestsPerSecond')).toMatchObject(unclear);
  });
});

describe('comparisons', () => {
  it('compare each subject of hotpath with each other subject', () => {
    const js = subject('hotpath js', [9, 9, 9], { ours: true });
    const all = [OURS, js, subject('a', [1, 1, 1]), subject('b', [20, 20, 20]), subject('c', [])];
    const pairs = comparisonsWithOthers(group(all), 'cpuMicros');
    expect(pairs.map(({ subject, other, verdict }) => [subject.name, other.name, verdict])).toEqual([
      ['hotpath', 'a', 'worse'],
      ['hotpath', 'b', 'better'],
      ['hotpath js', 'a', 'worse'],
      ['hotpath js', 'b', 'better'],
    ]);
  });

  it('leave out subjects that were not measured', () => {
    expect(compareSubjects(OURS, subject('none', []), 'cpuMicros')).toBeUndefined();
    expect(compareSubjects(OURS, subject('other', [1]), 'seconds')).toBeUndefined();
  });

  it('put the deciding measure first, and judge by no measure that only describes', () => {
    const measures = { nanoseconds: [1], bytesPerSecond: [2], seconds: [3], serverBusy: [0.5] };
    const own = group([{ name: 'one', ours: true, measures }], 'seconds');
    expect(measuresOf(own)).toEqual(['seconds', 'nanoseconds', 'bytesPerSecond', 'serverBusy']);
    expect(judgedMeasuresOf(own)).toEqual(['seconds', 'nanoseconds']);
  });

  it('have the factor between both, whichever is better', () => {
    expect(verdictText({ verdict: 'better', ratio: 2 })).toBe('2.00x better');
    expect(verdictText({ verdict: 'worse', ratio: 0.5 })).toBe('2.00x worse');
    expect(verdictText({ verdict: 'worse', ratio: 0 })).toBe('worse');
    expect(verdictText({ verdict: 'tie', ratio: 1.1 })).toBe('tie');
  });
});
