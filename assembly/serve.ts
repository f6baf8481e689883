// The loop over one span of input: parse a request, find its prepared response, consume its content, build the response,
// continue with the next request (RFC 9112 9.3.2). The loop stops at a request without a prepared response.

import {
  FLAG_EXPECT_CONTINUE,
  FLAG_LAST,
  FLAG_PERSISTENT,
  METHOD_HEAD,
  MORE,
  PREPARED_NONE,
  PREPARED_REDIRECT,
  STATE_CONTENT,
  STATE_START,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_MORE,
  VERDICT_REQUEST,
} from '../src/memory/codes';
import {
  CELL_BYTES,
  CELLS_OF_METHOD_BYTES,
  FIGURES_IN_TURN,
  FIGURES_REFUSALS,
} from '../src/memory/figures-layout';
import {
  CONTROL_DRAINING,
  CONTROL_ERROR,
  CONTROL_EVENTS,
  CONTROL_HEAD,
  CONTROL_REDIRECT_PORT,
  CONTROL_REQUESTS_LEFT,
  CONTROL_STATISTICS,
  CONTROL_VERDICT,
  CONTROL_WRITTEN,
  FIGURES,
  HEADER_HEAD_BYTES_MAX,
  OUTPUT,
  OUTPUT_BYTES,
  OUTPUT_STRIDE,
  PREPARED,
  PREPARED_CELLS,
  PREPARED_ENTRY_BYTES,
  PREPARED_RESPONSE_BYTES_MAX,
  RECORD,
  RECORD_FLAGS,
  RECORD_METHOD,
  RECORD_PREPARED,
  RECORD_STATE,
  RECORD_VERSION_MINOR,
  STATISTICS_REFUSED,
  STATISTICS_REQUESTS,
} from '../src/memory/layout';
import { skipContent } from './content';
import { beginEvents, eventsFull, noteHead, noteRejection, noteResponse } from './events';
import { parseHead } from './request';
import { buildPrepared, writeContinue } from './response';
import { findPrepared, findRedirect } from './routes';

/** More bytes than the lines of a response that vary take; of a redirect, without the parts of the request's head. */
const VARYING_BYTES_MAX = 256;
/** Where the status code begins in a status line. */
const STATUS_OFFSET = 9;
const ZERO = 0x30;

/**
 * Answers the requests in [start, end) in order and writes the responses at `output`, a position in an output region.
 * Returns the position after the consumed bytes. The rest is the beginning of a head, of a trailer section, or of content
 * whose request the caller must answer. The control region holds the reason for stopping and the number of bytes written.
 */
export function serveSpan(slot: usize, start: usize, end: usize, output: usize): usize {
  const record = slot + RECORD;
  const draining = load<i32>(slot, CONTROL_DRAINING) != 0;
  const events = load<i32>(slot, CONTROL_EVENTS);
  const answersMax = load<i32>(slot, CONTROL_REQUESTS_LEFT);
  const redirects = load<i32>(slot, CONTROL_REDIRECT_PORT) != 0;
  const outputEnd = regionEnd(slot, output) - responseBytesMax(redirects);
  let position = output;
  let answered = 0;
  let verdict = VERDICT_MORE;

  store<i32>(slot, 0, CONTROL_HEAD);
  store<i32>(slot, 0, CONTROL_ERROR);
  if (events) beginEvents(slot);
  while (start < end) {
    if (position > outputEnd || (events && eventsFull(slot, events))) {
      verdict = VERDICT_AGAIN;
      break;
    }
    let state = load<i32>(record, RECORD_STATE);
    let early = false;
    if (state < STATE_CONTENT) {
      const cursor = parseHead(record, start, end);
      if (cursor == MORE) break;
      if (cursor < 0) {
        position = refuseMessage(slot, cursor, position, events);
        verdict = VERDICT_CLOSE;
        break;
      }
      store<i32>(slot, <i32>start, CONTROL_HEAD);
      if (events) noteHead(slot, record, start);
      const prepared = redirects ? findRedirect(slot, start) : findPrepared(slot, start);
      store<i32>(record, prepared, RECORD_PREPARED);
      start = cursor;
      if (prepared == PREPARED_NONE) {
        answered++;
        verdict = VERDICT_REQUEST;
        break;
      }
      state = load<i32>(record, RECORD_STATE);
      // A redirect names the target, which is gone when the content has arrived.
      early = prepared == PREPARED_REDIRECT && state != STATE_START;
      if (state != STATE_START && !early && start == end && expectsContinue(record))
        position = writeContinue(position);
    }
    if (state != STATE_START && !early) {
      const cursor = skipContent(record, start, end);
      if (cursor < 0) {
        // The request has already been answered, so the server sends no second response.
        if (load<i32>(record, RECORD_PREPARED) == PREPARED_NONE) {
          store<i32>(record, STATE_START, RECORD_STATE);
          store<i32>(slot, cursor, CONTROL_ERROR);
          if (events) noteRejection(slot, cursor);
        } else position = refuseMessage(slot, cursor, position, events);
        verdict = VERDICT_CLOSE;
        break;
      }
      start = cursor;
      if (load<i32>(record, RECORD_STATE) != STATE_START) break;
      if (load<i32>(record, RECORD_PREPARED) == PREPARED_NONE) {
        if (!(load<i32>(record, RECORD_FLAGS) & FLAG_LAST)) continue;
        verdict = VERDICT_CLOSE;
        break;
      }
    }
    answered++;

    const last = answered == answersMax || (draining && start == end);
    // A client that is redirected while it waits for 100 Continue may send the content or not, so the connection closes.
    const abandons = early && expectsContinue(record);
    const close = last || abandons || !(load<i32>(record, RECORD_FLAGS) & FLAG_PERSISTENT);
    const response = position;
    const headOnly = load<i32>(record, RECORD_METHOD) == METHOD_HEAD;
    const sayPersistent = load<i32>(record, RECORD_VERSION_MINOR) == 0;
    const prepared = load<i32>(record, RECORD_PREPARED);
    position = buildPrepared(slot, prepared, position, close, sayPersistent, headOnly);
    tallyResponse(slot, prepared, response);
    if (events) noteResponse(slot, prepared, response, position, 0);
    if (early && !abandons) {
      store<i32>(record, PREPARED_NONE, RECORD_PREPARED);
      if (close) store<i32>(record, load<i32>(record, RECORD_FLAGS) | FLAG_LAST, RECORD_FLAGS);
      continue;
    }
    if (close) {
      verdict = VERDICT_CLOSE;
      break;
    }
  }

  store<i32>(slot, verdict, CONTROL_VERDICT);
  store<i32>(slot, <i32>(position - output), CONTROL_WRITTEN);
  store<i32>(slot, answersMax - answered, CONTROL_REQUESTS_LEFT);
  const statistics = <usize>load<u32>(slot, CONTROL_STATISTICS);
  add(statistics + STATISTICS_REQUESTS, answered);
  add(slot + FIGURES + FIGURES_IN_TURN, verdict == VERDICT_REQUEST ? answered - 1 : answered);
  return start;
}

