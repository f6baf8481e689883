// How many files and sockets this process may have open.

import { report } from 'node:process';

/** Node has raised it as far as the system lets it; Infinity where the system has no such limit. */
export function descriptorsMax(): number {
  const { userLimits } = report.getReport() as { userLimits?: { open_files: { soft: number | string } } };
  const limit = Number(userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}
