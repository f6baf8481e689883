// The tutorial's lines: accepted, received, sent. Off the request's way unless asked for.

export const LOG_LEVELS = ['silent', 'errors', 'start', 'connections', 'requests'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export class Log {
  readonly errors: boolean;
  readonly start: boolean;
  readonly connections: boolean;
  readonly requests: boolean;

  constructor(
    level: LogLevel,
    private readonly print: (line: string) => void = console.log,
    private readonly printError: (...values: unknown[]) => void = console.error,
  ) {
    const verbosity = LOG_LEVELS.indexOf(level);
    this.errors = verbosity >= 1;
    this.start = verbosity >= 2;
    this.connections = verbosity >= 3;
    this.requests = verbosity >= 4;
  }

  /** What happens to the server as a whole. */
  note(text: string): void {
    if (this.start) this.print(text);
  }

  /** What goes wrong with the server as a whole, or is over. */
  warn(text: string): void {
    if (this.errors) this.print(text);
  }

  /** What an application failed with, and nobody told its client. */
  failed(what: string, error: unknown): void {
    if (this.errors) this.printError(`${what}:`, error);
  }

  accepted(peer: string): void {
    if (this.connections) this.print(`Accepted connection from ${peer}`);
  }

  closed(peer: string): void {
    if (this.connections) this.print(`Closed connection from ${peer}`);
  }

  received(requestLine: string, peer: string): void {
    this.print(`Received request from ${peer}: ${requestLine}`);
  }

  refused(reason: string, peer: string): void {
    if (this.requests) this.print(`Refused request from ${peer}: ${reason}`);
  }

  /** @param content undefined when it is not known yet */
  answered(statusCode: number, content: string | Uint8Array | undefined, peer: string): void {
    const what =
      typeof content === 'string'
        ? JSON.stringify(content)
        : content === undefined
          ? 'a stream'
          : `${content.length} bytes`;
    this.print(`Sent response to ${peer}: ${statusCode} ${what}`);
  }

  /** @param response the whole response, Latin-1 */
  sent(response: Uint8Array, peer: string): void {
    const text = Buffer.from(response).toString('latin1');
    const statusCode = text.slice(9, 12);
    const content = text.slice(text.indexOf('\r\n\r\n') + 4);
    this.print(`Sent response to ${peer}: ${statusCode} ${JSON.stringify(content)}`);
  }
}
