// The entry of a worker thread, which takes its slot, loads the application, listens, and serves until it drains.

import process from 'node:process';
import { isMainThread, workerData } from 'node:worker_threads';
import { serveBuiltIn } from '../app/built-in.ts';
import type { Lifecycle } from '../app/lifecycle.ts';
import { serveRedirects } from '../app/redirector.ts';
import type { StopReason } from '../app/types.ts';
import { httpsPort, type ListenerOptions, withPort } from '../connection/address.ts';
import { type AppStart, createConnections } from '../connection/create.ts';
import { endpointOf } from '../connection/endpoint.ts';
import { type ListenAt, type Listener, listen } from '../connection/listener.ts';
import { summaryOf } from '../connection/request-summary.ts';
import { watchThread } from '../connection/thread-figures.ts';
import { setGeneration } from '../state/shared.ts';
import { takeState } from '../state/threads.ts';
import type { TlsMaterial } from '../tls/material.ts';
import { SecureContexts } from '../tls/secure-contexts.ts';
import { readStatistics } from '../wasm/statistics.ts';
import type { FromWorker, ToWorker, WorkerData } from './messages.ts';
import { whileAnswering } from './under-way.ts';

if (isMainThread) throw new Error('worker-main.ts runs only as a worker thread');

const { channel, ...start } = takeData();
takeState(start.state);
const connections = createConnections(start, start.ordinal);
const { plane } = connections;
serveRedirects(plane, start.access);
watchThread(plane, start.ordinal);
const secure = start.tls && new SecureContexts(start.tls.material, start.tls.tickets);
/** Accept connections, by the index of their listener in the server's list. */
const open = new Map<number, Listener>();
/** The listeners of the server; a port is 0 until this thread knows it. */
const listeners = [...start.listeners];
/** Called when the port of HTTPS is known. */
let httpsListens = (): void => {};
/** Resolves at the same time. */
const httpsKnown = new Promise<void>((resolve) => (httpsListens = resolve));
/** The thread listens for every listener. */
let listening = false;
let draining: Promise<void> | undefined;
let life: Lifecycle | undefined;
/** Turns an error during loading into an error of one line. */
let explainLoading: ((error: unknown) => Error) | undefined;
/** Connections that were cut at the drain timeout. */
let cut = 0;
let cutTimer: NodeJS.Timeout | undefined;
/** The time at which the drain timeout ends. */
let drainEndMs = 0;

channel.on('message', (message: ToWorker) => {
  switch (message?.type) {
    case 'listen':
      void attempt(() => listenAt(message.listener, message.at));
      break;
    case 'stop-listening':
      for (const index of message.listeners) open.get(index)?.close();
      tell({ type: 'done' });
      break;
    case 'in-force':
      setGeneration(message.generation);
      break;
    case 'drain':
      drain(message);
      break;
    case 'tls':
      renewTls(message.material);
      break;
    case 'fail':
      throw new Error('told to fail');
  }
});

// An exception that ends the thread is logged once, with its stack. While the application loads, the control plane logs it
// instead.
process.on('uncaughtExceptionMonitor', (error) => {
  // If the application catches it, the thread goes on.
  if (process.listenerCount('uncaughtException') > 0) return;
  if (!listening && explainLoading !== undefined) tellFailure(explainLoading(error));
  else {
    plane.log.failed(`Worker ${start.ordinal} failed${whileAnswering(requestsUnderWay())}`, error);
    tell({ type: 'crashed', told: plane.log.errors });
  }
});
process.on('exit', (code) => tell({ type: 'exiting', code, requests: requestsUnderWay() }));

// Without this the system would close the connections as if their responses were complete.
process.on('exit', () => connections.destroy());

const loaded = attempt(async () => {
  if (start.tls?.http2) plane.http2 = (await import('../http2/session.ts')).speakHttp2(plane);
  if (start.app !== undefined) await load(start.app);
  else serveBuiltIn(plane, start.access);
  tell({ type: 'ready' });
});

/** Takes the data that the thread is started with, so that its application does not find it. */
function takeData(): WorkerData {
  const data = workerData as WorkerData;
  const taken = { ...data };
  for (const name of Object.keys(data)) Reflect.deleteProperty(data, name);
  return taken;
}

