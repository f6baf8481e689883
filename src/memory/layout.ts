/*
 * The map of the shared memory: the only place with offsets. It holds untyped integer constants and
 * imports nothing, so that both compilers read this very file. No `/`: it differs between them.
 *
 *  0 ┌────────────────────────────┐
 *    │ constants                  │ AssemblyScript's lookup tables, the same bytes in every instance
 *    ├────────────────────────────┤ HEADER
 *    │ header                     │ version of this map, limits of the running server
 *    ├────────────────────────────┤ STATISTICS
 *    │ statistics                 │ one row a slot, written by its worker alone, read by anyone
 *    ├────────────────────────────┤ STATE
 *    │ named state                │ one row a counter, gauge, mutex, limiter, histogram: its words, its name
 *    ├────────────────────────────┤ SLOTS
 *    │ slot 0  ┌──────────────────┤ a slot belongs to one worker thread
 *    │         │ control          │ what one serve() tells its caller, and how it shall behave
 *    │         │ date             │ the Date line, renewed once a second
 *    │         │ prepared         │ table of prepared responses, then their bytes
 *    │         │ routes           │ which of them answers which path
 *    │         │ events           │ what the last serve() did with each message, for the log
 *    │         │ ░ guard          │
 *    │         │ carry            │ room for the tail of an incomplete request, laid before the next read
 *    │         │ read             │ where the kernel's read lands
 *    │         │ pad              │ what a load of 16 bytes may read past the last byte
 *    │         │ ░ guard          │
 *    │         │ record           │ the one request being parsed
 *    │         │ ░ guard          │
 *    │         │ output 0 .. 7    │ responses; each followed by slack for 16-byte stores, and a guard
 *    │         └──────────────────┤
 *    │ slot 1 ...                 │
 *    ├────────────────────────────┤ where the memory ended at first
 *    │ extents                    │ pages that grow() added for one piece of named state each
 *    └────────────────────────────┘
 */

export const LAYOUT_VERSION = 6;
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
/**
 * 0: counters are this process's own. Else they hand out leased numbers, in blocks of at least 2 to the power of
 * this less 1.
 */
export const HEADER_LEASE_SHIFT = HEADER + 32;
/** Rung, by adding 1 and notify(), when a lease is wanted. */
export const HEADER_LEASE_BELL = HEADER + 36;
/** Pointer of the scratch page that was made last, or 0. */
export const HEADER_SCRATCH = HEADER + 48;
/** Changed, by adding 1 and notify(), when there are leases, or when there will be none for now. */
export const HEADER_LEASE_NEWS = HEADER + 40;
/** One of LEASES_*: whether somebody leases numbers. */
export const HEADER_LEASES = HEADER + 44;
/** Pointer of the values of a snapshot, for the threads that ask for their names, or 0. */
export const HEADER_SAVED = HEADER + 52;
/** How many generations there have been: loads of an application, by the threads that start together. */
export const HEADER_GENERATIONS = HEADER + 64;
/** Pointer of the limiters' table that was made last, or 0. */
export const HEADER_TABLES = HEADER + 68;
/** How often a thread has turned a connection away, since none of its own could make room. */
export const HEADER_ROOM_WANTED = HEADER + 80;
export const HEADER_BYTES = 128;

/** 128 bytes apart: two cache lines, since processors fetch them in pairs. */
export const ROW_BYTES = 128;
export const SLOT_COUNT_MAX = 512;
export const STATISTICS = HEADER + HEADER_BYTES;
/** f64, exact to 2^53. */
export const STATISTICS_REQUESTS = 0;
export const STATISTICS_REFUSED = 8;
export const STATISTICS_ACCEPTED = 16;
export const STATISTICS_OPEN = 24;
export const STATISTICS_BYTES = SLOT_COUNT_MAX * ROW_BYTES;

