/*
 * The layout of the figures of one slot (layout.ts says where they are): what its thread has done, for metrics. Only the
 * thread that owns the slot writes them; any thread reads them. The next owner of the slot goes on adding, so
 * totals never go backwards. Offsets are relative to the figures. Untyped integer constants and no imports: both
 * compilers read this file. No `/`: it differs between them.
 */

/* f64 each, if nothing else is said. */
/** Bytes read from clients and written to them, without the overhead of TLS. */
export const FIGURES_RECEIVED_BYTES = 0;
export const FIGURES_SENT_BYTES = 8;
/** Requests that were answered in their turn, and how many of them the request times contain. */
export const FIGURES_IN_TURN = 16;
export const FIGURES_TIMED = 24;
/** i32: the index of the thread in its generation plus 1; 0 if no thread has owned the slot. */
export const FIGURES_WORKER = 32;
/** i32: 1 while a thread owns the slot. */
export const FIGURES_LIVE = 36;
/** Time that the event loop ran, and that it waited, in milliseconds. */
export const FIGURES_ACTIVE_MS = 40;
export const FIGURES_IDLE_MS = 48;
/** Memory of the thread now, in bytes. */
export const FIGURES_HEAP_USED_BYTES = 56;
export const FIGURES_HEAP_TOTAL_BYTES = 64;
export const FIGURES_EXTERNAL_BYTES = 72;
/** i32: the number of route names. */
export const FIGURES_ROUTE_COUNT = 80;
/** i32: counts the ticks of the thread's clock, so that another thread sees whether its event loop turns. */
export const FIGURES_BEAT = 84;

/** Lines of the access log that were dropped because the writer was behind. */
export const FIGURES_LOG_DROPPED = 120;

/** For each kind of garbage collection: how often, and how long in milliseconds. */
export const FIGURES_COLLECTIONS = 128;
export const COLLECTION_KIND_COUNT = 4;
export const COLLECTION_BYTES = 16;
export const COLLECTION_MS = 8;

/* Histograms of times: a count for each bucket, then the sum in milliseconds. */
export const TIME_BUCKET_COUNT_MAX = 30;
export const TIMES_SUM = 240;
export const TIMES_BYTES = 256;
/** Of requests, until the response is built. */
export const FIGURES_REQUEST_TIMES = 256;
/** Of requests that the application answers, until it begins to answer. */
export const FIGURES_HANDLER_TIMES = 512;
/** How late the tick of the clock was. */
export const FIGURES_LOOP_DELAYS = 768;

/** Refused messages by reason: at the negated code of the error. */
export const FIGURES_REFUSALS = 1024;
export const REFUSAL_COUNT_MAX = 64;

/** For each listener: connections accepted, open, and dropped because there was no room. */
export const FIGURES_LISTENERS = 1536;
export const LISTENER_COUNT_MAX = 16;
export const LISTENER_BYTES = 32;
export const LISTENER_ACCEPTED = 0;
export const LISTENER_OPEN = 8;
export const LISTENER_DROPPED = 16;

/** The names of routes, each with its size in bytes, u8, then UTF-8. */
export const FIGURES_ROUTES = 2048;
export const ROUTE_COUNT_MAX = 128;
export const ROUTE_NAME_BYTES = 128;

/** Answered requests by route, method (METHOD_*) and the first digit of the status; 0 if there was no response. */
export const FIGURES_CELLS = 18432;
export const CELL_BYTES = 8;
export const STATUS_CLASS_COUNT = 6;
export const CELLS_OF_METHOD_BYTES = 48;
export const METHOD_COUNT = 10;
export const CELLS_OF_ROUTE_BYTES = 480;
