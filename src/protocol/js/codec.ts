// The JS engine: plain TypeScript over the same memory as the WASM engine, with byte-identical results.
// serve() is the twin of assembly/serve.ts.

import {
  EVENTS_NONE,
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
} from '../../memory/codes.ts';
import {
  CELL_BYTES,
  CELLS_OF_METHOD_BYTES,
  FIGURES_IN_TURN,
  FIGURES_REFUSALS,
} from '../../memory/figures-layout.ts';
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
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import type { Codec, CounterAdd } from '../codec.ts';
import { consumeContent, skipContent } from './content.ts';
import { beginEvents, eventsFull, noteHead, noteRejection, noteResponse } from './events.ts';
import { forgetMethod, parseHead } from './request.ts';
import { buildPrepared, finishHead, writeContinue } from './response.ts';
import { findPrepared, findRedirect } from './routes.ts';

/** More bytes than the lines of a response that vary take; of a redirect, without the parts of the request's head. */
const VARYING_BYTES_MAX = 256;
/** Where the status code begins in a status line. */
const STATUS_OFFSET = 9;
const ZERO = 0x30;

/**
 * Creates the codec of the JS engine.
 * @param slot pointer of the slot that the codec works on
 */
export function createJsCodec(views: Views, slot: number, counterAdd: CounterAdd): Codec {
  const { bytes, words, doubles } = views;
  const record = slot + RECORD;
  const statistics = words[(slot + CONTROL_STATISTICS) >> 2] as number;

  function serve(start: number, end: number, output: number): number {
    const draining = words[(slot + CONTROL_DRAINING) >> 2] !== 0;
    const events = words[(slot + CONTROL_EVENTS) >> 2] as number;
    const answersMax = words[(slot + CONTROL_REQUESTS_LEFT) >> 2] as number;
    const redirects = words[(slot + CONTROL_REDIRECT_PORT) >> 2] !== 0;
    const outputEnd = regionEnd(output) - responseBytesMax(redirects);
    let position = output;
    let answered = 0;
    let verdict = VERDICT_MORE;

    words[(slot + CONTROL_HEAD) >> 2] = 0;
    words[(slot + CONTROL_ERROR) >> 2] = 0;
    if (events !== EVENTS_NONE) beginEvents(views, slot);
    while (start < end) {
      if (position > outputEnd || (events !== EVENTS_NONE && eventsFull(views, slot, events))) {
        verdict = VERDICT_AGAIN;
        break;
      }
      let state = words[(record + RECORD_STATE) >> 2] as number;
      let early = false;
      if (state < STATE_CONTENT) {
        const cursor = parseHead(views, record, start, end);
        if (cursor === MORE) break;
        if (cursor < 0) {
          position = refuseMessage(cursor, position, events);
          verdict = VERDICT_CLOSE;
          break;
        }
        words[(slot + CONTROL_HEAD) >> 2] = start;
        if (events !== EVENTS_NONE) noteHead(views, slot, record, start);
        const prepared = redirects ? findRedirect(views, slot, start) : findPrepared(views, slot, start);
        words[(record + RECORD_PREPARED) >> 2] = prepared;
        start = cursor;
        if (prepared === PREPARED_NONE) {
          answered++;
          verdict = VERDICT_REQUEST;
          break;
        }
        state = words[(record + RECORD_STATE) >> 2] as number;
        // A redirect names the target, which is gone when the content has arrived.
        early = prepared === PREPARED_REDIRECT && state !== STATE_START;
        if (state !== STATE_START && !early && start === end && expectsContinue())
          position = writeContinue(views, position);
      }
      if (state !== STATE_START && !early) {
        const cursor = skipContent(views, record, start, end);
        if (cursor < 0) {
          // The request has already been answered, so the server sends no second response.
          if (words[(record + RECORD_PREPARED) >> 2] === PREPARED_NONE) {
            words[(record + RECORD_STATE) >> 2] = STATE_START;
            words[(slot + CONTROL_ERROR) >> 2] = cursor;
            if (events !== EVENTS_NONE) noteRejection(views, slot, cursor);
          } else position = refuseMessage(cursor, position, events);
          verdict = VERDICT_CLOSE;
          break;
        }
        start = cursor;
        if (words[(record + RECORD_STATE) >> 2] !== STATE_START) break;
        if (words[(record + RECORD_PREPARED) >> 2] === PREPARED_NONE) {
          if (!((words[(record + RECORD_FLAGS) >> 2] as number) & FLAG_LAST)) continue;
          verdict = VERDICT_CLOSE;
          break;
        }
      }
      answered++;

      const flags = words[(record + RECORD_FLAGS) >> 2] as number;
      const last = answered === answersMax || (draining && start === end);
      // A client that is redirected while it waits for 100 Continue may send the content or not, so the connection closes.
      const abandons = early && expectsContinue();
      const close = last || abandons || !(flags & FLAG_PERSISTENT);
      const response = position;
      const headOnly = words[(record + RECORD_METHOD) >> 2] === METHOD_HEAD;
      const sayPersistent = words[(record + RECORD_VERSION_MINOR) >> 2] === 0;
      const prepared = words[(record + RECORD_PREPARED) >> 2] as number;
      position = buildPrepared(views, counterAdd, slot, prepared, position, close, sayPersistent, headOnly);
      tallyResponse(prepared, response);
      if (events !== EVENTS_NONE) noteResponse(views, slot, prepared, response, position, 0);
      if (early && !abandons) {
        words[(record + RECORD_PREPARED) >> 2] = PREPARED_NONE;
        if (close) words[(record + RECORD_FLAGS) >> 2] = flags | FLAG_LAST;
        continue;
      }
      if (close) {
        verdict = VERDICT_CLOSE;
        break;
      }
    }

    words[(slot + CONTROL_VERDICT) >> 2] = verdict;
    words[(slot + CONTROL_WRITTEN) >> 2] = position - output;
    words[(slot + CONTROL_REQUESTS_LEFT) >> 2] = answersMax - answered;
    add(statistics + STATISTICS_REQUESTS, answered);
    add(slot + FIGURES + FIGURES_IN_TURN, verdict === VERDICT_REQUEST ? answered - 1 : answered);
    return start;
  }

  /** Returns the size of the largest response, and of a 100 Continue before it. */
  function responseBytesMax(redirects: boolean): number {
    const headBytesMax = words[HEADER_HEAD_BYTES_MAX >> 2] as number;
    const parts = redirects
      ? Math.max(PREPARED_RESPONSE_BYTES_MAX, headBytesMax)
      : PREPARED_RESPONSE_BYTES_MAX;
    return parts + VARYING_BYTES_MAX;
  }

  function regionEnd(output: number): number {
    return output - ((output - slot - OUTPUT) % OUTPUT_STRIDE) + OUTPUT_BYTES;
  }

  /** Returns whether the client waits for 100 Continue: none of the content has arrived (RFC 9110 10.1.1). */
  function expectsContinue(): boolean {
    const expects = (words[(record + RECORD_FLAGS) >> 2] as number) & FLAG_EXPECT_CONTINUE;
    return expects !== 0 && words[(record + RECORD_VERSION_MINOR) >> 2] !== 0;
  }

  function refuseMessage(error: number, output: number, events: number): number {
    const end = buildRefusal(error, output);
    if (events !== EVENTS_NONE) noteResponse(views, slot, -error, output, end, error);
    return end;
  }

  function buildRefusal(error: number, output: number): number {
    const headOnly = words[(record + RECORD_METHOD) >> 2] === METHOD_HEAD;
    words[(record + RECORD_STATE) >> 2] = STATE_START;
    words[(slot + CONTROL_ERROR) >> 2] = error;
    add(statistics + STATISTICS_REFUSED, 1);
    add(slot + FIGURES + FIGURES_REFUSALS - error * 8, 1);
    return buildPrepared(views, counterAdd, slot, -error, output, true, false, headOnly);
  }

  function tallyResponse(prepared: number, response: number): void {
    const entry = slot + PREPARED + prepared * PREPARED_ENTRY_BYTES;
    const cells = words[(entry + PREPARED_CELLS) >> 2] as number;
    const method = words[(record + RECORD_METHOD) >> 2] as number;
    const statusClass = (bytes[response + STATUS_OFFSET] as number) - ZERO;
    add(cells + method * CELLS_OF_METHOD_BYTES + statusClass * CELL_BYTES, 1);
  }

  function add(figure: number, n: number): void {
    const double = figure >> 3;
    doubles[double] = (doubles[double] as number) + n;
  }

  return {
    parse: (start, end) => parseHead(views, record, start, end),
    serve,
    consume: (start, end) => consumeContent(views, record, start, end),
    answer: (index, output, close, sayPersistent, headOnly) =>
      buildPrepared(views, counterAdd, slot, index, output, close, sayPersistent, headOnly),
    finishHead: (output, length, close, sayPersistent) =>
      finishHead(views, slot, output, length, close, sayPersistent),
    refuse(error, output) {
      forgetMethod(views, record);
      words[(slot + CONTROL_WRITTEN) >> 2] = buildRefusal(error, output) - output;
    },
  };
}
