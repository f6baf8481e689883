// Runs commands, each in a process group of its own, which ends with the command.

import { spawn } from 'node:child_process';

export interface Ended {
  /** Undefined if the command was killed at its time limit. */
  code: number | undefined;
  /** Holds standard output and standard error in the order of arrival. */
  output: string;
}

const groups = new Set<number>();

/** Runs a script in `folder` under this Node, then kills the processes that the script left behind. */
export async function runNode(folder: string, limitMs: number, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = child.pid;
  if (group !== undefined) groups.add(group);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(group);
    }, limitMs);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      endGroup(group);
      resolve({ code: late ? undefined : (code ?? 1), output });
    });
  });
}

/** Kills all running commands and their processes. */
export function endCommands(): void {
  for (const group of groups) endGroup(group);
}

function endGroup(group: number | undefined): void {
  if (group === undefined || !groups.delete(group)) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Every process of the group has ended.
  }
}