/** Builds at `output` the response to a message with an error; returns the position after it. */
function refuseMessage(slot: usize, error: i32, output: usize, events: i32): usize {
  const end = refuse(slot, error, output);
  if (events) noteResponse(slot, -error, output, end, error);
  return end;
}

/** Returns the size of the largest response, and of a 100 Continue before it. */
function responseBytesMax(redirects: bool): i32 {
  const parts = redirects
    ? max(PREPARED_RESPONSE_BYTES_MAX, load<i32>(HEADER_HEAD_BYTES_MAX))
    : PREPARED_RESPONSE_BYTES_MAX;
  return parts + VARYING_BYTES_MAX;
}

function regionEnd(slot: usize, output: usize): usize {
  const first = slot + OUTPUT;
  return output - ((output - first) % OUTPUT_STRIDE) + OUTPUT_BYTES;
}

/** Returns whether the client waits for 100 Continue: none of the content has arrived (RFC 9110 10.1.1). */
function expectsContinue(record: usize): bool {
  const expects = load<i32>(record, RECORD_FLAGS) & FLAG_EXPECT_CONTINUE;
  return expects != 0 && load<i32>(record, RECORD_VERSION_MINOR) != 0;
}

/** Builds at `output` the prepared response to an error; returns the position after it. */
export function refuse(slot: usize, error: i32, output: usize): usize {
  const record = slot + RECORD;
  const headOnly = load<i32>(record, RECORD_METHOD) == METHOD_HEAD;
  store<i32>(record, STATE_START, RECORD_STATE);
  store<i32>(slot, error, CONTROL_ERROR);
  add(<usize>load<u32>(slot, CONTROL_STATISTICS) + STATISTICS_REFUSED, 1);
  add(slot + FIGURES + FIGURES_REFUSALS + -error * 8, 1);
  return buildPrepared(slot, -error, output, true, false, headOnly);
}

/** Counts prepared response `prepared`, which has been built at `response`, for the request in the record. */
function tallyResponse(slot: usize, prepared: i32, response: usize): void {
  const cells = <usize>load<u32>(slot + PREPARED + prepared * PREPARED_ENTRY_BYTES, PREPARED_CELLS);
  const method = load<i32>(slot + RECORD, RECORD_METHOD);
  const statusClass = <i32>load<u8>(response, STATUS_OFFSET) - ZERO;
  add(cells + method * CELLS_OF_METHOD_BYTES + statusClass * CELL_BYTES, 1);
}

/** Adds `n` to a figure of this worker. No other worker writes its figures, so the addition is not atomic. */
function add(figure: usize, n: i32): void {
  store<f64>(figure, load<f64>(figure) + n);
}