export const STATE_COUNT_MAX = 256;
export const STATE_ROW_BYTES = 512;
export const STATE = STATISTICS + STATISTICS_BYTES;
export const STATE_BYTES = STATE_COUNT_MAX * STATE_ROW_BYTES;
/** i64 of a counter: its value; when its numbers are leased, the block and how many of it are handed out. */
export const STATE_VALUE = 0;
/** One of KIND_*: what this row is; set once, when its name has been claimed. */
export const STATE_KIND = 8;
/** The lock of KIND_MUTEX and KIND_COUNTER_MUTEX. */
export const STATE_MUTEX = 12;
/** Pointer of the pages of its own, or 0. */
export const STATE_EXTENT = 16;
/** 1: a thread died with the lock, and nobody has been told yet. */
export const STATE_ABANDONED = 20;
/** The hold (assembly/state/hold.ts) of the thread that makes a limiter's table. */
export const STATE_HOLD = 24;
/** i64 of a counter: how many numbers were wanted and not leased. */
export const STATE_MISSED = 32;
/** 1: the keeper is refused numbers for this counter. */
export const STATE_LEASE_FAILING = 40;
/** How often a limiter has had a table taken out of its chain. */
export const STATE_CHAIN = 44;
/** Size in bytes, u8, then UTF-8; all 0 as long as nobody has claimed the row. */
export const STATE_NAME = 128;
export const STATE_NAME_BYTES = 112;
/* Leases of a counter: entry `block % LEASE_COUNT` is that of `block`, when it says so. */
export const STATE_LEASES = 256;
export const LEASE_COUNT = 16;
/** Low bits of a word that holds a block and a count of its numbers. */
export const LEASE_USED_BITS = 25;
/** Numbers that a block has at most. */
export const LEASE_BLOCK_NUMBERS_MAX = 1 << 24;
/** i64: the block plus 1, and how many numbers it has; 0 is none. Written after the base. */
export const LEASE_BLOCK = 0;
/** i64: the number before the block's first. */
export const LEASE_BASE = 8;
export const LEASE_BYTES = 16;
/** Blocks that may be leased ahead: an entry is the last number's, and one is left for the end of leasing. */
export const LEASE_AHEAD_MAX = LEASE_COUNT - 2;

/* The extent of a histogram's row: one thread's buckets, linked to those of the others. */
export const HISTOGRAM_PAGES = 1;
/** Who writes here; 0: the next that comes. */
export const HISTOGRAM_OWNER = 0;
/** Pointer of another thread's extent, or 0. */
export const HISTOGRAM_NEXT = 4;
/** 1: least and greatest have been set. */
export const HISTOGRAM_USED = 8;
/** f64, as are all that follow. */
export const HISTOGRAM_SUM = 16;
export const HISTOGRAM_MIN = 24;
export const HISTOGRAM_MAX = 32;
export const HISTOGRAM_BUCKETS = 128;
/** The first bucket is for all below 2 to the power of this, too; the last one for all from the end on. */
export const HISTOGRAM_EXPONENT_MIN = -64;
export const HISTOGRAM_EXPONENT_COUNT = 192;
/** A power of two has 2 to the power of this buckets. */
export const HISTOGRAM_MANTISSA_BITS = 5;
export const HISTOGRAM_BUCKET_COUNT = HISTOGRAM_EXPONENT_COUNT << HISTOGRAM_MANTISSA_BITS;

/* A scratch page: where one thread lays what it hands to the functions of named state. */
/** Who has the page: the thread's owner number; 0: the next that comes. */
export const SCRATCH_OWNER = 0;
/** Pointer of the page that was made before, or 0. */
export const SCRATCH_NEXT = 4;
/** Pointer of the hold that the thread takes, or took last. */
export const SCRATCH_HOLD = 8;
/** Pointers of the limiters' tables that the thread may be reading: they stay what they are. */
export const SCRATCH_TABLE = 12;
export const SCRATCH_TABLE_BEFORE = 16;
/** The owner number of the thread that started this one and sees its end, if a third thread sees the end of that; or 0. */
export const SCRATCH_PARENT = 20;
export const SCRATCH_TEXT = 64;
/** What is left of the page, but for loads that reach beyond a text's end. */
export const SCRATCH_TEXT_BYTES = PAGE_BYTES - SCRATCH_TEXT - 16;

