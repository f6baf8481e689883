// The cases of every table as a client on a socket meets them: the bytes to send, and all responses to expect.

import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import type { ConversationCase, HeadCase } from '../cases/case.ts';
import { chunkSmugglingCases } from '../cases/chunk-smuggling.ts';
import { type ContentCase, contentCases } from '../cases/content.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { injectionCases } from '../cases/injection.ts';
import { oversizedCases } from '../cases/oversized.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { smugglingCases } from '../cases/smuggling.ts';

export interface Exchange {
  name: string;
  /** Latin-1. */
  input: string;
  /** Statuses of the responses that arrive before the client closes its half. */
  statuses: number[];
  /** Indexes of the responses to HEAD. */
  heads: Set<number>;
  /** Whether the server closes, waits for another request, or for the rest of this one. */
  end: 'closed' | 'open' | 'unfinished';
}

export const EXCHANGES: readonly Exchange[] = [
  ...[...requestLineCases, ...fieldCases, ...framingCases].map(ofHead),
  ...contentCases.map(ofContent),
  ...[...smugglingCases, ...chunkSmugglingCases, ...injectionCases, ...oversizedCases].map(ofConversation),
];

function ofHead({ name, input, expected }: HeadCase): Exchange {
  const heads = new Set(/^(\r\n)?HEAD /.test(input) ? [0] : []);
  if (expected === 0) return { name, input, statuses: [], heads, end: 'unfinished' };
  if (typeof expected === 'number')
    return { name, input, statuses: [statusOf(expected)], heads, end: 'closed' };
  const persistent = expected.minor === 0 ? expected.persistent === true : expected.persistent !== false;
  const whole = input + contentFor(input);
  const isHttps = /^\S+ https:/i.test(input);
  return { name, input: whole, statuses: [isHttps ? 421 : 200], heads, end: persistent ? 'open' : 'closed' };
}

/** Returns the content that a valid head announces. */
function contentFor(head: string): string {
  if (/\r\ntransfer-encoding:/i.test(head)) return '0\r\n\r\n';
  return 'x'.repeat(Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0));
}

function ofContent({ name, fields, content, expected }: ContentCase): Exchange {
  const input = `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`;
  const heads = new Set<number>();
  if (expected === 'whole') return { name, input, statuses: [200], heads, end: 'open' };
  if (expected === 'unfinished') return { name, input, statuses: [], heads, end: 'unfinished' };
  return { name, input, statuses: [statusOf(expected)], heads, end: 'closed' };
}

function ofConversation({
  name,
  input,
  taken,
  misdirected,
  refused,
  end,
  heads,
}: ConversationCase): Exchange {
  const statuses: number[] = taken.map((_, i) => (misdirected?.includes(i) ? 421 : 200));
  if (refused !== undefined) statuses.push(refused);
  return {
    name,
    input,
    statuses,
    heads: new Set(heads),
    end: end ?? (refused === undefined ? 'open' : 'closed'),
  };
}

function statusOf(expected: number): number {
  const response = ERROR_RESPONSES.find(({ error }) => error === expected);
  if (response === undefined) throw new RangeError(`no error ${expected}`);
  return response.statusCode;
}
