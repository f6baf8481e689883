// An application without a port, for tests: the same plane, connections, routes and limits as in a server, and a client over
// sockets in memory.

import { hintFor } from '../app/app-keys.ts';
import { appOf, unwrap } from '../app/load.ts';
import type { App, Context, Handler, ServerRequest } from '../app/types.ts';
import { DEVELOPMENT } from '../configuration/environment.ts';
import { Log } from '../connection/log.ts';
import { inThread, type ServerInThread } from '../models/in-thread.ts';
import { nodeEnv } from '../node-env.ts';
import { OptionError } from '../option-kinds.ts';
import { readOptions } from '../read-options.ts';
import type { ServeOptions } from '../serve-options.ts';
import { TIMES } from '../times.ts';
import { type FetchInit, send } from './client.ts';
import { MemorySocket } from './memory-socket.ts';

/** An object with a `fetch`, such as a Hono. */
export interface Fetching {
  fetch(request: ServerRequest, context: Context): Response | Promise<Response>;
}

/** Options that a test without a port can't have. */
const NOT_IN_TESTS = [
  'host',
  'hostname',
  'port',
  'unix',
  'unixMode',
  'tls',
  'http2',
  'redirectHttp',
  'state',
  'redis',
  'lease',
  'admin',
  'adminToken',
  'io',
] as const satisfies readonly (keyof ServeOptions)[];

/** Limits and timeouts of a test, as serve() has them. */
export type TestOptions = Omit<ServeOptions, (typeof NOT_IN_TESTS)[number]>;

/** An application under test. */
export interface TestedApp extends AsyncDisposable {
  /**
   * Sends a request to the application, which has been started by then, and returns its response. A path counts from
   * http://localhost. Redirects are returned, not followed.
   * @throws the error of the application's start(); the reason of `init.signal`; TypeError if the connection ends before
   *   the response
   */
  fetch(input: string | URL | Request, init?: FetchInit): Promise<Response>;
  /** Finishes requests under way, and calls stop() of the application. Named state is forgotten with the last test. */
  close(): Promise<void>;
  /** close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const BASE = 'http://localhost';
const LISTENER = {
  address: { host: 'localhost', port: 80 },
  protocol: 'plain',
  serves: 'public',
} as const;
const FIRST_PORT = 49_152;
const LAST_PORT = 65_535;
/** Longer than any test. */
const LONG_MS = 2 ** 31 - 1;

/**
 * Makes a test of an application that needs no port: `await testApp(app).fetch('/path')`. The application starts with the
 * first request. The process may end without a close().
 * @param app an application, a fetch function, a Hono, or the namespace of a module that exports one of them
 * @throws TypeError if it is none; OptionError for a wrong option
 */
export function testApp(
  app: App | Handler | Fetching | { default: App | Handler | Fetching },
  options: TestOptions = {},
): TestedApp {
  for (const name of NOT_IN_TESTS)
    if (options[name as keyof TestOptions] !== undefined)
      throw new OptionError(`${name} has no meaning in a test without a port: leave it out`);
  const read = readOptions(
    { ...options, io: 'public' },
    { globals: false, dev: nodeEnv() === DEVELOPMENT },
    hintFor,
  );
  const given = appOf(typeof app === 'object' && app !== null ? unwrap(app) : app, 'testApp()');
  const log = new Log(read.log);
  let accept: ((socket: MemorySocket) => void) | undefined;
  let starting: Promise<ServerInThread> | undefined;
  let closing: Promise<void> | undefined;
  let port = FIRST_PORT;

  const start = (): Promise<ServerInThread> =>
    inThread(
      {
        options: read,
        times: TIMES,
        listeners: [LISTENER],
        takePlace: async () => ({ attach: (acceptNext) => (accept = acceptNext as never) }),
        descriptorsMax: Number.POSITIVE_INFINITY,
        note: (text) => log.note(text),
        warn: (text) => log.warn(text),
        passing: true,
      },
      given,
    );

  const tested: TestedApp = {
    async fetch(input, init) {
      if (closing !== undefined) throw new Error('the test of the app is closed: call testApp() again');
      const url = input instanceof Request ? input : new URL(input, BASE);
      const request = new Request(url, withDuplex(init));
      // Nothing else keeps the process alive while it waits for a handler.
      const alive = setInterval(() => {}, LONG_MS);
      try {
        await (starting ??= start());
        const [client, server] = MemorySocket.pair(port);
        port = port === LAST_PORT ? FIRST_PORT : port + 1;
        accept?.(server);
        return await send(request, isSized(input, init), client);
      } finally {
        clearInterval(alive);
      }
    },
    async close() {
      closing ??= (async () => {
        const server = await starting?.catch(() => undefined);
        await server?.drain(read.drainTimeout);
      })();
      await closing;
    },
    [Symbol.asyncDispose]: () => tested.close(),
  };
  return tested;
}

/** The platform wants to be told that a stream is sent before the response arrives. */
function withDuplex(init: FetchInit | undefined): FetchInit {
  return (init?.body === undefined || init.body === null ? init : { duplex: 'half', ...init }) as FetchInit;
}

/** Whether the size of a body is known before it is sent: that of a stream is not. */
function isSized(input: unknown, init: FetchInit | undefined): boolean {
  const body = init?.body;
  if (body === undefined || body === null) return !(input instanceof Request) || input.body === null;
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body));
}
