// Compares redirects with the requests as text, without knowledge of the server: the place on HTTPS that a request names.

import { ERROR_INCOMPLETE } from '../../src/memory/codes.ts';
import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import { type Response, readResponses } from '../support/responses.ts';
import { finalText, type Outcome } from './outcome.ts';
import { HTTPS_PORT } from './subject.ts';
import type { Message } from './ways.ts';

const STATUS_CODES = new Map(ERROR_RESPONSES.map(({ error, statusCode }) => [error, statusCode]));

/**
 * Describes the error in the responses of a connection that redirects, or returns ''.
 * @param messages as a connection sees them that does not redirect, one by one
 */
export function wrongRedirects(bytes: Buffer, messages: readonly Message[], outcome: Outcome): string {
  const texts = messages.map(({ start, end, whole }) =>
    bytes.toString('latin1', start, whole ? end : bytes.length).replace(/^\r\n/, ''),
  );
  const heads = new Set([...texts.keys()].filter((i) => texts[i]?.startsWith('HEAD ')));
  let responses: Response[];
  try {
    responses = readResponses(finalText(outcome), heads);
  } catch (error) {
    return `redirects: ${(error as Error).message}`;
  }
  for (const [i, { statusCode, fields }] of responses.entries()) {
    const message = messages[i];
    if (message === undefined) return 'redirects: more than requests';
    const place = message.headEnd > 0 ? placeOf(texts[i] as string) : undefined;
    // A target on HTTPS is answered when its content has arrived.
    const refused = place === undefined || (place === 421 && !message.whole);
    const wanted = refused ? STATUS_CODES.get(message.error || ERROR_INCOMPLETE) : place;
    const got = statusCode === 308 ? fields.get('location') : statusCode;
    if (got !== wanted) return 'redirects: to another place';
  }
  const redirected = messages.filter(({ headEnd }) => headEnd > 0).length;
  return responses.length >= redirected || outcome.closed ? '' : 'redirects: fewer than requests';
}

/** The place that a request is redirected to, or the status of another response. */
function placeOf(message: string): string | number {
  const head = message.slice(0, message.indexOf('\r\n\r\n') + 2);
  const [, target = ''] = head.split(' ');
  if (/^https:/i.test(target)) return 421;
  const [, authority, rest = target] = /^http:\/\/([^/?]*)(.*)$/i.exec(target) ?? [];
  const host = authority ?? /\r\nhost:[\t ]*([^\t\r ]*)/i.exec(head)?.[1] ?? '';
  const name = /^(\[.*\]|[^:]*)/.exec(host)?.[1] ?? '';
  if (name === '' || target === '*') return 400;
  return `https://${name}:${HTTPS_PORT}${rest.startsWith('/') ? '' : '/'}${rest}`;
}
