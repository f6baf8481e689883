// Compares hotpath's two engines wherever both were measured.

import type { MeasureName, SuiteResult } from '../results.ts';
import { type Axis, axesOf, axisPlot, type Bars, barsOf, drawn, type Plot } from './charts.ts';
import { compareSubjects, measuresOf, summaryOf, verdictText } from './comparison.ts';
import { figure, heading, scaleFor } from './figures.ts';
import type { Verdict } from './statistics.ts';
import { isJs, isWasm } from './tones.ts';

export interface Engines {
  sentence: string;
  parts: { title: string; blocks: (Bars | Plot)[] }[];
  rows: { where: string; measure: string; wasm: string; js: string; verdict: string }[];
}

const ENGINE_MEASURES: readonly MeasureName[] = ['nanoseconds', 'requestsPerSecond', 'cpuMicros'];

/** Compares the two engines. @returns undefined if no group has measured both */
export function enginesOf(suites: readonly SuiteResult[]): Engines | undefined {
  const pairs = suites.flatMap((suite) =>
    suite.groups.flatMap((group) => {
      const wasm = group.subjects.find((one) => one.ours && isWasm(one));
      const js = group.subjects.find((one) => one.ours && isJs(one));
      return wasm && js ? [{ suite, group, wasm, js }] : [];
    }),
  );
  const compared = pairs.flatMap(({ suite, group, wasm, js }) =>
    measuresOf(group)
      .filter((measure) => measure === group.measure || ENGINE_MEASURES.includes(measure))
      .flatMap((measure) => {
        const comparison = compareSubjects(wasm, js, measure);
        return comparison === undefined ? [] : [{ suite, group, wasm, js, measure, comparison }];
      }),
  );
  if (compared.length === 0) return undefined;
  const axes = suites.flatMap((suite) =>
    axesOf(
      suite.name,
      suite.groups.filter((group) => pairs.some((pair) => pair.group === group)),
    ),
  );
  return {
    sentence: sentenceOf(compared.map(({ comparison }) => comparison.verdict)),
    parts: [
      ...axes.map((axis) => ({ title: `By ${axis.name}`, blocks: enginePlots(axis) })),
      ...pairs.map(({ group, wasm, js }) => ({
        title: group.name,
        blocks: drawn(group, ['cpuMicros']).map((measure) =>
          barsOf({ ...group, reference: js.name }, measure, [wasm, js]),
        ),
      })),
    ],
    rows: compared.map(({ suite, group, wasm, js, measure, comparison }) => {
      const medians = [wasm, js].map((one) => summaryOf(one, measure)!.median);
      const scale = scaleFor(measure, medians);
      const [ofWasm, ofJs] = medians.map((value) => figure(value / scale.per)) as [string, string];
      return {
        where: `${suite.name}, ${group.name}`,
        measure: heading(measure, scale),
        wasm: ofWasm,
        js: ofJs,
        verdict: verdictText(comparison),
      };
    }),
  };
}

function enginePlots(axis: Axis): Plot[] {
  const plot = axisPlot(axis, axis.groups[0]!.measure, (one) => one.ours);
  return plot === undefined ? [] : [plot];
}

function sentenceOf(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  if (count('unclear') === verdicts.length) return 'None of the comparisons of the two engines is clear.';
  const unclear = count('unclear') > 0 ? ` ${count('unclear')} are unclear.` : '';
  return `Of ${verdicts.length} comparisons of the two engines, WASM wins ${count('better')}, ties in ${count('tie')} and loses ${count('worse')}.${unclear}`;
}
