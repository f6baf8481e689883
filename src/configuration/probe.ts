// Loads the module of an application in a process of its own, before anything is bound. The supervisor must know the
// options in the module, and never runs the code of users itself.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { execArgv } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { ServerOptions } from '../options.ts';
import { LATE, within } from '../within.ts';
import type { ModuleSettings } from './module-settings.ts';
import type { FromProbe, ToProbe } from './probe-messages.ts';

/** Words of a module that has options, or that may have those of another file. */
const MAY_HAVE_OPTIONS =
  /\b(?:config|port|host(?:name)?)\b|\bexport\s*(?:\*|\{[^}]*\})\s*from\b|\bmodule\.exports\s*=\s*require\b/;
/** Flags of Node that would take a port or a file twice, or that belong to a script without a file. */
const NOT_FOR_PROBE = /^--(?:inspect|cpu-prof|heap-prof|prof|input-type|test|watch)/;

const NONE: ModuleSettings = { settings: [], mistakes: [] };

/**
 * Returns the options in the module of an application.
 * @param file URL of the module
 * @param called the module as the user wrote it
 * @param loadTimeoutMs how long it may take to load
 * @returns none if it has none, or if it fails to load: the threads report that
 * @throws Error of one line if it has not finished loading in time
 */
export async function readModule(
  file: string,
  called: string,
  loadTimeoutMs: number,
): Promise<ModuleSettings> {
  if (!mayHaveOptions(file)) return NONE;
  const probe = new Probe(file, called, loadTimeoutMs);
  try {
    return await probe.load();
  } catch (error) {
    if (error instanceof SlowError) throw error;
    return NONE;
  } finally {
    await probe.close();
  }
}

/** Whether the text of a module can have options. Starting a process for each module would slow down every start. */
function mayHaveOptions(file: string): boolean {
  try {
    return MAY_HAVE_OPTIONS.test(readFileSync(fileURLToPath(file), 'utf8'));
  } catch {
    return false;
  }
}

class SlowError extends Error {}

export class Probe {
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  /** Starts the process. Its parameters are those of readModule(). */
  constructor(
    private readonly file: string,
    private readonly called: string,
    private readonly loadTimeoutMs: number,
  ) {
    this.child = fork(new URL('./probe-main.js', import.meta.url), {
      // The threads load the module again, and print its output.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: execArgv.filter((flag) => !NOT_FOR_PROBE.test(flag)),
    });
    this.ended = once(this.child, 'exit').catch(() => {});
  }

  /** Loads the module. @throws Error of one line */
  async load(): Promise<ModuleSettings> {
    const { file, called } = this;
    const answer = await this.ask({ type: 'load', file, called });
    if (answer?.type === 'loaded') return answer;
    throw failureOf(answer, called);
  }

  /** Prepares the application as a thread does before it serves. @returns warnings @throws Error of one line */
  async prepare(options: ServerOptions): Promise<string[]> {
    const answer = await this.ask({ type: 'prepare', options });
    if (answer?.type === 'prepared') return answer.warnings;
    throw failureOf(answer, this.called);
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** @returns undefined if the process has ended */
  private async ask(message: ToProbe): Promise<FromProbe | undefined> {
    const { child, ended, loadTimeoutMs, file } = this;
    const heard = new Promise<FromProbe>((resolve) => child.once('message', resolve));
    // The channel may be closed by now.
    child.send(message, () => {});
    const answer = await within(loadTimeoutMs, Promise.race([heard, ended.then(() => undefined)]));
    if (answer === LATE)
      throw new SlowError(
        `${fileURLToPath(file)} has not finished loading (a top-level await, or code that is busy) after ${loadTimeoutMs} ms: settle it, or raise the load timeout (--load-timeout, or loadTimeout)`,
      );
    return answer;
  }
}

function failureOf(answer: FromProbe | undefined, called: string): Error {
  return new Error(answer?.type === 'failed' ? answer.message : `${called} ended the process that loads it`);
}
