/*
 * The map of the shared memory: where each region is, and what the header and the slots hold. The layout of
 * named state, its rows and extents, is in state-layout.ts, that of the figures in figures-layout.ts. No other file has offsets. This one holds untyped integer constants and
 * imports nothing, so that both compilers read it. No `/`: it differs between them.
 *
 *  0 ┌────────────────────────────┐
 *    │ constants                  │ AssemblyScript's lookup tables, the same bytes in every instance
 *    ├────────────────────────────┤ HEADER
 *    │ header                     │ version of this map, limits of the running server
 *    ├────────────────────────────┤ STATISTICS
 *    │ statistics                 │ one row for each slot: its worker writes it, all threads read it
 *    ├────────────────────────────┤ STATE
 *    │ named state                │ one row for each counter, gauge, mutex, limiter, histogram
 *    ├────────────────────────────┤ SLOTS
 *    │ slot 0  ┌──────────────────┤ a slot belongs to one worker thread
 *    │         │ control          │ results of serve(), and settings for it
 *    │         │ date             │ the Date line, renewed once a second
 *    │         │ prepared         │ table of prepared responses, then their bytes
 *    │         │ routes           │ the prepared response of each path
 *    │         │ events           │ what the last serve() did with each message, for the log
 *    │         │ figures          │ what this worker and its predecessors have done, for metrics
 *    │         │ ░ guard          │
 *    │         │ carry            │ the tail of an incomplete request, copied in front of a read
 *    │         │ read             │ the kernel reads into it
 *    │         │ pad              │ a load of 16 bytes may read past the last byte
 *    │         │ ░ guard          │
 *    │         │ record           │ the request that is being parsed
 *    │         │ ░ guard          │
 *    │         │ output 0 .. 7    │ responses; each followed by slack for 16-byte stores, and a guard
 *    │         └──────────────────┤
 *    │ slot 1 ...                 │
 *    ├────────────────────────────┤ the end of the memory when it is made
 *    │ extents                    │ pages that grow() adds for named state
 *    └────────────────────────────┘
 */

export const LAYOUT_VERSION = 8;
export const PAGE_BYTES = 65536;

export const CONSTANTS = 0;
export const CONSTANTS_BYTES = 4096;

export const HEADER = CONSTANTS + CONSTANTS_BYTES;
export const HEADER_VERSION = HEADER;
export const HEADER_SLOT_COUNT = HEADER + 4;
/** Largest head in bytes, from the request line to the empty line. */
export const HEADER_HEAD_BYTES_MAX = HEADER + 8;
export const HEADER_TARGET_BYTES_MAX = HEADER + 12;
export const HEADER_FIELD_COUNT_MAX = HEADER + 16;
/** f64. */
export const HEADER_CONTENT_BYTES_MAX = HEADER + 24;
/** 0: counters count in memory. Otherwise they hand out leased numbers, in blocks of at least 2 ** (this - 1). */
export const HEADER_LEASE_SHIFT = HEADER + 32;
/** A thread that needs leases adds 1 and calls notify(): this wakes the keeper. */
export const HEADER_LEASE_BELL = HEADER + 36;
/** The keeper adds 1 and calls notify() when it has leased numbers, or cannot: this wakes the threads that wait for it. */
export const HEADER_LEASE_NEWS = HEADER + 40;
/** One of LEASES_*: whether a keeper leases numbers. */
export const HEADER_LEASES = HEADER + 44;
/** Pointer of the scratch page that was made last, or 0. */
export const HEADER_SCRATCH = HEADER + 48;
/** Pointer of the values of a snapshot, or 0. A thread that claims a name takes the value of the name from there. */
export const HEADER_SAVED = HEADER + 52;
/** The number of generations so far. The threads that start together are a generation: they load the application anew. */
export const HEADER_GENERATIONS = HEADER + 64;
/** Pointer of the limiters' table that was made last, or 0. */
export const HEADER_TABLES = HEADER + 68;
/** How often a thread has asked the others to close a connection, because none of its own could make room. */
export const HEADER_ROOM_WANTED = HEADER + 80;
/** How many threads have died and been replaced, and how many generations have replaced another. */
export const HEADER_RESTARTS = HEADER + 84;
export const HEADER_RELOADS = HEADER + 88;
/** How often the event loop of a thread has stood still. */
export const HEADER_STALLS = HEADER + 92;
export const HEADER_BYTES = 128;

