// Batches of inputs through the checker until one fails: the same for the command and the test run.

import { type Checker, type Failure, poisonOf } from './check.ts';
import type { Input } from './input.ts';
import { inputsOf } from './inputs.ts';
import { minimise } from './minimise.ts';

export interface Finding {
  failure: Failure;
  /** The failing input, as small as the fuzzer could make it. */
  input: Input;
  /** The seed of the batch that held it. */
  seed: number;
}

/** The seed of one batch of a run. */
export function batchSeed(seed: number, batch: number): number {
  return Math.imul(seed ^ Math.imul(batch, 0x9e3779b1), 0x85ebca6b) | 0;
}

/** Checks one batch. Minimises the input that fails. */
export function runBatch(checker: Checker, seed: number): Finding | undefined {
  const inputs = inputsOf(seed);
  for (const input of inputs) {
    const failure = checker.check(input);
    if (failure !== '') return minimised(checker, { failure, input, seed }, checker.memory() !== '');
  }
  return checker.memory() === '' ? undefined : findWriter(checker, inputs, seed);
}

/** Finds the input of a batch that makes an engine write outside its writable regions. */
function findWriter(checker: Checker, inputs: readonly Input[], seed: number): Finding {
  for (const input of inputs) {
    checker.check(input);
    const failure = checker.memory();
    if (failure !== '') return minimised(checker, { failure, input, seed }, true);
  }
  throw new Error(`batch ${seed} wrote where it must not, but none of its inputs does so alone`);
}

/**
 * Makes the input smaller as long as it fails in the same way, before the same misleading bytes.
 * @param wrote an engine wrote outside its writable regions: check and repair the memory after each trial
 */
function minimised(checker: Checker, { failure, input, seed }: Finding, wrote: boolean): Finding {
  const poison = poisonOf(input);
  const failureOf = (candidate: Input): Failure => {
    const wrong = checker.check(candidate, poison);
    const written = wrote ? checker.memory() : '';
    return wrong || written;
  };
  const kind = kindOf(failure);
  const smallest = minimise(input, (candidate) => kindOf(failureOf(candidate)) === kind);
  return { failure: failureOf(smallest) || failure, input: smallest, seed };
}

/** Removes numbers, since offsets may change while the input shrinks. */
function kindOf(failure: Failure): string {
  return failure.replace(/\d+/g, '#');
}