/* A hold, i64. The low word is the owner number of the thread that has it, or 0. */
export const HOLD_OWNER = 0;
/** How often it has been let go of. */
export const HOLD_GENERATION = 4;

/* A limiter's table, in an extent: what it was made with, and its buckets. */
export const LIMITER_LIMIT = 0;
/** u32. */
export const LIMITER_WINDOW_MS = 4;
/** How many buckets there are, a power of two, less 1. */
export const LIMITER_BUCKET_MASK = 8;
/** The generation whose options these are, negative while that is being loaded; 0: a snapshot's, from which no thread takes. */
export const LIMITER_GENERATION = 12;
/** i64, by the clock of the limiter. */
export const LIMITER_MADE_MS = 16;
/** Pointer of the table of the options before, or 0. */
export const LIMITER_PREVIOUS = 24;
/** 128 random bits that the hash of a key depends on. */
export const LIMITER_SEED = 32;
export const LIMITER_SEED_BYTES = 16;
/** i64: how many milliseconds the clock of the limiter was ahead of the machine's when the table was made. */
export const LIMITER_AHEAD_MS = 48;
/** For how many keys it was asked. */
export const LIMITER_KEYS = 64;
/** Whose it is: 0, nobody's; the owner number of a thread that prepares it; the pointer of a limiter's row, negative. */
export const LIMITER_HOLDER = 68;
/** Pointer of the table that was made before, of whichever limiter, or 0. None is ever unlinked. */
export const LIMITER_NEXT = 72;
/** Its size in pages. */
export const LIMITER_PAGES = 76;
export const LIMITER_BUCKETS = 256;
/* The values of a snapshot, in an extent: how many there are, and one entry for each. */
export const SAVED_COUNT = 0;
export const SAVED_ENTRIES = 256;
/** One of KIND_*. */
export const SAVED_KIND = 0;
/** Pointer of a limiter's table, which was not made with options. */
export const SAVED_TABLE = 4;
/** f64, of a gauge. */
export const SAVED_VALUE = 8;
/** As in a row. */
export const SAVED_NAME = 128;
export const SAVED_ENTRY_BYTES = 256;

/* A bucket: its hold, and the entries of the keys that belong to it. */
export const BUCKET_HOLD = 0;
export const BUCKET_ENTRIES = 16;
export const BUCKET_ENTRY_COUNT = 15;
export const BUCKET_BYTES = 256;
/** How many keys there are to a bucket at most when a table holds as many as it was made for. */
export const BUCKET_KEYS = 6;
/** i64: the key's hash; 0: none. */
export const ENTRY_HASH = 0;
/** i64: from when on nothing of the limit is used, in units of a millisecond divided by the limit. */
export const ENTRY_TAT = 8;
export const ENTRY_BYTES = 16;
/** The largest limit: what is left of it has 20 bits in what a take returns. */
export const LIMIT_MAX = 1000000;
export const LIMIT_WINDOW_MS_MAX = 2147483648;
export const LIMIT_KEYS_MAX = 16777216;
export const LIMIT_REMAINING_RANGE = 1048576;
/** The last moment of any clock: times the largest limit, with a window more, it is within 63 bits. */
export const LIMIT_NOW_MS_MAX = 8000000000000;
/** How many tables a limiter has at most, of the options in force and of those before. */
export const LIMITER_TABLES_MAX = 8;
/** The result of limiterOpen() when the same generation has asked for other options. */
export const LIMITER_DISAGREES = 1;

export const SLOTS = 262144;

