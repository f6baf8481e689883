// The redirects that a server must send, byte for byte.

import { expect } from 'vitest';
import type { RedirectCase } from '../cases/redirect.ts';
import { readResponses } from './responses.ts';

const NOTE = '308 Permanent Redirect: use https\n';
const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';

/** A redirect at the time of the RFC's example. @param connection the field line, with its CRLF */
export function redirect(location: string, connection = '', content = NOTE): string {
  return `HTTP/1.1 308 Permanent Redirect\r\nContent-Type: text/plain\r\nLocation: ${location}\r\n${DATE}${connection}Content-Length: ${NOTE.length}\r\n\r\n${content}`;
}

/** Compares all bytes that a connection got with those of the case; only status and fields of other responses. */
export function expectRedirects(output: string, expected: RedirectCase): void {
  const { answers, end, heads = [], keepAlive, saysClose = end === 'closed' } = expected;
  const responses = readResponses(output, new Set(heads));
  expect(responses).toHaveLength(answers.length);
  let rest = output;
  for (const [i, answer] of answers.entries()) {
    const closes = saysClose && i === answers.length - 1;
    if (typeof answer === 'number') {
      expect(responses[i]?.statusCode).toBe(answer);
      expect(responses[i]?.fields.get('connection')).toBe(closes ? 'close' : undefined);
      expect(responses[i]?.fields.has('location')).toBe(false);
      const next = rest.indexOf('\nHTTP/1.1 ');
      rest = next < 0 ? '' : rest.slice(next + 1);
    } else {
      const connection = closes ? 'Connection: close\r\n' : keepAlive ? 'Connection: keep-alive\r\n' : '';
      const text = redirect(answer, connection, heads.includes(i) ? '' : NOTE);
      expect(rest.slice(0, text.length)).toBe(text);
      rest = rest.slice(text.length);
    }
  }
  expect(rest).toBe('');
}
