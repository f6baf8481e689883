// What a handler gets to know beside its request.

import type { Access } from '../connection/access.ts';
import type { Exchange } from '../connection/exchange.ts';
import type { Context, ServerView } from './app.ts';
import { clientAddress } from './proxy.ts';

/** What an application is told of where it runs. */
export interface Around extends Access {
  /** Which of the server's threads this is, from 0. */
  readonly worker: number;
  readonly server: ServerView;
}

export class RequestContext implements Context {
  readonly #exchange: Exchange;
  readonly #around: Around;
  #address: string | undefined = undefined;

  constructor(exchange: Exchange, around: Around) {
    this.#exchange = exchange;
    this.#around = around;
  }

  get remoteAddress(): string {
    const exchange = this.#exchange;
    this.#address ??= clientAddress(exchange.head, this.#around, exchange.remoteAddress);
    return this.#address;
  }

  get worker(): number {
    return this.#around.worker;
  }

  get server(): ServerView {
    return this.#around.server;
  }
}