/** The distance of two rows: two cache lines, since processors fetch them in pairs. */
export const ROW_BYTES = 128;
export const SLOT_COUNT_MAX = 512;
export const STATISTICS = HEADER + HEADER_BYTES;
/** f64, as are the next three: exact up to 2 ** 53. */
export const STATISTICS_REQUESTS = 0;
export const STATISTICS_REFUSED = 8;
export const STATISTICS_ACCEPTED = 16;
export const STATISTICS_OPEN = 24;
export const STATISTICS_BYTES = SLOT_COUNT_MAX * ROW_BYTES;

export const STATE_COUNT_MAX = 256;
export const STATE_ROW_BYTES = 512;
export const STATE = STATISTICS + STATISTICS_BYTES;
export const STATE_BYTES = STATE_COUNT_MAX * STATE_ROW_BYTES;

export const SLOTS = 262144;

/** A guard lies between two regions. The debug build and the tests check that its bytes do not change. */
export const GUARD_BYTES = 64;
export const GUARD_BYTE = 0xa5;

/* All offsets below are relative to the start of a slot. */

export const CONTROL = 0;
/** One of VERDICT_*: how the last serve() ended. */
export const CONTROL_VERDICT = CONTROL;
/** The number of bytes that the last serve() or refuse() built. */
export const CONTROL_WRITTEN = CONTROL + 4;
/** The error that the last serve() or refuse() rejected a request for, or 0. */
export const CONTROL_ERROR = CONTROL + 8;
/** 1: the worker drains. The response to the last request received says that the connection closes. */
export const CONTROL_DRAINING = CONTROL + 12;
/** One of EVENTS_*: whether serve() records an event for each message. */
export const CONTROL_EVENTS = CONTROL + 16;
/** Pointer of this worker's row of statistics. */
export const CONTROL_STATISTICS = CONTROL + 20;
/** Pointer of the head that the last serve() parsed to its end last, or 0. */
export const CONTROL_HEAD = CONTROL + 24;
/** How many more requests of the connection are answered. serve() counts it down; the last response closes. */
export const CONTROL_REQUESTS_LEFT = CONTROL + 28;
/** Index of the prepared response to a request that no route answers, or PREPARED_NONE. */
export const CONTROL_FALLBACK = CONTROL + 32;
/** The number of routes: prepared responses that have a path. */
export const CONTROL_ROUTE_COUNT = CONTROL + 36;
/** Index of the prepared response to a target with the scheme https, or PREPARED_NONE. */
export const CONTROL_HTTPS = CONTROL + 40;
/** Number of events that the last serve() recorded. */
export const CONTROL_EVENT_COUNT = CONTROL + 44;
/** The port of HTTPS that the requests of the connection are redirected to; 0: they are answered. */
export const CONTROL_REDIRECT_PORT = CONTROL + 48;
/** Index of the prepared response to a request that is redirected, or PREPARED_NONE. */
export const CONTROL_REDIRECT = CONTROL + 52;
export const CONTROL_BYTES = 64;

export const DATE = CONTROL + CONTROL_BYTES;
/** The size of `Date: Sun, 06 Nov 1994 08:49:37 GMT` with its CRLF. */
export const DATE_LINE_BYTES = 37;
/** The size of `Date: `. */
export const DATE_NAME_BYTES = 6;
export const DATE_BYTES = 64;

