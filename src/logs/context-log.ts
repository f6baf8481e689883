// The log that handlers get: a child of pino with the id of the request. pino is loaded by the first handler that logs.

import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import process from 'node:process';
import type { Logger, LoggerOptions } from 'pino';

type MakeLogger = (options: LoggerOptions) => Logger;

/** The loggers of this thread, by level and worker. */
const loggers = new Map<string, Logger>();

/** The logs of requests. Most requests have none, so a request has no field for it. */
const logs = new WeakMap<object, Logger>();

/**
 * Returns the log of a request. Its lines are JSON on standard output.
 * @param request any object that stands for the request
 * @param level of pino
 * @param worker index of the thread
 */
export function logOfRequest(request: object, level: string, worker: number, reqId: string): Logger {
  let log = logs.get(request);
  if (log === undefined) {
    log = loggerOfThread(level, worker).child({ reqId });
    logs.set(request, log);
  }
  return log;
}

function loggerOfThread(level: string, worker: number): Logger {
  const key = `${level} ${worker}`;
  let logger = loggers.get(key);
  if (logger === undefined) {
    const pino = createRequire(import.meta.url)('pino') as MakeLogger;
    logger = pino({ level, base: { pid: process.pid, hostname: hostname(), worker } });
    loggers.set(key, logger);
  }
  return logger;
}
