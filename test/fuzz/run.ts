// Batches of inputs through the checker until one fails: the same for the command and the test run.

import type { Checker, Failure } from './check.ts';
import type { Input } from './input.ts';
import { inputsOf } from './inputs.ts';
import { minimise } from './minimise.ts';

export interface Finding {
  failure: Failure;
  /** As small as it could be made. */
  input: Input;
  /** The seed of the batch it came from. */
  seed: number;
}

/** The seed of one batch of a run. */
export function batchSeed(seed: number, batch: number): number {
  return Math.imul(seed ^ Math.imul(batch, 0x9e3779b1), 0x85ebca6b) | 0;
}

/** Checks one batch. What it finds is minimised. */
export function runBatch(checker: Checker, seed: number): Finding | undefined {
  const inputs = inputsOf(seed);
  for (const input of inputs) {
    const failure = checker.check(input);
    if (failure !== '') return minimised(checker, input, failure, seed);
  }
  return checker.memory() === '' ? undefined : findWriter(checker, inputs, seed);
}

/** Looks for the input of a batch that makes an engine write where it must not. */
function findWriter(checker: Checker, inputs: readonly Input[], seed: number): Finding {
  for (const input of inputs) {
    checker.check(input);
    const failure = checker.memory();
    if (failure !== '') return minimised(checker, input, failure, seed);
  }
  throw new Error(`batch ${seed} wrote where it must not, but none of its inputs does so alone`);
}

/** The failure as the input shows it now; smaller inputs must show one of the same kind. */
function minimised(checker: Checker, input: Input, failure: Failure, seed: number): Finding {
  const kind = kindOf(failure);
  const fails = (candidate: Input): boolean => kindOf(checker.check(candidate) || checker.memory()) === kind;
  checker.memory();
  const smallest = minimise(input, fails);
  return { failure: checker.check(smallest) || checker.memory() || failure, input: smallest, seed };
}

/** Without numbers: offsets and codes may change while the input gets smaller. */
function kindOf(failure: Failure): string {
  return failure.replace(/\d+/g, '#');
}
