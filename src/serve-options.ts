// The options of serve(). `npm run docs` writes the docstrings of the options from the table in options.ts.

import type { App } from './app/types.ts';
import type { LogLevel } from './connection/log.ts';
import type { IoChoice } from './connection/selftest.ts';
import type { LogFormat } from './logs/formats.ts';
import type { EngineName } from './protocol/codec.ts';
import type { TlsPair } from './tls-options.ts';

/** Options of both kinds of server. Sizes are in bytes, durations in milliseconds. */
export interface ServeOptions {
  /**
   * Address or name to listen on. Use 0.0.0.0 for all IPv4 addresses of the machine, and :: for all of its
   * addresses. Default: 127.0.0.1.
   */
  host?: string | undefined;
  /** The name that Bun has for `host`. */
  hostname?: string | undefined;
  /** Port to listen on; 0 picks a free port. Range: 0 to 65535. Default: 8080. */
  port?: number | string | undefined;
  /** Path of a unix socket to listen on, in place of a TCP port; with port or host, too, on both. */
  unix?: string | undefined;
  /**
   * Mode of the file of unix, such as 0o660 or the text 660; by default the umask decides. Range: 000 to 777,
   * octal.
   */
  unixMode?: number | string | undefined;
  /** Certificate and key: then the server speaks HTTPS. Of several pairs, the host that a client names chooses one. */
  tls?: TlsPair | readonly TlsPair[] | undefined;
  /** Speak HTTP/2, too, with clients that offer it over TLS. Default: false. */
  http2?: boolean | undefined;
  /**
   * Port whose requests are redirected to the same place on HTTPS, by 308. Location names the port on which
   * the server listens for HTTPS. Range: 0 to 65535.
   */
  redirectHttp?: number | undefined;
  /**
   * Replaces the globals Response, Request and fetch by hotpath's own, in the threads that answer. Default:
   * true for the threads of an `app`, false for handlers, which run in the thread of the program.
   */
  globals?: boolean | undefined;
  /**
   * Answer with the stack of an error when a handler fails, for development. Also on if NODE_ENV is
   * development; rejected if it is production. Default: false.
   */
  dev?: boolean | undefined;
  /**
   * Folder that keeps named state, so that counters survive restarts and crashes; for the first server of a
   * process. One server at a time can use a folder.
   */
  state?: string | undefined;
  /**
   * Redis that allocates counter numbers, unique across all servers that use it. Needs the package `redis`.
   */
  redis?: string | undefined;
  /**
   * Smallest block of numbers that a counter leases with state or redis. Range: a power of two, 1 to 1048576.
   * Default: 4096.
   */
  lease?: number | undefined;
  /** Largest head of a request; a larger one gets 431. Bytes: 256 to 65000. Default: 16384. */
  maxHead?: number | undefined;
  /**
   * Longest request target; a longer one gets 414. It must be less than maxHead. The default is at most half
   * of maxHead. Bytes: 16 to 65000. Default: 8192.
   */
  maxTarget?: number | undefined;
  /**
   * Most field lines of a request, and of its trailers; a request with more gets 431. Range: 1 to 256.
   * Default: 100.
   */
  maxFields?: number | undefined;
  /** Largest content of a request; a larger one gets 413. Bytes: 0 to 1099511627776. Default: 1048576. */
  maxBody?: number | undefined;
  /**
   * Open connections of all workers; at the limit a new one replaces the longest idle one, or gets 503. The
   * limit is lower where the system allows fewer open files. Range: 1 to 1000000. Default: 16384.
   */
  maxConnections?: number | undefined;
  /**
   * Open connections of one client address over all workers; the next one gets 503; 0 is no limit. Range: 0
   * to 1000000. Default: 0.
   */
  maxConnectionsPerAddress?: number | undefined;
  /** Requests on one connection; the last response closes it. Range: 1 to 2147483647. Default: 1000000. */
  maxRequests?: number | undefined;
  /**
   * How long a TLS handshake may take; then the connection is cut. Milliseconds: 1 to 86400000. Default:
   * 10000.
   */
  handshakeTimeout?: number | undefined;
  /**
   * How long the head of a request may take to arrive; a later one gets 408. Milliseconds: 1 to 86400000.
   * Default: 10000.
   */
  headTimeout?: number | undefined;
  /** How long a connection stays open between two requests. Milliseconds: 1 to 86400000. Default: 60000. */
  idleTimeout?: number | undefined;
  /**
   * How long a client may send no byte of content; then it gets 408. Milliseconds: 1 to 86400000. Default:
   * 30000.
   */
  bodyTimeout?: number | undefined;
  /**
   * Bytes a second that content must reach on average; a slower client gets 408; 0 accepts any rate. Range: 0
   * to 1000000000. Default: 500.
   */
  bodyRate?: number | undefined;
  /**
   * How long a client may take to read a response; then the connection is cut. A long response has this time
   * for each 64 KiB. Milliseconds: 1 to 86400000. Default: 30000.
   */
  writeTimeout?: number | undefined;
  /**
   * How long a handler may take to answer; then the client gets 503. A stream that gives nothing for this
   * time is cut. Milliseconds: 1 to 86400000. Default: 30000.
   */
  handlerTimeout?: number | undefined;
  /**
   * How long the app may take to load and to run start(); then the start, or the reload, fails. Milliseconds:
   * 1 to 86400000. Default: 30000.
   */
  loadTimeout?: number | undefined;
  /**
   * How long requests under way may take when the server stops or reloads; then they are cut. Milliseconds: 0
   * to 3600000. Default: 10000.
   */
  drainTimeout?: number | undefined;
  /**
   * Number of proxies in front of the server; it trusts as many entries of their field. Range: 0 to 100.
   * Default: 0.
   */
  trustProxy?: number | undefined;
  /**
   * Fields that these proxies write: x-forwarded-for, x-forwarded-for,x-forwarded-proto or forwarded.
   * Default: x-forwarded-for.
   */
  trustProxyField?: string | readonly string[] | undefined;
  /**
   * Hosts that the server answers for, such as example.com,*.example.com,localhost:8080; others get 421. By
   * default the server answers for any host.
   */
  allowedHosts?: string | readonly string[] | undefined;
  /**
   * How much is logged; each level includes those before it. `errors`: what handlers throw. `start`: when the
   * server starts and stops. `connections`, `requests`: a line for each. Default: errors.
   */
  log?: LogLevel | undefined;
  /** Format of log lines; combined is that of nginx and Apache, for requests alone. Default: text. */
  logFormat?: LogFormat | undefined;
  /** File that gets a line for each request; - is standard output. */
  accessLog?: string | undefined;
  /** Log the query of a path, too, which may contain secrets. Default: false. */
  logQuery?: boolean | undefined;
  /**
   * Field in which a trusted proxy passes the id of a request. Without it, or without trustProxy, the server
   * makes an id. Default: x-request-id.
   */
  requestIdField?: string | undefined;
  /**
   * Add the field Server-Timing, with the time that a handler took, to responses of handlers. Default: false.
   */
  serverTiming?: boolean | undefined;
  /**
   * Address for metrics, health checks and named state, such as 127.0.0.1:9090, or the path of a unix socket.
   * An address that other machines reach needs adminToken.
   */
  admin?: string | undefined;
  /** File with the token that requests to admin must carry, as Authorization: Bearer. */
  adminToken?: string | undefined;
  /** Engine that parses requests and builds responses. Default: wasm. */
  engine?: EngineName | undefined;
  /** How sockets are read and written; public uses only documented calls of Node. Default: auto. */
  io?: IoChoice | undefined;
}

/** A server of threads, each of which loads the application. */
export interface ServeAppOptions extends ServeOptions {
  /** Path or URL of the application's module. A relative path counts from the working directory. */
  app: string | URL;
  /**
   * Worker threads; auto starts as many as can run at once, by the CPUs or the CPU quota of a container.
   * Range: auto, or 1 to 256. Default: auto.
   */
  workers?: number | 'auto' | undefined;
  /**
   * How long the event loop of a worker may stand still; then the log has its stack; 0 is never.
   * Milliseconds: 0 to 86400000. Default: 5000.
   */
  stallTimeout?: number | undefined;
  /**
   * Replace a worker whose event loop stands still for stallTimeout; its requests are cut. Default: false.
   */
  replaceStalled?: boolean | undefined;
}

/** A server in the calling thread, with `fetch`, `routes` or both. */
export interface ServeHandlersOptions extends ServeOptions, App {
  app?: undefined;
  /** Belongs to `app`: functions cannot move to other threads. */
  workers?: undefined;
  /** Belongs to `app`: the calling thread can't watch itself. */
  stallTimeout?: undefined;
  replaceStalled?: undefined;
}