export const PREPARED_COUNT_MAX = 1024;
export const PREPARED = DATE + DATE_BYTES;
/** Pointer of the status line and the constant field lines. */
export const PREPARED_HEAD = 0;
export const PREPARED_HEAD_BYTES = 4;
export const PREPARED_CONTENT = 8;
export const PREPARED_CONTENT_BYTES = 12;
/** Pointer of the counter whose next number is appended to the content, or 0. */
export const PREPARED_COUNTER = 16;
/** 1: the status allows no content, so there is no Content-Length (RFC 9110 6.4.1, 8.6). */
export const PREPARED_BARE = 20;
/** Pointer of the path, if the response has one. */
export const PREPARED_PATH = 24;
export const PREPARED_PATH_BYTES = 28;
/** Index of the next response in the same bucket, or 0. */
export const PREPARED_NEXT = 32;
/** 1: a 304 for conditional requests is in the entry PREPARED_COUNT_MAX places behind this one. */
export const PREPARED_CONDITIONAL = 36;
/** Pointer of the opaque-tag of its ETag with the quotes, if it has one. */
export const PREPARED_TAG = 40;
export const PREPARED_TAG_BYTES = 44;
/** f64: Last-Modified in seconds since 1970, or NaN. */
export const PREPARED_MODIFIED = 48;
/** Pointer of the figures of the route that the response answers (CELLS_OF_ROUTE_BYTES). */
export const PREPARED_CELLS = 56;
export const PREPARED_ENTRY_BYTES = 64;
export const PREPARED_TABLE_BYTES = PREPARED_COUNT_MAX * PREPARED_ENTRY_BYTES * 2;
export const PREPARED_TEXT = PREPARED + PREPARED_TABLE_BYTES;
export const PREPARED_TEXT_BYTES = 262144;
/** The largest size of head and content together. */
export const PREPARED_RESPONSE_BYTES_MAX = 16384;

/** A power of two. */
export const ROUTE_BUCKET_COUNT = 256;
/** One word for each bucket: the index of its first response, or 0. */
export const ROUTES = PREPARED_TEXT + PREPARED_TEXT_BYTES;
export const ROUTES_BYTES = ROUTE_BUCKET_COUNT * 4;

/** Events of one serve(), in order. When no further one fits, serve() returns with VERDICT_AGAIN. */
export const EVENT_COUNT_MAX = 128;
export const EVENTS = ROUTES + ROUTES_BYTES;
/** Pointer of the message's head, or 0 when an earlier serve() parsed it, or when it is not a valid head. */
export const EVENT_HEAD = 0;
/* Spans, as in the record: u16 offset from the head, u16 size. */
export const EVENT_METHOD = 4;
export const EVENT_TARGET = 8;
export const EVENT_VERSION_MINOR = 12;
/** Pointer of the final response, or 0 when this serve() has built none. */
export const EVENT_RESPONSE = 16;
export const EVENT_RESPONSE_BYTES = 20;
/** The error that the message was rejected for, or 0. */
export const EVENT_ERROR = 24;
/** Pointer of the figures of the route that has answered (CELLS_OF_ROUTE_BYTES), if there is a response. */
export const EVENT_CELLS = 28;
export const EVENT_BYTES = 32;
export const EVENTS_BYTES = EVENT_COUNT_MAX * EVENT_BYTES;

/** See figures-layout.ts. */
export const FIGURES = EVENTS + EVENTS_BYTES;
export const FIGURES_BYTES = 79872;

export const GUARD_BEFORE_INPUT = FIGURES + FIGURES_BYTES;

export const CARRY = GUARD_BEFORE_INPUT + GUARD_BYTES;
export const CARRY_BYTES = 65536;
export const READ = CARRY + CARRY_BYTES;
export const READ_BYTES = 65536;
export const READ_END = READ + READ_BYTES;
/** A load of 16 bytes at the end of the read region reads these bytes. They are never written. */
export const READ_PAD_BYTES = 64;

export const GUARD_BEFORE_RECORD = READ_END + READ_PAD_BYTES;

