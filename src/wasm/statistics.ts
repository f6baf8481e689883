// The figures of a server, read from its memory: what all its threads have done so far, those that have ended included.

import {
  CELL_BYTES,
  CELLS_OF_METHOD_BYTES,
  CELLS_OF_ROUTE_BYTES,
  COLLECTION_BYTES,
  COLLECTION_MS,
  FIGURES_ACTIVE_MS,
  FIGURES_CELLS,
  FIGURES_COLLECTIONS,
  FIGURES_EXTERNAL_BYTES,
  FIGURES_HANDLER_TIMES,
  FIGURES_HEAP_TOTAL_BYTES,
  FIGURES_HEAP_USED_BYTES,
  FIGURES_IDLE_MS,
  FIGURES_LISTENERS,
  FIGURES_LIVE,
  FIGURES_LOG_DROPPED,
  FIGURES_LOOP_DELAYS,
  FIGURES_RECEIVED_BYTES,
  FIGURES_REFUSALS,
  FIGURES_REQUEST_TIMES,
  FIGURES_SENT_BYTES,
  FIGURES_WORKER,
  LISTENER_ACCEPTED,
  LISTENER_BYTES,
  LISTENER_COUNT_MAX,
  LISTENER_DROPPED,
  LISTENER_OPEN,
  METHOD_COUNT,
  STATUS_CLASS_COUNT,
} from '../memory/figures-layout.ts';
import {
  FIGURES,
  HEADER_RELOADS,
  HEADER_RESTARTS,
  HEADER_SLOT_COUNT,
  HEADER_STALLS,
  STATISTICS_ACCEPTED,
  STATISTICS_REFUSED,
  STATISTICS_REQUESTS,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';
import { ERROR_RESPONSES } from '../protocol/errors.ts';
import { METHOD_NAMES } from './head.ts';
import { readRoutes } from './route-names.ts';
import { countOpen, openConnections, slotPointer, statisticsPointer } from './statistics-row.ts';
import { addTimes, addTimesAt, noTimes, type Times } from './times.ts';

/** What a server has done so far, over all its threads. Totals never go down while the server process lives. */
export interface Statistics {
  /** Requests whose head was valid. */
  requests: number;
  /** Messages that were refused: malformed, too large, too slow, or more than the server can take. */
  refused: number;
  /** Accepted connections. */
  accepted: number;
  /** Connections that are open now. */
  open: number;
  /** Bytes read from clients and written to them, without the overhead of TLS. */
  receivedBytes: number;
  sentBytes: number;
  /** Answered requests by route, method and status. */
  responses: ResponseCount[];
  refusals: RefusalCount[];
  /** The connections of each listener, in the order of the server's listeners. */
  listeners: ListenerCounts[];
  /** From when a request was parsed until its response was built. */
  requestTimes: Times;
  /** Of requests that the application answers: until it began to answer. */
  handlerTimes: Times;
  threads: ThreadStatistics[];
  /** How many threads have died and been replaced. */
  restarts: number;
  /** How often the event loop of a thread has stood still for the stall timeout. */
  stalls: number;
  reloads: number;
  /** Lines of the access log that were dropped, because its file was full or too slow. */
  logLinesDropped: number;
}

export interface ResponseCount {
  /** The path of the route; `fetch`, `none`, or `other` for routes beyond the 127th. */
  route: string;
  /** `other` for methods beyond the registered ones. */
  method: string;
  /** `none` if the client was gone, or the response was not HTTP. */
  status: StatusClass;
  count: number;
}

export type StatusClass = 'none' | '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

export interface RefusalCount {
  reason: string;
  count: number;
}

export interface ListenerCounts {
  accepted: number;
  open: number;
  /** Connections that got a 503, or were closed, because there was no room for them. */
  dropped: number;
}

/** What one thread has done, or the threads that had its place in the memory before. */
export interface ThreadStatistics {
  /** The place in the memory, which no other thread has at the same time. */
  slot: number;
  /** The index among the threads of the server; with a reload, two threads may have the same for a while. */
  worker: number;
  /** Whether a thread runs there now. */
  live: boolean;
  requests: number;
  open: number;
  /** How late the event loop fired a timer that is due every 250 ms. */
  loopDelays: Times;
  /** Time that the event loop ran and waited, in seconds. */
  activeSeconds: number;
  idleSeconds: number;
  collections: { kind: CollectionKind; count: number; seconds: number }[];
  /** Memory of JavaScript in bytes, as of the last 250 ms; 0 if no thread runs. */
  heapUsedBytes: number;
  heapTotalBytes: number;
  externalBytes: number;
}

/** The kinds of garbage collection, as the figures number them. */
export const COLLECTION_KINDS = ['minor', 'major', 'incremental', 'weakcb'] as const;
export type CollectionKind = (typeof COLLECTION_KINDS)[number];

const STATUS_CLASSES: readonly StatusClass[] = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** Reads the figures of all slots. @param listenerCount how many listeners the server has */
export function readStatistics(views: Views, listenerCount = 1): Statistics {
  const { words, doubles } = views;
  const sum = noStatistics(listenerCount);
  sum.open = countOpen(views);
  sum.restarts = words[HEADER_RESTARTS >> 2] as number;
  sum.stalls = words[HEADER_STALLS >> 2] as number;
  sum.reloads = words[HEADER_RELOADS >> 2] as number;
  const responses = new Map<string, ResponseCount>();
  for (let index = 0; index < (words[HEADER_SLOT_COUNT >> 2] as number); index++) {
    const row = statisticsPointer(index);
    const figures = slotPointer(index) + FIGURES;
    sum.requests += doubles[(row + STATISTICS_REQUESTS) >> 3] as number;
    sum.refused += doubles[(row + STATISTICS_REFUSED) >> 3] as number;
    sum.accepted += doubles[(row + STATISTICS_ACCEPTED) >> 3] as number;
    sum.receivedBytes += doubles[(figures + FIGURES_RECEIVED_BYTES) >> 3] as number;
    sum.sentBytes += doubles[(figures + FIGURES_SENT_BYTES) >> 3] as number;
    sum.logLinesDropped += doubles[(figures + FIGURES_LOG_DROPPED) >> 3] as number;
    addResponses(responses, views, figures);
    sum.refusals.forEach((refusal, i) => {
      const { error } = ERROR_RESPONSES[i] as { error: number };
      refusal.count += doubles[(figures + FIGURES_REFUSALS - error * 8) >> 3] as number;
    });
    sum.listeners.forEach((listener, i) => {
      const at = figures + FIGURES_LISTENERS + i * LISTENER_BYTES;
      listener.accepted += doubles[(at + LISTENER_ACCEPTED) >> 3] as number;
      listener.open += doubles[(at + LISTENER_OPEN) >> 3] as number;
      listener.dropped += doubles[(at + LISTENER_DROPPED) >> 3] as number;
    });
    addTimesAt(sum.requestTimes, doubles, figures + FIGURES_REQUEST_TIMES);
    addTimesAt(sum.handlerTimes, doubles, figures + FIGURES_HANDLER_TIMES);
    if (words[(figures + FIGURES_WORKER) >> 2] !== 0) sum.threads.push(readThread(views, index));
  }
  sum.responses = [...responses.values()];
  sum.refusals = sum.refusals.filter(({ count }) => count > 0);
  return sum;
}

/** Adds up the figures of two servers, or of two parts of one. */
export function addStatistics(one: Statistics, other: Statistics): Statistics {
  const responses = new Map<string, ResponseCount>();
  for (const counted of [...one.responses, ...other.responses]) addResponse(responses, counted);
  const refusals = new Map<string, RefusalCount>();
  for (const { reason, count } of [...one.refusals, ...other.refusals])
    refusals.set(reason, { reason, count: count + (refusals.get(reason)?.count ?? 0) });
  const requestTimes = noTimes();
  const handlerTimes = noTimes();
  for (const part of [one, other]) {
    addTimes(requestTimes, part.requestTimes);
    addTimes(handlerTimes, part.handlerTimes);
  }
  return {
    requests: one.requests + other.requests,
    refused: one.refused + other.refused,
    accepted: one.accepted + other.accepted,
    open: one.open + other.open,
    receivedBytes: one.receivedBytes + other.receivedBytes,
    sentBytes: one.sentBytes + other.sentBytes,
    responses: [...responses.values()],
    refusals: [...refusals.values()],
    listeners: one.listeners.map((listener, i) => addListeners(listener, other.listeners[i])),
    requestTimes,
    handlerTimes,
    threads: [...one.threads, ...other.threads],
    restarts: one.restarts + other.restarts,
    stalls: one.stalls + other.stalls,
    reloads: one.reloads + other.reloads,
    logLinesDropped: one.logLinesDropped + other.logLinesDropped,
  };
}

function noStatistics(listenerCount: number): Statistics {
  return {
    requests: 0,
    refused: 0,
    accepted: 0,
    open: 0,
    receivedBytes: 0,
    sentBytes: 0,
    responses: [],
    refusals: ERROR_RESPONSES.map(({ text }) => ({ reason: text, count: 0 })),
    listeners: Array.from({ length: Math.min(listenerCount, LISTENER_COUNT_MAX) }, () => ({
      accepted: 0,
      open: 0,
      dropped: 0,
    })),
    requestTimes: noTimes(),
    handlerTimes: noTimes(),
    threads: [],
    restarts: 0,
    stalls: 0,
    reloads: 0,
    logLinesDropped: 0,
  };
}

function addListeners(one: ListenerCounts, other: ListenerCounts | undefined): ListenerCounts {
  return {
    accepted: one.accepted + (other?.accepted ?? 0),
    open: one.open + (other?.open ?? 0),
    dropped: one.dropped + (other?.dropped ?? 0),
  };
}

function addResponses(responses: Map<string, ResponseCount>, views: Views, figures: number): void {
  readRoutes(views, figures).forEach((route, index) => {
    const cells = figures + FIGURES_CELLS + index * CELLS_OF_ROUTE_BYTES;
    for (let method = 0; method < METHOD_COUNT; method++)
      for (let status = 0; status < STATUS_CLASS_COUNT; status++) {
        const at = cells + method * CELLS_OF_METHOD_BYTES + status * CELL_BYTES;
        const count = views.doubles[at >> 3] as number;
        if (count > 0)
          addResponse(responses, {
            route,
            method: METHOD_NAMES[method] ?? 'other',
            status: STATUS_CLASSES[status] as StatusClass,
            count,
          });
      }
  });
}

function addResponse(responses: Map<string, ResponseCount>, { count, ...labels }: ResponseCount): void {
  const key = `${labels.method} ${labels.status} ${labels.route}`;
  responses.set(key, { ...labels, count: count + (responses.get(key)?.count ?? 0) });
}

function readThread(views: Views, index: number): ThreadStatistics {
  const { words, doubles } = views;
  const row = statisticsPointer(index);
  const figures = slotPointer(index) + FIGURES;
  const live = words[(figures + FIGURES_LIVE) >> 2] === 1;
  const figure = (offset: number): number => doubles[(figures + offset) >> 3] as number;
  const loopDelays = noTimes();
  addTimesAt(loopDelays, doubles, figures + FIGURES_LOOP_DELAYS);
  return {
    slot: index,
    worker: (words[(figures + FIGURES_WORKER) >> 2] as number) - 1,
    live,
    requests: doubles[(row + STATISTICS_REQUESTS) >> 3] as number,
    open: openConnections(views, index),
    loopDelays,
    activeSeconds: figure(FIGURES_ACTIVE_MS) / 1000,
    idleSeconds: figure(FIGURES_IDLE_MS) / 1000,
    collections: COLLECTION_KINDS.map((kind, i) => ({
      kind,
      count: figure(FIGURES_COLLECTIONS + i * COLLECTION_BYTES),
      seconds: figure(FIGURES_COLLECTIONS + i * COLLECTION_BYTES + COLLECTION_MS) / 1000,
    })),
    heapUsedBytes: live ? figure(FIGURES_HEAP_USED_BYTES) : 0,
    heapTotalBytes: live ? figure(FIGURES_HEAP_TOTAL_BYTES) : 0,
    externalBytes: live ? figure(FIGURES_EXTERNAL_BYTES) : 0,
  };
}
