// Commands that the runner starts: each in a process group of its own, which ends with it.

import { spawn } from 'node:child_process';

export interface Ended {
  /** Undefined when it took longer than it may. */
  code: number | undefined;
  /** Standard output and standard error as they came. */
  output: string;
}

const groups = new Set<number>();

/** Runs a script under this Node in `folder`, and leaves none of its descendants behind. */
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

/** Ends everything that is still running. */
export function endCommands(): void {
  for (const group of groups) endGroup(group);
}

function endGroup(group: number | undefined): void {
  if (group === undefined || !groups.delete(group)) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}
