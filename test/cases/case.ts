// A head, or a whole connection, and the result it must have. The same tables run against every engine
// and, over sockets, against the started server.

import type { RequestRecord } from '../support/record.ts';

export interface HeadCase {
  name: string;
  /** Section of RFC 9112 unless it says otherwise. */
  section: string;
  /** Latin-1. */
  input: string;
  /** An ERROR_* code, 0 if bytes are missing, or the expected content of the record. */
  expected: number | Partial<RequestRecord>;
}

/** All bytes of one connection, and how much of them the server must accept. */
export interface ConversationCase {
  /** The name of the attack, or of the attempt. */
  name: string;
  /** Section of RFC 9112 unless it names another document, or the source that describes the attack. */
  section: string;
  /** Latin-1. */
  input: string;
  /** Targets of the requests that the server answers, with 200 unless stated otherwise, in order. */
  taken: string[];
  /** Indexes of the requests answered with 421, since they are for another server (RFC 9110 7.4). */
  misdirected?: number[];
  /** The status of the refusal that follows them. The connection then closes. */
  refused?: number;
  /** The end of the connection if nothing is rejected. The default is open: the next request may come. */
  end?: 'closed' | 'unfinished';
  /** Indexes of the responses to HEAD. */
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

/** A request that no server may see: it is the content of another request, or follows a rejected one. */
export const HIDDEN = get('/hidden');
/** The next request. The server sees it only if both ends agree on all bytes before it. */
export const NEXT = get('/next');

/** A good request whose field section is `fields`, Host before it. */
export function withFields(fields: string): string {
  return `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A good request with another request line. */
export function withRequestLine(line: string): string {
  return `${line}\r\nHost: a\r\n\r\n`;
}
