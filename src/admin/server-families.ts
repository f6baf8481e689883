// The metrics of a server, from its statistics.

import { ERROR_RESPONSES } from '../protocol/errors.ts';
import type { ListenerCounts, Statistics, ThreadStatistics } from '../wasm/statistics.ts';
import { addTimes, noTimes, type Times } from '../wasm/times.ts';
import { type Family, family, histogram, type Series, single } from './families.ts';

/** @param urls of the listeners, in the order of their statistics */
export function serverFamilies(statistics: Statistics, urls: readonly string[]): Family[] {
  return [
    ...requestFamilies(statistics),
    ...connectionFamilies(statistics, urls),
    ...threadFamilies(statistics),
  ];
}

function requestFamilies(statistics: Statistics): Family[] {
  const { responses, receivedBytes, sentBytes, requestTimes, handlerTimes } = statistics;
  const refusals = new Map(statistics.refusals.map(({ reason, count }) => [reason, count]));
  return [
    family(
      'counter',
      'hotpath_requests',
      'Requests that were answered, by method, route and class of the status code',
      responses.map(({ count, ...labels }) => ({ labels, value: count })),
    ),
    family(
      'counter',
      'hotpath_refused',
      'Messages that were refused with an error response, by reason',
      // All reasons are there from the beginning, since Prometheus sees no increase from nothing to 1.
      ERROR_RESPONSES.map(({ text }) => ({ labels: { reason: text }, value: refusals.get(text) ?? 0 })),
    ),
    single(
      'counter',
      'hotpath_received_bytes',
      'Bytes read from clients, without those of TLS',
      receivedBytes,
    ),
    single('counter', 'hotpath_sent_bytes', 'Bytes written to clients, without those of TLS', sentBytes),
    histogram('hotpath_request_duration_seconds', 'Time from a parsed request until its response is built', [
      { labels: {}, value: requestTimes },
    ]),
    histogram(
      'hotpath_handler_duration_seconds',
      'Time from a parsed request until the application begins to answer',
      [{ labels: {}, value: handlerTimes }],
    ),
  ];
}

function connectionFamilies({ listeners }: Statistics, urls: readonly string[]): Family[] {
  const of = (figure: keyof ListenerCounts): Series[] =>
    listeners.map((listener, i) => ({ labels: { listener: urls[i] ?? String(i) }, value: listener[figure] }));
  return [
    family('gauge', 'hotpath_connections', 'Connections that are open, by listener', of('open')),
    family(
      'counter',
      'hotpath_accepted_connections',
      'Connections that were accepted, by listener',
      of('accepted'),
    ),
    family(
      'counter',
      'hotpath_dropped_connections',
      'Connections for which there was no room, by listener',
      of('dropped'),
    ),
  ];
}

function threadFamilies({ threads, restarts, reloads, stalls, logLinesDropped }: Statistics): Family[] {
  const workers = byWorker(threads);
  const of = (figure: (worker: Worker) => number): Series[] =>
    workers.map((worker) => ({ labels: { worker: worker.label }, value: figure(worker) }));
  const collections = (figure: 'count' | 'seconds'): Series[] =>
    workers.flatMap(({ label, collections }) =>
      [...collections].map(([kind, sum]) => ({ labels: { worker: label, kind }, value: sum[figure] })),
    );
  return [
    single('gauge', 'hotpath_threads', 'Threads that run', threads.filter(({ live }) => live).length),
    single('counter', 'hotpath_thread_restarts', 'Threads that died and were replaced', restarts),
    single('counter', 'hotpath_reloads', 'Reloads that succeeded', reloads),
    single('counter', 'hotpath_stalls', 'Event loops that stood still for the stall timeout', stalls),
    single(
      'counter',
      'hotpath_log_lines_dropped',
      'Lines of the access log that found no room',
      logLinesDropped,
    ),
    family(
      'counter',
      'hotpath_worker_requests',
      'Requests by worker, with those that were refused later',
      of(({ requests }) => requests),
    ),
    family(
      'gauge',
      'hotpath_worker_connections',
      'Connections that are open, by worker',
      of(({ open }) => open),
    ),
    histogram(
      'hotpath_event_loop_delay_seconds',
      'How late an event loop fired a timer that is due every 250 ms, by worker',
      workers.map(({ label, loopDelays }) => ({ labels: { worker: label }, value: loopDelays })),
    ),
    family(
      'counter',
      'hotpath_event_loop_active_seconds',
      'Time that an event loop ran, by worker: its rate is the utilisation',
      of(({ activeSeconds }) => activeSeconds),
    ),
    family(
      'counter',
      'hotpath_event_loop_idle_seconds',
      'Time that an event loop waited for events, by worker',
      of(({ idleSeconds }) => idleSeconds),
    ),
    family(
      'counter',
      'hotpath_garbage_collections',
      'Garbage collections, by worker and kind',
      collections('count'),
    ),
    family(
      'counter',
      'hotpath_garbage_collection_seconds',
      'Time of garbage collections, by worker and kind',
      collections('seconds'),
    ),
    family(
      'gauge',
      'hotpath_heap_used_bytes',
      'Memory in use in the heap of JavaScript, by worker',
      of(({ heapUsedBytes }) => heapUsedBytes),
    ),
    family(
      'gauge',
      'hotpath_heap_size_bytes',
      'Memory that the heap of JavaScript has taken, by worker',
      of(({ heapTotalBytes }) => heapTotalBytes),
    ),
    family(
      'gauge',
      'hotpath_external_memory_bytes',
      'Memory outside of the heap that objects of JavaScript keep, by worker',
      of(({ externalBytes }) => externalBytes),
    ),
  ];
}

/** The figures of all threads with one index: during a reload two of them run, and they take turns in two slots. */
interface Worker {
  label: string;
  requests: number;
  open: number;
  loopDelays: Times;
  activeSeconds: number;
  idleSeconds: number;
  collections: Map<string, { count: number; seconds: number }>;
  heapUsedBytes: number;
  heapTotalBytes: number;
  externalBytes: number;
}

function byWorker(threads: readonly ThreadStatistics[]): Worker[] {
  const workers = new Map<number, Worker>();
  for (const thread of threads) {
    const sum = workers.get(thread.worker) ?? noWorker(thread.worker);
    workers.set(thread.worker, sum);
    sum.requests += thread.requests;
    sum.open += thread.open;
    addTimes(sum.loopDelays, thread.loopDelays);
    sum.activeSeconds += thread.activeSeconds;
    sum.idleSeconds += thread.idleSeconds;
    for (const { kind, count, seconds } of thread.collections) {
      const before = sum.collections.get(kind) ?? { count: 0, seconds: 0 };
      sum.collections.set(kind, { count: before.count + count, seconds: before.seconds + seconds });
    }
    sum.heapUsedBytes += thread.heapUsedBytes;
    sum.heapTotalBytes += thread.heapTotalBytes;
    sum.externalBytes += thread.externalBytes;
  }
  return [...workers.values()].sort((a, b) => Number(a.label) - Number(b.label));
}

function noWorker(worker: number): Worker {
  return {
    label: String(worker),
    requests: 0,
    open: 0,
    loopDelays: noTimes(),
    activeSeconds: 0,
    idleSeconds: 0,
    collections: new Map(),
    heapUsedBytes: 0,
    heapTotalBytes: 0,
    externalBytes: 0,
  };
}
