// Reads from Vitest's report whether the tests have caught a defect.

import { existsSync, readFileSync } from 'node:fs';
import type { Ended } from './command.ts';

export interface Outcome {
  /** hung: a test did not end. skipped: no test ran. broken: the defect or the tests could not be run at all. */
  kind: 'caught' | 'hung' | 'survived' | 'skipped' | 'broken';
  /** Names the test that failed, or the problem. Empty if the defect survived. */
  by: string;
  /** Holds the first line of the failure. */
  message?: string;
}

/** Describes the part of Vitest's JSON report that is read here. */
interface Report {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/** Matches the first line of a timeout's stack, which the report holds in place of a message. */
const TIMED_OUT = /\b(Test|Hook) timed out in \d+ms|STACK_TRACE_ERROR/;

/** @param path of the report, which is missing if Vitest did not get so far */
export function readReport(path: string, { code, output }: Ended): Outcome {
  if (code === undefined) return { kind: 'hung', by: 'the whole run' };
  if (!existsSync(path)) return { kind: 'broken', by: `the tests did not run: ${lastLine(output)}` };
  const { numPassedTests, testResults } = JSON.parse(readFileSync(path, 'utf8')) as Report;
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed === undefined) continue;
    // The first failure counts: later ones often come from cleaning up after it.
    const [message = ''] = failed.failureMessages[0]?.split('\n') ?? [];
    return { kind: TIMED_OUT.test(message) ? 'hung' : 'caught', by: failed.fullName, message };
  }
  const unloaded = testResults.find(({ status }) => status === 'failed');
  if (unloaded !== undefined)
    return {
      kind: TIMED_OUT.test(unloaded.message) ? 'hung' : 'caught',
      by: `${unloaded.name.split('/').at(-1)} as a whole: ${unloaded.message.split('\n')[0]}`,
    };
  if (numPassedTests === 0)
    return { kind: 'skipped', by: 'its tests are skipped here, or have other titles' };
  return code === 0 ? { kind: 'survived', by: '' } : { kind: 'caught', by: 'an error outside of any test' };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