/** Loads the application. Its modules are imported here, since a server without an application needs none of them. */
async function load({ file, globals, watch, dev }: AppStart): Promise<void> {
  const { installGlobals } = await import('../app/globals.ts');
  const { prepareApp } = await import('../app/dispatcher.ts');
  const { serverView } = await import('../app/server-view.ts');
  const { loadApp, loadError } = await import('../app/load.ts');
  const { Lifecycle } = await import('../app/lifecycle.ts');
  explainLoading = (error) => loadError(file, error);
  if (globals) installGlobals();
  if (watch)
    (await import('./imports.ts')).reportImports(
      (files) => tell({ type: 'imports', files, atMs: Date.now() }),
      (port) => channel.postMessage({ type: 'loader', port } satisfies FromWorker, [port]),
    );
  // Every thread loads the same module, so only the first one prints what the module prints meanwhile, and warns.
  const unmute = start.first ? () => {} : muteOutput();
  const app = await loadApp(file, (text) => start.first && tell({ type: 'warning', text })).finally(unmute);
  tell({ type: 'imported' });
  const its = new Lifecycle(app, plane.log);
  const server = serverView(
    () => listeners,
    its.draining,
    () => readStatistics(plane.slot.views, listeners.length),
  );
  const worker = start.ordinal;
  const showFailure = dev ? (await import('../app/failure-page.ts')).showFailure : undefined;
  const serve = await prepareApp(plane, app, { worker, server, ...start.access, showFailure });
  try {
    await its.start({ worker, server });
  } catch (error) {
    throw loadError(file, error, 'start() failed in');
  }
  life = its;
  serve();
}

/** Drops all output to standard output. @returns a function that ends this */
function muteOutput(): () => void {
  const { stdout } = process;
  const { write } = stdout;
  let muted = true;
  const writeOrNot = ((chunk: string, ...more: unknown[]) => {
    if (!muted) return write.call(stdout, chunk, ...(more as []));
    const done = more.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  }) as typeof write;
  stdout.write = writeOrNot;
  return () => {
    muted = false;
    // The application may have replaced the function meanwhile.
    if (stdout.write === writeOrNot) Reflect.deleteProperty(stdout, 'write');
  };
}

async function listenAt(index: number, at: ListenAt): Promise<void> {
  const options = listeners[index] as ListenerOptions;
  if (httpsPort(listeners) > 0) httpsListens();
  if (options.serves === 'redirect') await httpsKnown;
  const endpoint = endpointOf(options, start.io, secure, httpsPort(listeners), index);
  const listener = await listen(connections, at, endpoint);
  open.set(index, listener);
  if (draining) {
    listener.close();
    return;
  }
  listeners[index] = withPort(options, listener.port);
  if (httpsPort(listeners) > 0) httpsListens();
  listening ||= open.size === listeners.length;
  tell({ type: 'listening', listener: index, port: listener.port });
}

/** Replaces the certificates, which the control plane has tried. */
function renewTls(material: TlsMaterial): void {
  try {
    secure?.renew(material);
  } catch (error) {
    tell({
      type: 'warning',
      text: `Worker ${start.ordinal} keeps its old certificates: ${(error as Error).message}`,
    });
  }
  tell({ type: 'done' });
}

/** Drains. A stop during a reload drains again; then the timeout of the stop counts. */
function drain({ closeIdle, timeoutMs, reason }: ToWorker & { type: 'drain' }): void {
  tell({ type: 'draining' });
  for (const listener of open.values()) listener.close();
  life?.drain();
  clearTimeout(cutTimer);
  cutTimer = setTimeout(() => {
    cut += connections.destroy();
  }, timeoutMs);
  drainEndMs = performance.now() + timeoutMs;
  const drained = connections.drain({ closeIdle });
  draining ??= end(drained, reason);
}

async function end(drained: Promise<void>, reason: StopReason): Promise<void> {
  // A thread that ends while it reads modules leaves their files open.
  await loaded;
  life?.drain();
  await drained;
  clearTimeout(cutTimer);
  await life?.stop(reason, drainEndMs - performance.now());
  tell({ type: 'drained', cut });
  // Unlike an end from outside, this calls the application's 'exit' handlers.
  process.exit();
}

/** Names the requests that the application has not answered. */
function requestsUnderWay(): string[] {
  return connections.underWay.flatMap(({ head }) => summaryOf(head) ?? []);
}

async function attempt(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    tellFailure(error as Error);
  }
}

function tellFailure({ code = '', message }: NodeJS.ErrnoException): void {
  tell({ type: 'failed', code, message });
}

function tell(message: FromWorker): void {
  channel.postMessage(message);
}
