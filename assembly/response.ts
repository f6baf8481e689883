// Builds a response in the output region from its prepared parts (RFC 9112 4, RFC 9110 6.6.1, 8.6).
//
//   status line and fields │ Date │ Connection, when needed │ framing │ content
//
// Framing is a Content-Length or Transfer-Encoding line, or empty where the status allows no content. The first part is
// prepared, or JavaScript has written it.
//
// Stores write 16 bytes at a time and may reach past the end; the region has slack for them.

import {
  ERROR_LEASE_EXHAUSTED,
  ERROR_NO_PLACE,
  LENGTH_CHUNKED,
  LENGTH_UNTOLD,
  PREPARED_REDIRECT,
} from '../src/memory/codes';
import {
  DATE,
  DATE_LINE_BYTES,
  PREPARED,
  PREPARED_BARE,
  PREPARED_CONTENT,
  PREPARED_CONTENT_BYTES,
  PREPARED_COUNTER,
  PREPARED_ENTRY_BYTES,
  PREPARED_HEAD,
  PREPARED_HEAD_BYTES,
} from '../src/memory/layout';
import { CRLF } from './chars';
import { copy } from './copy';
import { countDigits, writeDecimal } from './number';
import { namesPlace, writeLocation } from './redirect';
import { add } from './state/counter';

const CRLF_CRLF: u32 = 0x0a0d0a0d;
const CONNECTI: i64 = 0x697463656e6e6f43;

/**
 * Builds prepared response `index` at `output` and returns the position after it. PREPARED_REDIRECT redirects the request
 * in the record, whose head must still be in the input.
 * @param close add "Connection: close"
 * @param sayPersistent add "Connection: keep-alive", which HTTP/1.0 clients need
 * @param headOnly the request was HEAD, so omit the content but keep its length (RFC 9110 9.3.2)
 */
export function buildPrepared(
  slot: usize,
  index: i32,
  output: usize,
  close: bool,
  sayPersistent: bool,
  headOnly: bool,
): usize {
  if (index == PREPARED_REDIRECT && !namesPlace(slot)) index = -ERROR_NO_PLACE;
  const prepared = slot + PREPARED + index * PREPARED_ENTRY_BYTES;

  const counter = load<u32>(prepared, PREPARED_COUNTER);
  const count = counter == 0 ? 0 : add(counter, 1);
  if (count < 0) return buildPrepared(slot, -ERROR_LEASE_EXHAUSTED, output, close, sayPersistent, headOnly);

  output = copy(output, load<u32>(prepared, PREPARED_HEAD), load<u32>(prepared, PREPARED_HEAD_BYTES));
  if (index == PREPARED_REDIRECT) output = writeLocation(slot, output);
  if (load<u32>(prepared, PREPARED_BARE) != 0)
    return finishHead(slot, output, LENGTH_UNTOLD, close, sayPersistent);

  const number = <u64>count;
  const digits = counter == 0 ? 0 : countDigits(number);
  const textBytes = load<u32>(prepared, PREPARED_CONTENT_BYTES);
  output = finishHead(slot, output, textBytes + digits, close, sayPersistent);
  if (headOnly) return output;

  output = copy(output, load<u32>(prepared, PREPARED_CONTENT), textBytes);
  if (digits != 0) {
    output += digits;
    writeDecimal(output, number);
  }
  return output;
}

/**
 * Builds at `output` the lines that end every head, after its field lines. Returns the position after them.
 * @param length size of the content in bytes, or LENGTH_UNTOLD, or LENGTH_CHUNKED
 */
export function finishHead(slot: usize, output: usize, length: i64, close: bool, sayPersistent: bool): usize {
  output = copy(output, slot + DATE, DATE_LINE_BYTES);
  if (close) output = writeClose(output);
  else if (sayPersistent) output = writeKeepAlive(output);
  if (length >= 0) {
    // "Content-Length: "
    v128.store(output, i64x2(0x2d746e65746e6f43, 0x203a6874676e654c));
    output += 16 + countDigits(<u64>length);
    writeDecimal(output, <u64>length);
    store<u32>(output, CRLF_CRLF);
    return output + 4;
  }
  if (length == LENGTH_CHUNKED) output = writeChunked(output);
  store<u16>(output, CRLF);
  return output + 2;
}

/** Writes "Connection: close" CRLF. */
function writeClose(output: usize): usize {
  v128.store(output, i64x2(CONNECTI, 0x736f6c63203a6e6f));
  store<u32>(output, 0x0a0d65, 16);
  return output + 19;
}

/** Writes "Connection: keep-alive" CRLF. */
function writeKeepAlive(output: usize): usize {
  v128.store(output, i64x2(CONNECTI, 0x7065656b203a6e6f));
  store<u64>(output, 0x0a0d6576696c612d, 16);
  return output + 24;
}

/** Writes "Transfer-Encoding: chunked" CRLF. */
function writeChunked(output: usize): usize {
  v128.store(output, i64x2(0x726566736e617254, 0x6e69646f636e452d));
  v128.store(output, i64x2(0x6b6e756863203a67, 0x0a0d6465), 16);
  return output + 28;
}

/** Writes "HTTP/1.1 100 Continue" and an empty line. */
export function writeContinue(output: usize): usize {
  v128.store(output, i64x2(0x312e312f50545448, 0x6e6f432030303120));
  store<u64>(output, 0x0d0a0d65756e6974, 16);
  store<u8>(output, 0x0a, 24);
  return output + 25;
}
