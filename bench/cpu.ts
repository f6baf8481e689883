// What a process and everything it started have used of the processor, as Linux accounts for it in
// /proc. A server's cost is counted so and not by the clock, since the load client may be the slower one.

import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;
const MICROS_PER_TICK = 1_000_000 / TICKS_PER_SECOND;

/* Fields of /proc/<pid>/stat, counted from the one behind the command's name. */
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

interface ProcessStat {
  parent: number;
  ticks: number;
}

/**
 * User and system time in microseconds of a process and its living descendants; undefined when it is gone
 * or the system has no /proc.
 */
export function cpuMicros(pid: number): number | undefined {
  const stats = readStats();
  if (!stats.has(pid)) return undefined;
  const ticks = treeOf(pid, stats).reduce((sum, member) => sum + (stats.get(member)?.ticks ?? 0), 0);
  return ticks * MICROS_PER_TICK;
}

/** The process and its descendants, parents first; the process alone when the system has no /proc. */
export function processTree(pid: number): number[] {
  return treeOf(pid, readStats());
}

function treeOf(root: number, stats: Map<number, ProcessStat>): number[] {
  const tree = [root];
  // The tree grows while it is walked.
  for (const parent of tree) for (const [pid, stat] of stats) if (stat.parent === parent) tree.push(pid);
  return tree;
}

function readStats(): Map<number, ProcessStat> {
  const stats = new Map<number, ProcessStat>();
  for (const name of listProcesses()) {
    const stat = readStat(name);
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  return stats;
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Undefined when the process has ended meanwhile. */
function readStat(pid: string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name stands in parentheses and may itself hold some.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      parent: Number(fields[PARENT]),
      ticks: Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]),
    };
  } catch {
    return undefined;
  }
}
