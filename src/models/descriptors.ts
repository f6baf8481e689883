// The limit of open files and sockets of this process.

import { report } from 'node:process';

/** Reads the limit, which Node has raised as far as possible; Infinity if the system has no limit. */
export function descriptorsMax(): number {
  const { userLimits } = report.getReport() as { userLimits?: { open_files: { soft: number | string } } };
  const limit = Number(userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}
