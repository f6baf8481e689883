/*
 * The layout of named state: what a row of it holds (layout.ts says where the rows are), and its extents. Offsets are
 * relative to the row, the page, the table or the entry that their names begin with. It holds untyped integer constants
 * and imports nothing, so that both compilers read this file. No `/`: it differs between them.
 *
 *   row of a counter, gauge, mutex ──── all in the row
 *   row of a histogram ──▶ an extent of one thread ──▶ an extent of another thread ──▶ ...
 *   row of a limiter ────▶ table of the options in force ──▶ table of the options before ──▶ ...
 *   header ──────────────▶ scratch pages, one a thread; the list of all tables; the values of a snapshot
 */

/* A row. */
/** i64 of a counter: its value, or, when its numbers are leased, a block and how many of its numbers are handed out. */
export const STATE_VALUE = 0;
/** One of KIND_*. Set once, after the name. */
export const STATE_KIND = 8;
/** The lock of KIND_MUTEX and KIND_COUNTER_MUTEX. */
export const STATE_MUTEX = 12;
/** Pointer of the row's first extent, or 0. */
export const STATE_EXTENT = 16;
/** 1: a thread ended while it held the lock, and the next lock holder has not been told yet. */
export const STATE_ABANDONED = 20;
/** The latch (assembly/state/latch.ts) of the thread that makes a table of the limiter. */
export const STATE_LATCH = 24;
/** i64 of a counter: how many numbers were requested while none was leased. */
export const STATE_MISSED = 32;
/** 1: the keeper cannot lease numbers for this counter at the moment. */
export const STATE_LEASE_FAILING = 40;
/** How often a table of the limiter has been removed from its chain. */
export const STATE_CHAIN = 44;
/** The size of the name in bytes, u8, then UTF-8. All bytes are 0 until a thread claims the row. */
export const STATE_NAME = 128;
export const STATE_NAME_BYTES = 112;
/* The leases of a counter, a ring: the lease of `block` is entry `block % LEASE_COUNT`, if the entry names that block. */
export const STATE_LEASES = 256;
export const LEASE_COUNT = 16;
/** In a word with a block and a count of its numbers, the count has so many low bits. */
export const LEASE_USED_BITS = 25;
/** The largest number of numbers in a block. */
export const LEASE_BLOCK_NUMBERS_MAX = 1 << 24;
/** i64: the block plus 1, and the count of its numbers; 0: no lease. Written after the base. */
export const LEASE_BLOCK = 0;
/** i64: the number before the first number of the block. */
export const LEASE_BASE = 8;
export const LEASE_BYTES = 16;
/** How many blocks can be leased ahead. The block in use takes an entry, too, and the end of leasing needs a free one. */
export const LEASE_AHEAD_MAX = LEASE_COUNT - 2;

/* The takes of a limiter, where a counter has leases: several pairs of counts, so that few threads share a cache line. */
export const STATE_TAKES = 256;
export const TAKES_COUNT = 4;
export const TAKES_BYTES = 64;
/** i64 each. */
export const TAKES_ALLOWED = 0;
export const TAKES_REFUSED = 8;

/* An extent of a histogram: the buckets of one thread. */
export const HISTOGRAM_PAGES = 1;
/** Owner number of the thread that records here; 0: a new thread may take the extent over. */
export const HISTOGRAM_OWNER = 0;
/** Pointer of another thread's extent, or 0. */
export const HISTOGRAM_NEXT = 4;
/** 1: minimum and maximum have been set. */
export const HISTOGRAM_USED = 8;
/** f64, as are all that follow. */
export const HISTOGRAM_SUM = 16;
export const HISTOGRAM_MIN = 24;
export const HISTOGRAM_MAX = 32;
export const HISTOGRAM_BUCKETS = 128;
/** The first power of two with buckets. Smaller values are counted in the first bucket, too large ones in the last. */
export const HISTOGRAM_EXPONENT_MIN = -64;
export const HISTOGRAM_EXPONENT_COUNT = 192;
/** Each power of two has 2 ** HISTOGRAM_MANTISSA_BITS buckets. */
export const HISTOGRAM_MANTISSA_BITS = 5;
export const HISTOGRAM_BUCKET_COUNT = HISTOGRAM_EXPONENT_COUNT << HISTOGRAM_MANTISSA_BITS;

