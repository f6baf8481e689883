// The access log of a server: its writer, and what its planes need to know of it.

import process from 'node:process';
import type { AccessLogStart } from '../connection/access-log.ts';
import { type AccessLogWriter, writeAccessLog } from '../logs/writer.ts';
import type { ModelStart } from './model.ts';

export interface OpenAccessLog {
  readonly start: AccessLogStart;
  readonly writer: AccessLogWriter;
}

/** Opens the access log, if the options ask for one. @param slotCount of the memory @throws the error of opening the file */
export async function openAccessLog(
  { options, warn }: ModelStart,
  slotCount: number,
): Promise<OpenAccessLog | undefined> {
  const { accessLog: path, logFormat: format, logQuery: query } = options;
  if (path === undefined) return undefined;
  const writer = await writeAccessLog(path, slotCount, warn);
  return { writer, start: { memory: writer.memory, format, query, pid: process.pid } };
}
