// The tutorial's lines: accepted, received, sent. A request calls the log only if an option asks for these lines.

import type { LogFormat } from '../logs/formats.ts';
import { jsonLine, LEVEL_ERROR, LEVEL_INFO, LEVEL_WARN } from '../logs/own-lines.ts';
import type { RequestLine } from '../wasm/events.ts';
import type { ResponseEvent } from './response-event.ts';

export const LOG_LEVELS = ['silent', 'errors', 'start', 'connections', 'requests'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The log prints no more of a request-line, or of the first line of a content. */
const PRINTED_LENGTH_MAX = 80;

/** Makes the log of a server. */
export function logOf({ log, logFormat }: { log: LogLevel; logFormat: LogFormat }): Log {
  return new Log(log, undefined, undefined, logFormat);
}

export class Log {
  readonly errors: boolean;
  readonly start: boolean;
  readonly connections: boolean;
  readonly requests: boolean;
  private readonly json: boolean;

  /** @param format combined is a format of requests, so other lines are text */
  constructor(
    level: LogLevel,
    private readonly print: (line: string) => void = console.log,
    private readonly printError: (...values: unknown[]) => void = console.error,
    format: LogFormat = 'text',
  ) {
    this.json = format === 'json';
    const verbosity = LOG_LEVELS.indexOf(level);
    this.errors = verbosity >= 1;
    this.start = verbosity >= 2;
    this.connections = verbosity >= 3;
    this.requests = verbosity >= 4;
  }

  /** Logs an event of the server as a whole. */
  note(text: string): void {
    if (this.start) this.say(text);
  }

  /** Logs a failure of the server as a whole, or the end of a failure. */
  warn(text: string): void {
    if (this.errors) this.say(text, LEVEL_WARN);
  }

  /** Logs an error of an application that its client does not learn about. */
  failed(what: string, error: unknown): void {
    if (!this.errors) return;
    if (this.json) this.printError(jsonLine(LEVEL_ERROR, what, error));
    else this.printError(`${what}:`, error);
  }

  /**
   * Logs a handler timeout.
   * @param request method and path
   * @param begun a part of the response has been sent, so it is cut
   */
  handlerLate(request: string | undefined, begun: boolean): void {
    if (!this.errors) return;
    const how = begun
      ? 'stood still for the handler timeout and was cut'
      : 'did not come within the handler timeout';
    this.say(`The response to ${request ?? 'a request'} ${how}`, LEVEL_WARN);
  }

  accepted(peer: string): void {
    if (this.connections) this.say(`Accepted connection from ${peer}`);
  }

  closed(peer: string): void {
    if (this.connections) this.say(`Closed connection from ${peer}`);
  }

  received({ method, target, versionMinor }: RequestLine, peer: string, version = `1.${versionMinor}`): void {
    const whole = `${method} ${target} HTTP/${version}`;
    const line = whole.slice(0, PRINTED_LENGTH_MAX);
    this.say(`Received request from ${peer}: ${line}${line === whole ? '' : '…'}`);
  }

  refused(reason: string, peer: string): void {
    if (this.requests) this.say(`Refused request from ${peer}: ${reason}`);
  }

  responded({ peer, statusCode, content, complete }: ResponseEvent): void {
    const what =
      typeof content === 'string'
        ? excerpt(content)
        : content === undefined
          ? 'a stream'
          : `${content.length} bytes`;
    this.say(`${complete ? 'Sent response to' : 'Broke off response to'} ${peer}: ${statusCode} ${what}`);
  }

  private say(text: string, level = LEVEL_INFO): void {
    this.print(this.json ? jsonLine(level, text) : text);
  }
}

/** Returns the first line of a content: the rest may be long, and may hold text that belongs into no log. */
function excerpt(content: string): string {
  const start = content.slice(0, PRINTED_LENGTH_MAX);
  const line = start.slice(0, start.indexOf('\n') + 1 || start.length);
  const more = line.length < content.length ? '…' : '';
  return JSON.stringify(line).replace(CONTROLS, escapeUnit) + more;
}

/** Terminals obey these characters, and JSON doesn't escape them. */
const CONTROLS = /[\x7f-\x9f\u2028\u2029]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
