// One head, or one whole connection, and what it shall lead to. The same tables are run against every engine
// and, over sockets, against the started server.

import type { RequestRecord } from '../support/record.ts';

export interface HeadCase {
  name: string;
  /** Section of RFC 9112 unless it says otherwise. */
  section: string;
  /** Latin-1. */
  input: string;
  /** One of ERROR_*, or 0 when bytes are missing, or what the record shall say. */
  expected: number | Partial<RequestRecord>;
}

/** All that comes on one connection, and how far it shall be believed. */
export interface ConversationCase {
  /** The attack, or what is tried. */
  name: string;
  /** Section of RFC 9112 unless it says otherwise, or where the attack is known from. */
  section: string;
  /** Latin-1. */
  input: string;
  /** Targets of the requests that are answered, with 200 unless it says otherwise, in order. */
  taken: string[];
  /** Which of them are answered with 421, by their place, since they are not for this server (RFC 9110 7.4). */
  misdirected?: number[];
  /** The status that what follows them is refused with. The connection then closes. */
  refused?: number;
  /** How it ends when nothing is refused; open, unless it says otherwise: the next request may come. */
  end?: 'closed' | 'unfinished';
  /** Which of the answers are to HEAD. */
  heads?: number[];
}

/** A whole request without content. */
export function get(target: string, fields = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A whole request with content. */
export function post(target: string, fields: string, content: string): string {
  return `POST ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`;
}

/** A request that nobody shall see: it is the content of another, or follows what is refused. */
export const HIDDEN = get('/hidden');
/** The request that follows. It is seen only where both ends agree on what came before. */
export const NEXT = get('/next');

/** A good request whose field section is `fields`, Host before it. */
export function withFields(fields: string): string {
  return `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A good request with another request line. */
export function withRequestLine(line: string): string {
  return `${line}\r\nHost: a\r\n\r\n`;
}