/** Written between regions; debug builds and tests check that it stays. */
export const GUARD_BYTES = 64;
export const GUARD_BYTE = 0xa5;

/* Everything below is relative to the start of a slot. */

export const CONTROL = 0;
/** One of VERDICT_*: how the last serve() ended. */
export const CONTROL_VERDICT = CONTROL;
/** Bytes of output that the last serve() or refuse() built. */
export const CONTROL_WRITTEN = CONTROL + 4;
/** The error that the last serve() refused a request for, or 0. */
export const CONTROL_ERROR = CONTROL + 8;
/** 1: the worker drains, so the response to the last request received says that the connection closes. */
export const CONTROL_DRAINING = CONTROL + 12;
/** 1: serve() records an event for each message. */
export const CONTROL_EVENTS = CONTROL + 16;
/** Pointer of this worker's row of statistics. */
export const CONTROL_STATISTICS = CONTROL + 20;
/** Pointer of the head that the last serve() parsed to its end last, or 0. */
export const CONTROL_HEAD = CONTROL + 24;
/** How many requests this connection may still have answered; serve() counts it down and closes at 0. */
export const CONTROL_REQUESTS_LEFT = CONTROL + 28;
/** Index of the prepared response to a request that no route answers, or PREPARED_NONE. */
export const CONTROL_FALLBACK = CONTROL + 32;
/** How many prepared responses have a path. */
export const CONTROL_ROUTE_COUNT = CONTROL + 36;
/** Index of what answers a target in absolute-form with the scheme https. */
export const CONTROL_HTTPS = CONTROL + 40;
/** Number of events that the last serve() recorded. */
export const CONTROL_EVENT_COUNT = CONTROL + 44;
export const CONTROL_BYTES = 64;

export const DATE = CONTROL + CONTROL_BYTES;
/** `Date: Sun, 06 Nov 1994 08:49:37 GMT` and CRLF. */
export const DATE_LINE_BYTES = 37;
/** `Date: ` */
export const DATE_NAME_BYTES = 6;
export const DATE_BYTES = 64;

export const PREPARED_COUNT_MAX = 1024;
export const PREPARED = DATE + DATE_BYTES;
/** The status line and the field lines that never change. */
export const PREPARED_HEAD = 0;
export const PREPARED_HEAD_BYTES = 4;
export const PREPARED_CONTENT = 8;
export const PREPARED_CONTENT_BYTES = 12;
/** Pointer of the counter whose next number follows the content, or 0. */
export const PREPARED_COUNTER = 16;
/** 1: a response without content, whose length nobody tells (RFC 9110 6.4.1, 8.6). */
export const PREPARED_BARE = 20;
/** The path that this response answers, if it has one. */
export const PREPARED_PATH = 24;
export const PREPARED_PATH_BYTES = 28;
/** Index of the next response of the same bucket, or 0. */
export const PREPARED_NEXT = 32;
/** 1: requests on condition are answered with the 304 that stands PREPARED_COUNT_MAX entries behind. */
export const PREPARED_CONDITIONAL = 36;
/** The opaque-tag of its ETag, in its quotes, if it has one. */
export const PREPARED_TAG = 40;
export const PREPARED_TAG_BYTES = 44;
/** f64: its Last-Modified in seconds since 1970, or NaN. */
export const PREPARED_MODIFIED = 48;
export const PREPARED_ENTRY_BYTES = 56;
export const PREPARED_TABLE_BYTES = PREPARED_COUNT_MAX * PREPARED_ENTRY_BYTES * 2;
export const PREPARED_TEXT = PREPARED + PREPARED_TABLE_BYTES;
export const PREPARED_TEXT_BYTES = 262144;
/** Head and content of one prepared response. */
export const PREPARED_RESPONSE_BYTES_MAX = 16384;

