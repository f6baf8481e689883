/*
 * The small integers that the engines and their callers exchange. Untyped constants and no imports: both compilers read
 * this file, as they do layout.ts.
 */

/* The result of parse(): a cursor (above 0), MORE, or an error (below 0). */
export const MORE = 0;

export const ERROR_METHOD = -1;
export const ERROR_METHOD_SIZE = -2;
export const ERROR_TARGET = -3;
export const ERROR_TARGET_SIZE = -4;
export const ERROR_VERSION = -5;
export const ERROR_VERSION_MAJOR = -6;
export const ERROR_FIELD_NAME = -7;
export const ERROR_FIELD_VALUE = -8;
export const ERROR_FIELD_COUNT = -9;
export const ERROR_HEAD_SIZE = -10;
export const ERROR_HOST = -11;
export const ERROR_CONTENT_LENGTH = -12;
export const ERROR_TRANSFER_CODING = -13;
export const ERROR_FRAMING = -14;
export const ERROR_CONTENT_SIZE = -15;
export const ERROR_CONNECT = -16;
export const ERROR_INCOMPLETE = -17;
export const ERROR_EXPECTATION = -18;
export const ERROR_CHUNK = -19;
export const ERROR_CHUNK_EXTENSION = -20;
export const ERROR_TIMEOUT = -21;
export const ERROR_OVERLOADED = -22;
export const ERROR_HANDLER_TIMEOUT = -23;
export const ERROR_LEASE_EXHAUSTED = -24;
export const ERROR_TRANSFER_ENCODING = -25;
export const ERROR_TLS = -26;
export const ERROR_MISDIRECTED = -27;
/** Plain HTTP on a port of HTTPS. */
export const ERROR_PLAINTEXT = -28;
/** A request that is to be redirected does not say where to. */
export const ERROR_NO_PLACE = -29;

/*
 * The kinds of rows of named state. The kinds of counters differ in how a number is added: by one atomic instruction, under a
 * mutex, without any protection, or within leases.
 */
export const KIND_COUNTER_ATOMIC = 1;
export const KIND_COUNTER_MUTEX = 2;
export const KIND_COUNTER_CARELESS = 3;
export const KIND_COUNTER_LEASED = 4;
export const KIND_GAUGE = 5;
export const KIND_MUTEX = 6;
export const KIND_LIMITER = 7;
export const KIND_HISTOGRAM = 8;

/* The result of trying to acquire a mutex. Above 0 it is the word of the mutex: try again after that has changed. */
/** Another thread has the mutex. */
export const MUTEX_BUSY = 0;
export const MUTEX_ACQUIRED = -1;
/** The thread has acquired the mutex. The lock holder before it ended without releasing it. */
export const MUTEX_ABANDONED = -2;

/* Whether a keeper leases numbers ahead: there is none, it does, or it cannot at the moment. */
export const LEASES_ENDED = 0;
export const LEASES_KEPT = 1;
export const LEASES_FAILING = 2;

/* Indexes of a slot's table of prepared responses. The response to an error is at the negated code of the error. */
export const PREPARED_DEFAULT = 0;
/** The redirect to HTTPS, which gets its Location from the request. Its index is above those of all errors. */
export const PREPARED_REDIRECT = 32;
/** No prepared response: the caller of serve() answers the request. */
export const PREPARED_NONE = -1;

/* How the head of a response frames the content, in the place of a length. */
/** Neither Content-Length nor Transfer-Encoding: the status allows no content, or the close ends the content. */
export const LENGTH_UNTOLD = -1;
export const LENGTH_CHUNKED = -2;

/* Why serve() has returned. */
/** Every complete request has been answered. The rest of the input is the beginning of a request, or empty. */
export const VERDICT_MORE = 0;
/** Output or events are full: write the output, then call serve() again from the cursor. */
export const VERDICT_AGAIN = 1;
/** Write the output, then close: the last response says so. */
export const VERDICT_CLOSE = 2;
/** The caller must answer the request whose head is in the record. Its response follows the output so far. */
export const VERDICT_REQUEST = 3;

