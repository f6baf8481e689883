// Counts how often hotpath won, tied and lost, and names every loss.

import { type Group, MEASURES, type MeasureName, type SuiteResult } from '../results.ts';
import { comparisonsWithOthers, factorOf, judgedMeasuresOf } from './comparison.ts';
import { times } from './figures.ts';
import type { Verdict } from './statistics.ts';

/** The verdicts of all comparisons of hotpath with others, by one measure. */
export interface Tally {
  measure: string;
  counts: Record<Verdict, number>;
}

export interface Loss {
  where: string;
  own: string;
  other: string;
  measure: string;
  factor: string;
}

export function talliesOf(groups: readonly Group[]): Tally[] {
  const tallies = new Map<MeasureName, Record<Verdict, number>>();
  for (const group of groups)
    for (const measure of judgedMeasuresOf(group))
      for (const { verdict } of comparisonsWithOthers(group, measure)) {
        const counts = tallies.get(measure) ?? { better: 0, tie: 0, worse: 0, unclear: 0 };
        counts[verdict]++;
        tallies.set(measure, counts);
      }
  return [...tallies].map(([measure, counts]) => ({ measure: MEASURES[measure].label, counts }));
}

export function lossesOf({ name }: SuiteResult, group: Group): Loss[] {
  return judgedMeasuresOf(group).flatMap((measure) =>
    comparisonsWithOthers(group, measure)
      .filter(({ verdict }) => verdict === 'worse')
      .map(({ subject, other, ratio }) => ({
        where: `${name}, ${group.name}`,
        own: subject.name,
        other: other.name,
        measure: MEASURES[measure].label,
        factor: times(factorOf(ratio)),
      })),
  );
}
