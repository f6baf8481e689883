// Reads the responses of a connection strictly, without knowledge of the server: one response for each accepted
// request, in order, and one response for the rejected request.

import { ERROR_INCOMPLETE } from '../../src/memory/codes.ts';
import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import { readResponses } from '../support/responses.ts';
import { finalText, type Outcome } from './outcome.ts';
import type { Message } from './ways.ts';

const CONDITION = /\r\nif-(none-match|modified-since):/i;
const HTTPS = /^\S+ https:/i;
const CR = 0x0d;
const LF = 0x0a;
const STATUS_CODES = new Map(ERROR_RESPONSES.map(({ error, statusCode }) => [error, statusCode]));
/** Responses that have been read and found correct: most of them are sent again and again. */
const right = new Set<string>();
const RIGHT_MAX = 20_000;

/** Describes the error in the responses to the messages, or returns ''. */
export function wrongAnswers(bytes: Buffer, messages: readonly Message[], outcome: Outcome): string {
  let expected = '';
  let closed = outcome.closed;
  for (const { start, end, whole, error } of messages) {
    const method = start + (bytes[start] === CR && (bytes[start + 1] ?? LF) === LF ? 2 : 0);
    const head = whole ? bytes.toString('latin1', method, end) : '';
    const good = CONDITION.test(head) ? '200|304' : '200';
    // No request of the fuzzer has come by https (RFC 9110 7.4).
    const answered = HTTPS.test(head) ? '421' : good;
    const statusCode = whole ? answered : STATUS_CODES.get(error || ERROR_INCOMPLETE);
    // The bytes hold nothing but an empty line.
    if (!whole && error === 0 && method >= bytes.length) continue;
    if (!whole) closed = true;
    expected +=
      bytes.toString('latin1', method, method + 5) === 'HEAD ' ? `HEAD ${statusCode},` : `${statusCode},`;
  }
  const text = finalText(outcome);
  const key = `${expected}${closed}\n${text}`;
  if (right.has(key)) return '';
  const wrong = readAnswers(text, expected, closed);
  if (wrong !== '') return `answers: ${wrong}`;
  if (right.size === RIGHT_MAX) right.clear();
  right.add(key);
  return '';
}

function readAnswers(text: string, expected: string, closed: boolean): string {
  const wanted = expected.split(',').slice(0, -1);
  const heads = new Set([...wanted.keys()].filter((i) => wanted[i]?.startsWith('HEAD')));
  try {
    const responses = readResponses(text, heads);
    if (responses.length !== wanted.length) return 'not one for each request';
    for (const [i, { statusCode, fields }] of responses.entries()) {
      if (!new RegExp(`\\b${statusCode}\\b`).test(wanted[i] as string))
        return 'not the status of the outcome';
      const says = fields.get('connection') === 'close';
      if (says !== (closed && i === responses.length - 1)) return 'Connection: close in the wrong one';
    }
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
