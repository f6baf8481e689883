// The metrics of the server's process, under the names that all clients of Prometheus use for them.

import { readdirSync } from 'node:fs';
import { cpuUsage, memoryUsage, uptime } from 'node:process';
import { type Family, single } from './families.ts';

/** When the process started, in seconds since 1970. */
const STARTED = Date.now() / 1000 - uptime();
const MICROSECONDS = 1e6;

/** @param descriptorsMax how many files and sockets the process may have open; Infinity if there is no limit */
export function processFamilies(descriptorsMax: number): Family[] {
  const { user, system } = cpuUsage();
  const open = openDescriptors();
  return [
    single(
      'counter',
      'process_cpu_seconds',
      'CPU time of the process, all threads together',
      (user + system) / MICROSECONDS,
    ),
    single(
      'gauge',
      'process_resident_memory_bytes',
      'Memory of the process that is in RAM',
      memoryUsage.rss(),
    ),
    single('gauge', 'process_start_time_seconds', 'When the process started, since 1970', STARTED),
    ...(open === undefined
      ? []
      : [single('gauge', 'process_open_fds', 'Files and sockets that the process has open', open)]),
    single('gauge', 'process_max_fds', 'Files and sockets that the process may have open', descriptorsMax),
  ];
}

/** Counts the open files and sockets; undefined where the system does not list them. */
function openDescriptors(): number | undefined {
  try {
    // Reading the folder takes one, too.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
