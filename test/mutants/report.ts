// What a run of the tests says of a defect.

import { existsSync, readFileSync } from 'node:fs';
import type { Ended } from './command.ts';

export interface Outcome {
  /** hung: a test noticed by not coming back. broken: nothing can be said. */
  kind: 'caught' | 'hung' | 'survived' | 'broken';
  /** The test that failed, or what went wrong. */
  by: string;
  /** How it failed. */
  message?: string;
}

/** The part of Vitest's JSON report that matters here. */
interface Report {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/** The report has an error's stack; the stack of a timeout has this in the place of its message. */
const TIMED_OUT = /\b(Test|Hook) timed out in \d+ms|STACK_TRACE_ERROR/;

/** @param path of the report, which may be missing */
export function readReport(path: string, { code, output }: Ended): Outcome {
  if (code === undefined) return { kind: 'hung', by: 'the whole run' };
  if (!existsSync(path)) return { kind: 'broken', by: `the tests did not run: ${lastLine(output)}` };
  const { numPassedTests, testResults } = JSON.parse(readFileSync(path, 'utf8')) as Report;
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed === undefined) continue;
    // What failed first counts, not what then could not be cleaned up.
    const [message = ''] = failed.failureMessages[0]?.split('\n') ?? [];
    return { kind: TIMED_OUT.test(message) ? 'hung' : 'caught', by: failed.fullName, message };
  }
  const unloaded = testResults.find(({ status }) => status === 'failed');
  if (unloaded !== undefined)
    return {
      kind: TIMED_OUT.test(unloaded.message) ? 'hung' : 'caught',
      by: `${unloaded.name.split('/').at(-1)} as a whole: ${unloaded.message.split('\n')[0]}`,
    };
  if (numPassedTests === 0) return { kind: 'broken', by: 'no test has that name' };
  return code === 0 ? { kind: 'survived', by: '' } : { kind: 'caught', by: 'an error outside of any test' };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
