// Inputs in batches: pipelines composed from the grammar, and the case tables, both unchanged and
// mutated. Composing costs far more than mutating, so each composed text serves many inputs.

import fc from 'fast-check';
import { chunkSmugglingCases } from '../cases/chunk-smuggling.ts';
import { contentCases } from '../cases/content.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { injectionCases } from '../cases/injection.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { smugglingCases } from '../cases/smuggling.ts';
import { INPUT_BYTES_MAX, type Input, type LimitsName, tidyCuts } from './input.ts';
import { pipeline } from './messages.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

export const BATCH_INPUTS = 512;
const COMPOSED = 64;
/** Few inputs are long, since long inputs take their time and find little more. */
const LONG_ONE_IN = 400;
const TEXT_BYTES_MAX = 1500;
const CUTS_MAX = 5;
/** Some inputs arrive byte by byte. */
const BY_BYTE_ONE_IN = 64;
const BY_BYTE_BYTES_MAX = 400;

const CASES: readonly string[] = [
  ...[...requestLineCases, ...fieldCases, ...framingCases].map(({ input }) => input),
  ...[...smugglingCases, ...chunkSmugglingCases, ...injectionCases].map(({ input }) => input),
  ...contentCases.map(({ fields, content }) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`),
];
const SHORT_CASES = CASES.filter((text) => text.length <= TEXT_BYTES_MAX);
const LIMITS_NAMES: readonly LimitsName[] = ['usual', 'usual', 'usual', 'small', 'largest'];

/** Returns the inputs of one batch: the same inputs for the same seed. */
export function inputsOf(seed: number): Input[] {
  const random = new Random(seed);
  const composed = fc.sample(pipeline, { seed, numRuns: COMPOSED });
  return Array.from({ length: BATCH_INPUTS }, (_, i) => {
    const text = i < COMPOSED ? (composed[i] as string) : mutated(composed, random);
    return dress(text, random);
  });
}

function mutated(composed: readonly string[], random: Random): string {
  if (random.oneIn(LONG_ONE_IN)) return long(composed, random);
  const source = random.oneIn(6) ? SHORT_CASES : composed;
  const text = mutate(random.pick(source), random, random.pick(source));
  return text.slice(0, TEXT_BYTES_MAX);
}

/** Composes many requests at once, which take several turns to serve, or a head or content near its limit. */
function long(composed: readonly string[], random: Random): string {
  const text = random.oneIn(3) ? random.pick(CASES) : random.pick(composed);
  const repeated = text.repeat(1 + random.below(Math.ceil(INPUT_BYTES_MAX / (text.length + 1))));
  return (random.oneIn(2) ? repeated : mutate(repeated, random, text)).slice(0, INPUT_BYTES_MAX);
}

/** Chooses all parts of an input except its text. */
function dress(text: string, random: Random): Input {
  const byByte = text.length <= BY_BYTE_BYTES_MAX && random.oneIn(BY_BYTE_ONE_IN);
  const cuts = byByte
    ? [...Array(text.length).keys()]
    : Array.from({ length: random.below(CUTS_MAX + 1) }, () => random.below(text.length + 1));
  return {
    text,
    cuts: tidyCuts(cuts, text.length),
    limits: random.pick(LIMITS_NAMES),
    draining: random.oneIn(16),
  };
}
