// The thread that times one operation of the suite `state` for operating.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { do_not_optimize } from 'mitata';
import { createOperation } from '../suites/operations.ts';
import type { OperatingStart } from './operating.ts';

const NANOS_PER_MILLI = 1e6;
/** The duration of a sample: far longer than a look at the clock, far shorter than a time slice of the system. */
const SAMPLE_MS = 0.2;

const { group, name, redisPort, warmUpMs, milliseconds } = workerData as OperatingStart;
const operation = await createOperation(group, name, redisPort);
const first = operation();
const waits = isPromise(first);
await first;
const perMs = await callsPerMilli();
const batch = Math.max(1, Math.round(perMs * SAMPLE_MS));
const samples: number[] = [];
for (let spentMs = 0; spentMs < milliseconds; ) {
  const sampleMs = await timeBatch(batch);
  samples.push(sampleMs / batch);
  spentMs += sampleMs;
}
samples.sort((a, b) => a - b);
parentPort?.postMessage((samples[samples.length >> 1] as number) * NANOS_PER_MILLI);
// Open connections to Redis would keep the thread alive.
process.exit();

async function callsPerMilli(): Promise<number> {
  const endMs = performance.now() + warmUpMs;
  let rate = 1;
  while (performance.now() < endMs) {
    const calls = Math.max(1, Math.round(rate * SAMPLE_MS));
    rate = calls / Math.max(await timeBatch(calls), 1e-3);
  }
  return rate;
}

async function timeBatch(calls: number): Promise<number> {
  const startMs = performance.now();
  if (waits) for (let i = 0; i < calls; i++) await operation();
  else run(calls);
  return performance.now() - startMs;
}

function run(calls: number): void {
  for (let i = 0; i < calls; i++) do_not_optimize(operation());
}

function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}