export const RECORD = GUARD_BEFORE_RECORD + GUARD_BYTES;
/** One of STATE_*: where parsing goes on. 0 between requests. */
export const RECORD_STATE = 0;
/* Positions are relative to the start of the span that is parsed. */
export const RECORD_CURSOR = 4;
export const RECORD_FIELD_COUNT = 8;
/** A set of FLAG_*. */
export const RECORD_FLAGS = 12;
/** One of METHOD_*. */
export const RECORD_METHOD = 16;
export const RECORD_VERSION_MINOR = 20;
/** The size of the head, with an empty line before it. */
export const RECORD_HEAD_BYTES = 24;
/* Spans: u16 offset, u16 size. */
export const RECORD_METHOD_OFFSET = 28;
export const RECORD_METHOD_BYTES = 30;
export const RECORD_TARGET_OFFSET = 32;
export const RECORD_TARGET_BYTES = 34;
export const RECORD_HOST_OFFSET = 36;
export const RECORD_HOST_BYTES = 38;
/** The field line that is being parsed: the start of its name, and its colon. */
export const RECORD_NAME_OFFSET = 40;
export const RECORD_COLON_OFFSET = 42;
/** f64. Valid when FLAG_CONTENT_LENGTH is set. */
export const RECORD_CONTENT_LENGTH = 48;
/** f64: how many bytes are missing of the content, or of the current chunk. */
export const RECORD_CONTENT_REMAINING = 56;
/** f64: the size of all chunks so far. */
export const RECORD_CONTENT_BYTES = 64;
/** The size of all chunk extensions so far. */
export const RECORD_EXTENSION_BYTES = 72;
/** The number of digits of the current chunk size so far. */
export const RECORD_CHUNK_SIZE_DIGITS = 76;
/** The size of the piece of content that was consumed last. It ends at the cursor. */
export const RECORD_PIECE_BYTES = 80;
/** Index of the prepared response that answers this request, or PREPARED_NONE. */
export const RECORD_PREPARED = 84;
/** The size of the trailer section, after it has been parsed. */
export const RECORD_TRAILER_BYTES = 88;
export const RECORD_FIXED_BYTES = 96;
export const RECORD_FIELDS = RECORD_FIXED_BYTES;
/* A field: u16 offset and size of its name, u16 offset and size of its value. */
export const FIELD_NAME_OFFSET = 0;
export const FIELD_NAME_BYTES = 2;
export const FIELD_VALUE_OFFSET = 4;
export const FIELD_VALUE_BYTES = 6;
export const FIELD_BYTES = 8;
export const FIELD_COUNT_MAX = 256;
export const RECORD_BYTES = RECORD_FIXED_BYTES + FIELD_COUNT_MAX * FIELD_BYTES;

/** The largest size of all chunk extensions of a message. This server ignores their content. */
export const EXTENSION_BYTES_MAX = 4096;
/** The largest number of digits in a chunk size. RFC 9112 7.1 allows leading zeros; some clients write them. */
export const CHUNK_SIZE_DIGITS_MAX = 128;

/** The largest head. With an empty line before it, it must be addressed by u16 and fit the carry region. */
export const HEAD_BYTES_MAX = 65000;

export const GUARD_BEFORE_OUTPUT = RECORD + RECORD_BYTES;

export const OUTPUT_COUNT = 8;
export const OUTPUT = GUARD_BEFORE_OUTPUT + GUARD_BYTES;
export const OUTPUT_BYTES = 65536;
/** A store of 16 bytes at the end of a response may write these bytes. */
export const OUTPUT_SLACK_BYTES = 64;
export const OUTPUT_STRIDE = OUTPUT_BYTES + OUTPUT_SLACK_BYTES + GUARD_BYTES;

export const SLOT_USED_BYTES = OUTPUT + OUTPUT_COUNT * OUTPUT_STRIDE;
export const SLOT_BYTES = 1179648;
