// CPU time and memory of a process and its descendants, as Linux accounts for them in /proc. A server's cost is its
// CPU time, not wall-clock time, because the load client may be slower than the server.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Whether the system has these accounts. */
export const ACCOUNTS_KEPT = existsSync('/proc/self/stat');

/** USER_HZ, which is 100 on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;
const MICROS_PER_TICK = 1_000_000 / TICKS_PER_SECOND;

/* Fields of /proc/<pid>/stat, counted from the one behind the command's name. */
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
/* Of children that have ended and were waited for, and of theirs. */
const ENDED_USER_TICKS = 13;
const ENDED_SYSTEM_TICKS = 14;
const OWN_TICKS = [USER_TICKS, SYSTEM_TICKS];
const ENDED_TICKS = [ENDED_USER_TICKS, ENDED_SYSTEM_TICKS];

/** Written to /proc/<pid>/clear_refs, it resets a process's peak of resident memory. */
const CLEAR_PEAK = '5';
const BYTES_PER_KIB = 1024;

interface ProcessStat {
  parent: number;
  ticks: number;
  /** Those of its children that have ended. */
  endedTicks: number;
}

/**
 * Returns user and system time in microseconds of a process and its descendants, including those that have ended;
 * undefined if the process is gone or the system has no /proc.
 */
export function cpuMicros(pid: number): number | undefined {
  const stats = readStats();
  if (!stats.has(pid)) return undefined;
  const ticks = treeOf(pid, stats).reduce((sum, member) => sum + (stats.get(member)?.ticks ?? 0), 0);
  return ticks * MICROS_PER_TICK;
}

/**
 * Returns user and system time in microseconds of all children of this process that have ended; undefined if the
 * system has no /proc.
 */
export function endedChildrenCpuMicros(): number | undefined {
  const stat = readStat(String(process.pid));
  return stat === undefined ? undefined : stat.endedTicks * MICROS_PER_TICK;
}

/**
 * Returns the sum of the peaks of resident memory of a process and its living descendants. Shared pages count for
 * each of them. Undefined if the process is gone or the system has no /proc.
 */
export function peakBytes(pid: number): number | undefined {
  const peaks = processTree(pid).map(readPeak);
  if (peaks[0] === undefined) return undefined;
  return peaks.reduce<number>((sum, peak) => sum + (peak ?? 0), 0);
}

/** Resets the peaks, if the system allows it. */
export function forgetPeak(pid: number): void {
  for (const member of processTree(pid))
    try {
      writeFileSync(`/proc/${member}/clear_refs`, CLEAR_PEAK);
    } catch {
      // The process has ended, or the file does not exist; then the peak is that of its whole life.
    }
}

/** Lists the process and its descendants, parents first; the process alone if the system has no /proc. */
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

/** Undefined if the process has ended in the meantime. */
function readStat(pid: string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name is in parentheses, and may contain parentheses itself.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const sumOf = (ticks: readonly number[]) => ticks.reduce((sum, field) => sum + Number(fields[field]), 0);
    const endedTicks = sumOf(ENDED_TICKS);
    return { parent: Number(fields[PARENT]), ticks: sumOf(OWN_TICKS) + endedTicks, endedTicks };
  } catch {
    return undefined;
  }
}

/** Undefined if the process has ended or is ending. */
function readPeak(pid: number): number | undefined {
  try {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * BYTES_PER_KIB;
  } catch {
    return undefined;
  }
}
