// Explains in one line why Redis can't be used. The URL is shown without its password.

import { oneLine } from '../one-line.ts';

/** Replies by which Redis refuses all keys at the moment. Other replies concern one key. */
const FOR_ALL =
  /^(?:NOAUTH|WRONGPASS|LOADING|MISCONF|OOM|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|BUSY|UNKILLABLE) /;
/** The first byte of a TLS alert. */
const TLS_ALERT = /Unknown RESP type 21\b/;

/** The URL without its password, and without anything that could be one. */
export function withoutPassword(url: string): string {
  const { protocol, username, password, host, pathname } = new URL(url);
  // A user name without a password may be a password in the wrong place.
  const user = username !== '' && password !== '' ? `${username}@` : '';
  return `${protocol}//${user}${host}${pathname === '/' ? '' : pathname}`;
}

/** Whether the reply to one counter's command concerns all counters. */
export function isForAll(reply: Error): boolean {
  return FOR_ALL.test(reply.message);
}

export interface Situation {
  url: string;
  /** Whether Redis has answered over this connection before. */
  used: boolean;
}

/** The reason in plain words, followed by the error's message, never with the password of the URL. */
export function reasonOf(error: Error, { url, used }: Situation): string {
  const { protocol, password, username } = new URL(url);
  const own = oneLine(firstLine(messageOf(error)));
  const text = explain(error, own, { secure: protocol === 'rediss:', used });
  return without([password, password === '' ? username : ''], text);
}

function explain(error: Error, own: string, { secure, used }: { secure: boolean; used: boolean }): string {
  const name = error.constructor.name;
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return `nothing listens there (${own})`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `its host name can't be resolved (${own})`;
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not speak TLS: write redis://, not rediss://';
  }
  if (name === 'ConnectionTimeoutError')
    return secure
      ? 'no TLS connection in time: where it does not speak TLS, write redis://'
      : 'no connection in time';
  if (TLS_ALERT.test(own)) return 'it speaks TLS: write rediss://, not redis://';
  // The client throws a TypeError for a reply that belongs to no command.
  if (/Unknown RESP type/.test(own) || error instanceof TypeError)
    return `the server there is not Redis (${own})`;
  if (name === 'SocketClosedUnexpectedlyError' || codeOf(error) === 'ECONNRESET')
    return used || secure
      ? 'the connection was closed'
      : 'the connection was closed without an answer: where it speaks TLS, write rediss://';
  if (/^WRONGPASS/.test(own)) return `the password or the user is wrong (${own})`;
  if (/^NOAUTH/.test(own)) return 'it wants a password: write redis://:PASSWORD@HOST:PORT';
  if (/DB index/i.test(own)) return `it has no such database (${own})`;
  return own;
}

/** The message of an error. Some have it only in the errors that they combine. */
function messageOf(error: Error): string {
  const { message, errors } = error as AggregateError;
  if (message !== '') return message;
  return errors?.map((one) => (one as Error).message).join(', ') || codeOf(error) || error.name;
}

function codeOf(error: Error): string {
  const { code, errors } = error as { code?: string; errors?: { code?: string }[] };
  return code ?? errors?.[0]?.code ?? '';
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] as string;
}

/** Removes secrets from a text: a server repeats the arguments of a command that it does not know. */
function without(secrets: string[], text: string): string {
  let clean = text;
  for (const secret of secrets)
    for (const form of new Set([secret, decodeURIComponent(secret)]))
      if (form !== '') clean = clean.replaceAll(form, '***');
  return clean;
}