/* A scratch page: a thread writes the texts here that it passes to the functions of named state. */
/** Owner number of the thread; 0: a new thread may take the page over. */
export const SCRATCH_OWNER = 0;
/** Pointer of the page that was made before, or 0. */
export const SCRATCH_NEXT = 4;
/** Pointer of the latch that the thread takes or has taken last. */
export const SCRATCH_LATCH = 8;
/** Pointers of the limiters' tables that the thread may be reading. No thread may use their memory for other tables. */
export const SCRATCH_TABLE = 12;
export const SCRATCH_TABLE_BEFORE = 16;
/** Owner number of the thread that started this one, when a third thread reports the end of both; or 0. */
export const SCRATCH_PARENT = 20;
export const SCRATCH_TEXT = 64;
/** The rest of the page, except for 16 bytes that a load may read behind a text. */
export const SCRATCH_TEXT_BYTES = 65536 - SCRATCH_TEXT - 16;

/* A latch, i64. The low word is the owner number of the thread that has it, or 0. */
export const LATCH_OWNER = 0;
/** How often a thread has released it. */
export const LATCH_GENERATION = 4;

/* A table of a limiter, an extent: its options, and its buckets. */
export const LIMITER_LIMIT = 0;
/** u32. */
export const LIMITER_WINDOW_MS = 4;
/** The number of buckets, a power of two, minus 1. */
export const LIMITER_BUCKET_MASK = 8;
/** The generation that asked for these options, negative while it is being loaded; 0: from a snapshot, never in force. */
export const LIMITER_GENERATION = 12;
/** i64, by the clock of the limiter. */
export const LIMITER_MADE_MS = 16;
/** Pointer of the table of the options before, or 0. */
export const LIMITER_PREVIOUS = 24;
/** 128 random bits, the seed of the keys' hashes. */
export const LIMITER_SEED = 32;
export const LIMITER_SEED_BYTES = 16;
/** i64: by how many milliseconds the limiter's clock was ahead of the machine's when the table was made. */
export const LIMITER_AHEAD_MS = 48;
/** The number of keys that the options asked for. */
export const LIMITER_KEYS = 64;
/** 0: free; above 0: owner number of the thread that prepares the table; below 0: pointer of the limiter's row, negated. */
export const LIMITER_HOLDER = 68;
/** Pointer of the table that was made before, of any limiter, or 0. No table is ever removed from this list. */
export const LIMITER_NEXT = 72;
/** The size of the table in pages. */
export const LIMITER_PAGES = 76;
export const LIMITER_BUCKETS = 256;

/* A bucket: its latch, and the entries of the keys that belong to it. */
export const BUCKET_LATCH = 0;
export const BUCKET_ENTRIES = 16;
export const BUCKET_ENTRY_COUNT = 15;
export const BUCKET_BYTES = 256;
/** The mean number of keys in a bucket, at most, when a table holds as many keys as its options asked for. */
export const BUCKET_KEYS = 6;
/** i64: the hash of the key; 0: free. */
export const ENTRY_HASH = 0;
/** i64: the moment from which on the whole limit is free again, in units of a millisecond divided by the limit. */
export const ENTRY_TAT = 8;
export const ENTRY_BYTES = 16;
/** The largest limit. The result of limiterTake() has 20 bits for the rest of a limit. */
export const LIMIT_MAX = 1000000;
export const LIMIT_WINDOW_MS_MAX = 2147483648;
export const LIMIT_KEYS_MAX = 16777216;
export const LIMIT_REMAINING_RANGE = 1048576;
/** The last moment of a limiter's clock. Multiplied by the largest limit, plus a window, it fits 63 bits. */
export const LIMIT_NOW_MS_MAX = 8000000000000;
/** The largest number of tables in the chain of a limiter. */
export const LIMITER_TABLES_MAX = 8;
/** The result of limiterOpen() when the same generation has asked for other options. */
export const LIMITER_DISAGREES = 1;

/* The values of a snapshot, an extent: their count, and one entry for each. */
export const SAVED_COUNT = 0;
export const SAVED_ENTRIES = 256;
/** KIND_GAUGE or KIND_LIMITER. */
export const SAVED_KIND = 0;
/** Pointer of a table with the keys of a limiter. */
export const SAVED_TABLE = 4;
/** f64 of a gauge. */
export const SAVED_VALUE = 8;
/** As in a row: the size in bytes, u8, then UTF-8. */
export const SAVED_NAME = 128;
export const SAVED_ENTRY_BYTES = 256;
