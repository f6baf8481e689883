// The processes that a run starts. They are pinned to a core if the system can do so, and they all end when the run
// ends, for whatever reason.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree } from './cpu.ts';

/** A child that does not end within this time after SIGTERM is killed with all its descendants. */
const GRACE_MS = 3000;
const STDERR_SHOWN_CHARS = 500;

/** How a child ended. */
export interface End {
  stdout: string;
  /** A sentence, if its exit code was not 0. */
  failure: string | undefined;
}

const running = new Set<Child>();
let stopped = false;

export class Child {
  /** The process ID of the command itself, because taskset replaces itself by it. */
  readonly pid: number;
  readonly ended: Promise<End>;
  private readonly process: ChildProcess;

  /**
   * @param core the core to pin it to, if any
   * @param obeys whether it answers messages: see ask()
   * @throws Error if it cannot be started, or the run is being stopped
   */
  constructor(
    readonly name: string,
    argv: readonly string[],
    core: number | undefined,
    obeys = false,
  ) {
    if (stopped) throw new Error('the run was stopped');
    const [command, ...args] = core === undefined ? argv : ['taskset', '-c', String(core), ...argv];
    const channel = obeys ? (['ipc'] as const) : [];
    this.process = spawn(command as string, args, { stdio: ['ignore', 'pipe', 'pipe', ...channel] });
    // If there is no process, 'error' follows and has no further information.
    this.process.on('error', () => {});
    if (this.process.pid === undefined) throw new Error(`${name}: could not run ${command}`);
    this.pid = this.process.pid;
    this.ended = this.watch();
    running.add(this);
  }

  /** Sends a message to a child that obeys, and resolves with its answer. @throws Error if the child ends instead */
  async ask<Answer>(message: object): Promise<Answer> {
    const answer = once(this.process, 'message');
    this.process.send(message, () => {});
    const first = await Promise.race([answer, this.ended]);
    if (Array.isArray(first)) return first[0];
    throw new Error(first.failure ?? `${this.name} ended before it answered`);
  }

  /** Resolves when the child and its descendants are gone. */
  async end(): Promise<void> {
    const tree = processTree(this.pid);
    this.process.kill('SIGTERM');
    const late = await Promise.race([this.ended, sleep(GRACE_MS, 'late' as const, { ref: false })]);
    if (late === 'late') for (const pid of tree) killNow(pid);
    await this.ended;
  }

  private watch(): Promise<End> {
    const { stdout, stderr } = this.process;
    let output = '';
    let errors = '';
    stdout?.on('data', (chunk: Buffer) => (output += chunk));
    stderr?.on('data', (chunk: Buffer) => (errors += chunk));
    return new Promise((resolve) => {
      // 'close', unlike 'exit', also waits for descendants, which hold the same pipes.
      this.process.on('close', (code, signal) => {
        running.delete(this);
        const shown = errors.trim().slice(-STDERR_SHOWN_CHARS);
        const failure =
          code === 0 ? undefined : `${this.name} ended by ${signal ?? `code ${code}`}: ${shown}`;
        resolve({ stdout: output, failure });
      });
    });
  }
}

/** Ends every child that still runs. After that, no child can be started. */
export async function endChildren(): Promise<void> {
  stopped = true;
  await Promise.all([...running].map((child) => child.end()));
}

const installed = new Map<string, boolean>();

/** Returns whether a command is installed. */
export function isInstalled(command: string): boolean {
  let found = installed.get(command);
  if (found === undefined) {
    found = spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
    installed.set(command, found);
  }
  return found;
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself.
  }
}
