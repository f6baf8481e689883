// The command line as a user starts it. Runs the build in dist/.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Times } from '../../src/times.ts';

const WITH_TIMES = 'test/support/command-with-times.js';

export interface Run {
  child: ChildProcess;
  /** Standard output and standard error, line by line as they arrive. */
  output: string;
  errors: string;
  port: number;
  /** Resolves with the exit code, or with the name of the signal. */
  exit: Promise<number | NodeJS.Signals>;
  /** Stops the command as a user would, and resolves with the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/**
 * Starts the command, which may end at once.
 * @param detached runs it in its own process group
 * @param times replace those of a user's command
 */
export function launch(
  args: string[],
  environment: NodeJS.ProcessEnv = {},
  detached = false,
  times?: Partial<Times>,
): Run {
  const command = times === undefined ? ['dist/cli.js'] : [WITH_TIMES, JSON.stringify(times)];
  return launchScript([...command, ...args], environment, detached);
}

/** An environment whose variables are no options. */
function withoutOptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(?:HOTPATH_.*|HOST|PORT)$/.test(name)),
  );
}

/** Starts a script that behaves like the command. @param detached runs it in its own process group */
export function launchScript(
  scriptAndArgs: string[],
  environment: NodeJS.ProcessEnv = {},
  detached = false,
): Run {
  const child = spawn(process.execPath, scriptAndArgs, {
    env: { ...withoutOptions(process.env), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  });
  const run: Run = {
    child,
    output: '',
    errors: '',
    port: 0,
    exit: once(child, 'exit').then(([code, signal]) => code ?? signal),
    stop: () => {
      child.kill('SIGTERM');
      return run.exit;
    },
  };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    run.output += text;
    run.port ||= Number(/listening on https?:\/\/.*:(\d+) /.exec(run.output)?.[1] ?? 0);
    child.emit('output');
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    run.errors += text;
  });
  return run;
}

/** Starts a server at a free port and waits until the server listens. */
export async function startCli(
  args: string[] = [],
  environment?: NodeJS.ProcessEnv,
  detached = false,
  times?: Partial<Times>,
): Promise<Run> {
  const run = launch(['--port', '0', ...args], environment, detached, times);
  const ended = run.exit.then((code) => {
    throw new Error(`ended with ${code}: ${run.errors}`);
  });
  while (run.port === 0) await Promise.race([once(run.child, 'output'), ended]);
  ended.catch(() => {});
  return run;
}

/** Lists the ids of the processes that a process has started. Works on Linux only. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Runs a command that ends without a signal. */
export async function runCli(
  args: string[],
  environment?: NodeJS.ProcessEnv,
): Promise<{ code: number | NodeJS.Signals; output: string; errors: string }> {
  const run = launch(args, environment);
  const code = await run.exit;
  return { code, output: run.output, errors: run.errors };
}
