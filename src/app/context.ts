// The context that a handler is passed beside its request.

import type { Logger } from 'pino';
import type { Access } from '../connection/access.ts';
import type { Exchange, HttpVersion } from '../connection/exchange.ts';
import type { LogLevel } from '../connection/log.ts';
import { clientAddress, type Scheme } from '../connection/proxy.ts';
import { idsOfThread, passedId } from '../connection/request-ids.ts';
import { logOfRequest } from '../logs/context-log.ts';
import type { TlsConnection } from '../tls/tls-connection.ts';
import { schemeOf } from './authority.ts';
import type { Context, ServerView } from './types.ts';

/** Answers for a handler that has failed, as failure-page.ts does. */
export type ShowFailure = (
  exchange: Exchange,
  fields: string,
  error: unknown,
  answering?: { error: unknown },
) => boolean;

/** Where an application runs: its thread, its server, and who may access it. */
export interface AppEnvironment extends Access {
  /** Index of this thread among the threads of the server, from 0. */
  readonly worker: number;
  readonly server: ServerView;
  /** Called when a handler has answered with a Response of the platform that it made itself. */
  readonly platformAnswered?: (() => void) | undefined;
  /** Answers for failed handlers in development. */
  readonly showFailure?: ShowFailure | undefined;
}

/** The levels of pino for those of the server's log. */
const CONTEXT_LEVELS: Record<LogLevel, string> = {
  silent: 'silent',
  errors: 'warn',
  start: 'info',
  connections: 'debug',
  requests: 'trace',
};

export class RequestContext implements Context {
  readonly #exchange: Exchange;
  readonly #environment: AppEnvironment;
  #address: string | undefined = undefined;

  constructor(exchange: Exchange, environment: AppEnvironment) {
    this.#exchange = exchange;
    this.#environment = environment;
  }

  get remoteAddress(): string {
    const exchange = this.#exchange;
    this.#address ??= clientAddress(exchange.head, this.#environment, exchange.remoteAddress);
    return this.#address;
  }

  get protocol(): Scheme {
    return schemeOf(this.#exchange, this.#environment);
  }

  get httpVersion(): HttpVersion {
    return this.#exchange.httpVersion;
  }

  get tls(): TlsConnection | undefined {
    return this.#exchange.tls;
  }

  get requestId(): string {
    const exchange = this.#exchange;
    exchange.requestId ??= passedId(exchange.head, this.#environment) ?? idsOfThread.nextText();
    return exchange.requestId;
  }

  get log(): Logger {
    const { logLevel = 'errors', worker } = this.#environment;
    return logOfRequest(this.#exchange, CONTEXT_LEVELS[logLevel], worker, this.requestId);
  }

  get worker(): number {
    return this.#environment.worker;
  }

  get server(): ServerView {
    return this.#environment.server;
  }
}