/** Index of the first response of each bucket, or 0. A power of two. */
export const ROUTE_BUCKET_COUNT = 256;
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
export const EVENT_BYTES = 32;
export const EVENTS_BYTES = EVENT_COUNT_MAX * EVENT_BYTES;

export const GUARD_BEFORE_INPUT = EVENTS + EVENTS_BYTES;

export const CARRY = GUARD_BEFORE_INPUT + GUARD_BYTES;
export const CARRY_BYTES = 65536;
export const READ = CARRY + CARRY_BYTES;
export const READ_BYTES = 65536;
export const READ_END = READ + READ_BYTES;
/** Loads may reach here when a read fills the region; nobody writes. */
export const READ_PAD_BYTES = 64;

export const GUARD_BEFORE_RECORD = READ_END + READ_PAD_BYTES;

export const RECORD = GUARD_BEFORE_RECORD + GUARD_BYTES;
/** Where parsing goes on: one of STATE_*; 0 between requests. */
export const RECORD_STATE = 0;
/* Positions are relative to the start of the span that is parsed. */
export const RECORD_CURSOR = 4;
export const RECORD_FIELD_COUNT = 8;
/** A set of FLAG_*. */
export const RECORD_FLAGS = 12;
/** One of METHOD_*. */
export const RECORD_METHOD = 16;
export const RECORD_VERSION_MINOR = 20;
/** The whole head's size, an empty line before it included. */
export const RECORD_HEAD_BYTES = 24;
/* Spans: u16 offset, u16 size. */
export const RECORD_METHOD_OFFSET = 28;
export const RECORD_METHOD_BYTES = 30;
export const RECORD_TARGET_OFFSET = 32;
export const RECORD_TARGET_BYTES = 34;
export const RECORD_HOST_OFFSET = 36;
export const RECORD_HOST_BYTES = 38;
/** The name of the field line under way: its start and its colon. */
export const RECORD_NAME_OFFSET = 40;
export const RECORD_COLON_OFFSET = 42;
/** f64; meaningful when FLAG_CONTENT_LENGTH is set. */
export const RECORD_CONTENT_LENGTH = 48;
/** f64: what is left of the content, or of the chunk under way. */
export const RECORD_CONTENT_REMAINING = 56;
/** f64: the sizes of all chunks so far. */
export const RECORD_CONTENT_BYTES = 64;
/** Bytes of chunk extensions so far. */
export const RECORD_EXTENSION_BYTES = 72;
/** Digits of the chunk size under way. */
export const RECORD_CHUNK_SIZE_DIGITS = 76;
/** Bytes of the piece of content that was consumed last; it ends at the cursor. */
export const RECORD_PIECE_BYTES = 80;
/** Index of the prepared response that answers this request, or PREPARED_NONE. */
export const RECORD_PREPARED = 84;
/** The trailer section's size, once it is parsed. */
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

/** All chunk extensions of one message together: nobody has a use for them. */
export const EXTENSION_BYTES_MAX = 4096;
/** Digits of one chunk size: some write leading zeros (RFC 9112 7.1), nobody needs them without end. */
export const CHUNK_SIZE_DIGITS_MAX = 128;

/** A head and the empty line before it must be addressed by u16 and fit the carry region. */
export const HEAD_BYTES_MAX = 65000;

export const GUARD_BEFORE_OUTPUT = RECORD + RECORD_BYTES;

export const OUTPUT_COUNT = 8;
export const OUTPUT = GUARD_BEFORE_OUTPUT + GUARD_BYTES;
export const OUTPUT_BYTES = 65536;
/** Room for the 16-byte stores that may reach past a response's end. */
export const OUTPUT_SLACK_BYTES = 64;
export const OUTPUT_STRIDE = OUTPUT_BYTES + OUTPUT_SLACK_BYTES + GUARD_BYTES;

export const SLOT_USED_BYTES = OUTPUT + OUTPUT_COUNT * OUTPUT_STRIDE;
export const SLOT_BYTES = 1048576;