/* The part of the message where parsing goes on (RFC 9112 2.1): the head … */
export const STATE_START = 0;
export const STATE_METHOD = 1;
export const STATE_TARGET = 2;
export const STATE_VERSION = 3;
export const STATE_FIELD = 4;
/* … and the content: by length (6.2), or chunked (7.1). */
export const STATE_CONTENT = 5;
export const STATE_CHUNK_SIZE = 6;
export const STATE_CHUNK_SIZE_MORE = 7;
/* In the extensions of a chunk (7.1.1), named by what comes next. */
/** White space, or the semicolon before an extension. */
export const STATE_EXTENSION = 8;
export const STATE_EXTENSION_NAME_START = 9;
export const STATE_EXTENSION_NAME = 10;
/** White space after a name, an equals sign or a semicolon. */
export const STATE_EXTENSION_NAME_END = 11;
export const STATE_EXTENSION_VALUE_START = 12;
export const STATE_EXTENSION_VALUE = 13;
export const STATE_EXTENSION_QUOTED = 14;
export const STATE_EXTENSION_QUOTED_PAIR = 15;
/** The byte after a closing quote. */
export const STATE_EXTENSION_VALUE_END = 16;
export const STATE_CHUNK_SIZE_LF = 17;
export const STATE_CHUNK_DATA = 18;
export const STATE_CHUNK_DATA_CR = 19;
export const STATE_CHUNK_DATA_LF = 20;
export const STATE_TRAILER = 21;

/* The methods that have a number (RFC 9110 9.1, RFC 5789). */
export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;
export const METHOD_POST = 3;
export const METHOD_PUT = 4;
export const METHOD_DELETE = 5;
export const METHOD_OPTIONS = 6;
export const METHOD_PATCH = 7;
export const METHOD_CONNECT = 8;
export const METHOD_TRACE = 9;
/** The longest method that is parsed: no registered method is longer. RFC 9112 3 asks for 501 beyond it. */
export const METHOD_BYTES_MAX = 32;

/* Flags: the fields of a head. */
export const FLAG_HOST = 1;
export const FLAG_HOST_AGAIN = 2;
export const FLAG_CLOSE = 4;
export const FLAG_KEEP_ALIVE = 8;
export const FLAG_CONTENT_LENGTH = 16;
export const FLAG_CONTENT_LENGTH_BAD = 32;
export const FLAG_TRANSFER_ENCODING = 64;
export const FLAG_CHUNKED = 128;
export const FLAG_EXPECT_CONTINUE = 512;
export const FLAG_EXPECT_OTHER = 1024;
/** Transfer-Encoding is malformed, or has a coding after chunked. */
export const FLAG_TRANSFER_ENCODING_BAD = 2048;
/** Transfer-Encoding has a coding other than chunked. */
export const FLAG_CODING_OTHER = 4096;
export const FLAG_IF_NONE_MATCH = 8192;
export const FLAG_IF_MODIFIED_SINCE = 16384;
/** The request has conditions that prepared responses evaluate. */
export const FLAG_CONDITIONAL = FLAG_IF_NONE_MATCH | FLAG_IF_MODIFIED_SINCE;
/** The connection goes on after the response (RFC 9112 9.3). */
export const FLAG_PERSISTENT = 256;
/** The response to the request has said that the connection closes behind the content. */
export const FLAG_LAST = 32768;

/* The lines of If-None-Match (RFC 9110 13.1.2). */
/** An entity tag. */
export const TAGS_SOME = 1;
/** The entity tag of the response. */
export const TAGS_MATCH = 2;
/** The asterisk, without any entity tag. */
export const TAGS_ANY = 4;
export const TAGS_MALFORMED = 8;

/* Whether serve() records events for the log. */
export const EVENTS_NONE = 0;
/** As many as fit the table. */
export const EVENTS_TABLE = 1;
/** One, so that the record and the input still hold its message when it is read. */
export const EVENTS_SINGLY = 2;
