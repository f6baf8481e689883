// One data plane in the calling thread, for handlers that are functions of the program, since functions can't be sent to
// another thread.

import process from 'node:process';
import { adviseOnce } from '../app/advice.ts';
import { prepareApp } from '../app/dispatcher.ts';
import { Lifecycle } from '../app/lifecycle.ts';
import { serveRedirects } from '../app/redirector.ts';
import { serverView } from '../app/server-view.ts';
import type { App } from '../app/types.ts';
import type { ListenerOptions } from '../connection/address.ts';
import type { Connections } from '../connection/connections.ts';
import { createConnections, type PlaneStart } from '../connection/create.ts';
import type { Io } from '../connection/endpoint.ts';
import { type Listening, listenAtAll } from '../connection/listener.ts';
import { watchThread } from '../connection/thread-figures.ts';
import { type Kept, keepState } from '../durable/keeper.ts';
import { beginLoad, joinState } from '../state/shared.ts';
import type { Certificates } from '../tls/certificates.ts';
import { SecureContexts } from '../tls/secure-contexts.ts';
import type { TlsSources } from '../tls/sources.ts';
import { readStatistics, type Statistics } from '../wasm/statistics.ts';
import { LATE, within } from '../within.ts';
import { type OpenAccessLog, openAccessLog } from './access-log.ts';
import {
  addTls,
  drainWithin,
  IN_DEVELOPMENT,
  type ModelStart,
  openCertificates,
  preparePlanes,
  type Server,
} from './model.ts';
import { Renewal } from './renewal.ts';

/** The connections of each server in this thread. */
const serving = new Set<Connections>();

/** Runs when the program ends. Without it the system would close the connections as if their responses were complete. */
function destroyAll(): void {
  for (const connections of serving) connections.destroy();
}

function watch(connections: Connections): void {
  // One listener serves all servers, since Node warns of many.
  if (serving.size === 0) process.on('exit', destroyAll);
  serving.add(connections);
}

function forget(connections: Connections): void {
  serving.delete(connections);
  if (serving.size === 0) process.off('exit', destroyAll);
}

export interface ServerInThread extends Server {
  /** Replaces the handlers that answer. */
  swap(app: App): Promise<void>;
}

export async function inThread(start: ModelStart, app: App): Promise<ServerInThread> {
  if (start.options.dev && !start.passing) start.note(IN_DEVELOPMENT);
  const prepared = await preparePlanes(start, 0, 1);
  const certificates = await openCertificates(start);
  const secured = certificates ? await addTls(prepared, certificates, start.options) : prepared;
  const log = await openAccessLog(start, 1);
  const planes = { ...secured, accessLog: log?.start };
  const { state, keep, leave } = joinState(planes);
  let kept: Kept | undefined;
  try {
    kept = await keepState(start.options, state, start.warn);
    const server = new CallingThread(start, planes, kept, certificates, log);
    await server.open(app);
    if (start.passing) server.ended = leave;
    else keep();
    return server;
  } catch (error) {
    certificates?.close();
    await kept?.stop();
    await log?.writer.stop();
    leave();
    throw error;
  }
}

