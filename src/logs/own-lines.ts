// The server's own lines as JSON, with the names of pino: `level`, `time`, `pid`, `hostname`, `msg`, and `err` for an error.

import { hostname } from 'node:os';
import process from 'node:process';

export const LEVEL_INFO = 30;
export const LEVEL_WARN = 40;
export const LEVEL_ERROR = 50;

/** Makes a line, without its end. @param error logged with its stack */
export function jsonLine(level: number, text: string, error?: unknown): string {
  return JSON.stringify({
    level,
    time: Date.now(),
    pid: process.pid,
    hostname: hostname(),
    ...(error !== undefined && { err: describe(error) }),
    msg: text,
  });
}

function describe(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { cause, message, stack } = error;
  return {
    type: error.constructor.name,
    message,
    stack,
    ...(cause !== undefined && { cause: describe(cause) }),
  };
}
