// Builds a response in the output region from its prepared parts; twin of assembly/response.ts.

import {
  ERROR_LEASE_EXHAUSTED,
  ERROR_NO_PLACE,
  LENGTH_CHUNKED,
  LENGTH_UNTOLD,
  PREPARED_REDIRECT,
} from '../../memory/codes.ts';
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
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import type { CounterAdd } from '../codec.ts';
import { copy, write } from './copy.ts';
import { countDigits, writeDecimal } from './number.ts';
import { namesPlace, writeLocation } from './redirect.ts';
import { ascii } from './scanner.ts';

const CONNECTION_CLOSE = ascii('Connection: close\r\n');
const CONNECTION_KEEP_ALIVE = ascii('Connection: keep-alive\r\n');
const CONTINUE = ascii('HTTP/1.1 100 Continue\r\n\r\n');
const CONTENT_LENGTH = ascii('Content-Length: ');
const CHUNKED = ascii('Transfer-Encoding: chunked\r\n');
const CRLF = ascii('\r\n');
const CRLF_CRLF = ascii('\r\n\r\n');

/**
 * Builds prepared response `index` at `output` and returns the position after it. PREPARED_REDIRECT redirects the request
 * in the record, whose head must still be in the input.
 * @param close add "Connection: close"
 * @param sayPersistent add "Connection: keep-alive", which HTTP/1.0 clients need
 * @param headOnly the request was HEAD, so omit the content but keep its length (RFC 9110 9.3.2)
 */
export function buildPrepared(
  views: Views,
  counterAdd: CounterAdd,
  slot: number,
  index: number,
  output: number,
  close: boolean,
  sayPersistent: boolean,
  headOnly: boolean,
): number {
  const { bytes, words } = views;
  if (index === PREPARED_REDIRECT && !namesPlace(views, slot)) index = -ERROR_NO_PLACE;
  const prepared = slot + PREPARED + index * PREPARED_ENTRY_BYTES;
  const head = words[(prepared + PREPARED_HEAD) >> 2] as number;
  const headBytes = words[(prepared + PREPARED_HEAD_BYTES) >> 2] as number;
  const content = words[(prepared + PREPARED_CONTENT) >> 2] as number;
  const contentBytes = words[(prepared + PREPARED_CONTENT_BYTES) >> 2] as number;
  const counter = words[(prepared + PREPARED_COUNTER) >> 2] as number;

  const number = counter === 0 ? 0 : counterAdd(counter, 1);
  if (number < 0)
    return buildPrepared(
      views,
      counterAdd,
      slot,
      -ERROR_LEASE_EXHAUSTED,
      output,
      close,
      sayPersistent,
      headOnly,
    );

  output = copy(bytes, output, head, headBytes);
  if (index === PREPARED_REDIRECT) output = writeLocation(views, slot, output);
  if (words[(prepared + PREPARED_BARE) >> 2] !== 0)
    return finishHead(views, slot, output, LENGTH_UNTOLD, close, sayPersistent);

  const digits = counter === 0 ? 0 : countDigits(number);
  output = finishHead(views, slot, output, contentBytes + digits, close, sayPersistent);
  if (headOnly) return output;

  output = copy(bytes, output, content, contentBytes);
  if (digits !== 0) {
    output += digits;
    writeDecimal(bytes, output, number);
  }
  return output;
}

/**
 * Builds at `output` the lines that end every head, after its field lines. Returns the position after them.
 * @param length size of the content in bytes, or LENGTH_UNTOLD, or LENGTH_CHUNKED
 */
export function finishHead(
  { bytes }: Views,
  slot: number,
  output: number,
  length: number,
  close: boolean,
  sayPersistent: boolean,
): number {
  output = copy(bytes, output, slot + DATE, DATE_LINE_BYTES);
  if (close) output = write(bytes, output, CONNECTION_CLOSE);
  else if (sayPersistent) output = write(bytes, output, CONNECTION_KEEP_ALIVE);
  if (length >= 0) {
    output = write(bytes, output, CONTENT_LENGTH);
    output += countDigits(length);
    writeDecimal(bytes, output, length);
    return write(bytes, output, CRLF_CRLF);
  }
  if (length === LENGTH_CHUNKED) output = write(bytes, output, CHUNKED);
  return write(bytes, output, CRLF);
}

/** Writes "HTTP/1.1 100 Continue" and an empty line. */
export function writeContinue({ bytes }: Views, output: number): number {
  return write(bytes, output, CONTINUE);
}