/** The server in the calling thread. */
class CallingThread implements ServerInThread {
  readonly who = 'the calling thread';
  readonly io: Io;
  listeners: ListenerOptions[];
  private readonly connections: Connections;
  private readonly secure: SecureContexts | undefined;
  private readonly renewal: Renewal | undefined;
  private listening: Listening | undefined;
  private life: Lifecycle | undefined;
  private readonly unwatch: () => void;
  private closed = false;
  /** Called when the server has ended. */
  ended: (() => void) | undefined;
  /** Ends of replaced applications that have not yet stopped. */
  private readonly ends = new Set<Promise<void>>();
  /** Settles when the last swap() has. */
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly start: ModelStart,
    private readonly planes: Omit<PlaneStart, 'slot'>,
    private readonly kept: Kept | undefined,
    private readonly certificates: Certificates | undefined,
    private readonly log: OpenAccessLog | undefined,
  ) {
    this.io = planes.io;
    this.listeners = start.listeners;
    this.connections = createConnections({ ...planes, slot: 0 });
    serveRedirects(this.connections.plane, planes.access);
    if (start.passing) this.connections.plane.clock.unref();
    this.unwatch = watchThread(this.connections.plane, 0);
    this.secure = planes.tls && new SecureContexts(planes.tls.material, planes.tls.tickets);
    this.renewal =
      certificates &&
      new Renewal({
        certificates,
        app: undefined,
        apply: async (material) => this.secure?.renew(material),
        note: start.note,
      });
  }

  /** Starts the application, then listens. @throws the error of either, after closing everything */
  async open(app: App): Promise<void> {
    const { connections } = this;
    const { listeners, takePlace } = this.start;
    const { plane } = connections;
    try {
      // Only a server that speaks HTTP/2 loads it.
      if (this.planes.tls?.http2) plane.http2 = (await import('../http2/session.ts')).speakHttp2(plane);
      await this.load(app, async () => {
        this.listening = await listenAtAll(listeners, connections, takePlace, this.io, this.secure);
        this.listeners = this.listening.listeners;
        watch(connections);
      });
    } catch (error) {
      await this.life?.stop('failure', 0);
      this.unwatch();
      connections.stop();
      throw error;
    }
  }

  statistics(): Statistics {
    return readStatistics(this.connections.plane.slot.views, this.listeners.length);
  }

  async renewTls(sources?: TlsSources): Promise<void> {
    await this.renewal?.renew(sources);
  }

  async reopenLogs(): Promise<void> {
    await this.log?.writer.reopen();
  }

  async swap(app: App): Promise<void> {
    const swapped = this.turn.then(() => this.load(app));
    this.turn = swapped.catch(() => {});
    await swapped;
  }

  async drain(timeoutMs: number): Promise<number> {
    const { connections, life } = this;
    this.closed = true;
    this.certificates?.close();
    const endMs = performance.now() + timeoutMs;
    this.listening?.close();
    life?.drain();
    let cut = 0;
    await drainWithin(timeoutMs, connections.drain(), () => {
      cut = connections.destroy();
    });
    forget(connections);
    this.unwatch();
    await Promise.all([life?.stop('stop', endMs - performance.now()), ...this.ends]);
    await this.kept?.stop();
    await this.log?.writer.stop();
    this.ended?.();
    return cut;
  }

  /**
   * Starts an application, then puts its options of named state in force.
   * @param andThen awaited in between: if it fails, the options don't change
   */
  private async load(app: App, andThen: () => Promise<void> = async () => {}): Promise<void> {
    const load = beginLoad();
    try {
      await this.begin(app);
      await andThen();
      load.commit();
    } catch (error) {
      load.abandon();
      throw error;
    }
  }

  /** Starts an application, which answers from then on. */
  private async begin(app: App): Promise<void> {
    const { connections, planes } = this;
    const { plane } = connections;
    const { globals, dev, loadTimeout } = this.start.options;
    const life = new Lifecycle(app, plane.log);
    const server = serverView(
      () => this.listeners,
      life.draining,
      () => this.statistics(),
    );
    const context = { worker: 0, server };
    const platformAnswered = globals || this.start.passing ? undefined : () => adviseOnce(plane.log);
    const showFailure = dev ? (await import('../app/failure-page.ts')).showFailure : undefined;
    const serve = await prepareApp(plane, app, {
      ...context,
      ...planes.access,
      platformAnswered,
      showFailure,
    });
    if ((await within(loadTimeout, life.start(context))) === LATE)
      throw new Error(`start() has not ended after ${loadTimeout} ms: settle it, or raise loadTimeout`);
    if (this.closed) {
      await life.stop('failure', 0);
      throw new Error('the server is closed');
    }
    const before = this.life;
    this.life = life;
    serve();
    if (before !== undefined) this.retire(before);
  }

  /** Ends a replaced application; drain() awaits the end. */
  private retire(life: Lifecycle): void {
    const ended: Promise<void> = endReplaced(life, this.connections, this.start.options.drainTimeout).finally(
      () => this.ends.delete(ended),
    );
    this.ends.add(ended);
  }
}

/** Pause between two checks whether the requests of a replaced application are over. */
const LOOK_MS = 50;

/** Lets an application finish its requests, cuts requests that have not ended at the drain timeout, and stops it. */
async function endReplaced(life: Lifecycle, connections: Connections, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  const { underWay } = connections;
  life.drain();
  while (underWay.some(({ over }) => !over) && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  for (const exchange of underWay) if (!exchange.over) exchange.destroy();
  await life.stop('reload', endMs - performance.now());
}
