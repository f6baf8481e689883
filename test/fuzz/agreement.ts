// Where hotpath and llhttp must agree, and where they may differ. Request smuggling needs two parsers on the way of a
// request that see different messages in the same bytes. So messages that both parsers accept must be the same, and this
// file must list each kind of message that hotpath accepts and llhttp rejects, or that llhttp accepts and hotpath
// rejects, although nothing gets through in the second case.

import * as codes from '../../src/memory/codes.ts';
import {
  FIELD_BYTES,
  FIELD_NAME_BYTES,
  FIELD_NAME_OFFSET,
  FIELD_VALUE_BYTES,
  FIELD_VALUE_OFFSET,
  RECORD_CONTENT_BYTES,
  RECORD_CONTENT_LENGTH,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_FLAGS,
  RECORD_METHOD_BYTES,
  RECORD_METHOD_OFFSET,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
  RECORD_VERSION_MINOR,
} from '../../src/memory/layout.ts';
import { hasChunkLines, isAuthority, isHostValue, transferCoding } from '../support/grammar.ts';
import { LLHTTP_METHODS, type Peer, type PeerMessage } from './llhttp.ts';
import type { Outcome } from './outcome.ts';
import type { Message } from './ways.ts';

/** Why hotpath may reject a message that llhttp accepts, by hotpath's error. */
const STRICTER: Readonly<Record<number, string>> = {
  [codes.ERROR_METHOD]:
    'llhttp skips any CR and LF before a request line; RFC 9112 2.2 asks for one empty line',
  [codes.ERROR_TARGET]:
    'llhttp takes targets that no RFC 9112 3.2 form has, with #, ", <, >, user information',
  [codes.ERROR_TARGET_SIZE]: 'a limit',
  [codes.ERROR_VERSION]: 'llhttp skips several spaces before the version',
  [codes.ERROR_VERSION_MAJOR]: 'llhttp takes 0.9 and 2.0',
  [codes.ERROR_FIELD_COUNT]: 'a limit',
  [codes.ERROR_HEAD_SIZE]: 'a limit',
  [codes.ERROR_HOST]: 'llhttp leaves Host to its caller',
  [codes.ERROR_CONTENT_LENGTH]: 'llhttp counts to 2^64, JavaScript to 2^53',
  [codes.ERROR_TRANSFER_CODING]: 'llhttp takes other codings before chunked',
  [codes.ERROR_TRANSFER_ENCODING]: 'llhttp takes codings that are no tokens, and chunked twice',
  [codes.ERROR_FRAMING]: 'llhttp takes Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)',
  [codes.ERROR_CONTENT_SIZE]: 'a limit',
  [codes.ERROR_CONNECT]: 'an origin server has no use for CONNECT',
  [codes.ERROR_EXPECTATION]: 'llhttp leaves Expect to its caller',
  [codes.ERROR_CHUNK_EXTENSION]: 'a limit',
};

interface Leave {
  /** Error and reason as llhttp reports them. */
  says: RegExp;
  /** A pattern that the message must match for hotpath to be right. */
  holds: (message: string, headWhole: boolean, previous: string) => boolean;
}

/** Where hotpath may accept a message that llhttp rejects. */
const LAXER: readonly Leave[] = [
  {
    // Any token is a method (RFC 9110 9.1), and hotpath responds to each.
    says: /^HPE_INVALID_METHOD:/,
    holds: (message) => !LLHTTP_METHODS.has(methodOf(message)),
  },
  {
    // Methods that llhttp knows from RTSP and ICE.
    says: /^HPE_INVALID_CONSTANT: Invalid method for HTTP/,
    holds: (message) => !LLHTTP_METHODS.has(methodOf(message)) || methodOf(message) === 'SOURCE',
  },
  {
    // In hotpath, PRI is a method like any other; hotpath rejects the target * of the real preface.
    says: /^HPE_INVALID_VERSION: Expected HTTP\/2 Connection Preface/,
    holds: (message) => methodOf(message) === 'PRI',
  },
  {
    // HTTP treats an unknown minor version as the highest known one (RFC 9110 2.5).
    says: /^HPE_INVALID_VERSION: Invalid HTTP version/,
    holds: (message) => /^\S+ \S+ HTTP\/1\.[2-9]$/.test(message.slice(0, message.indexOf('\r\n'))),
  },
  {
    // HTAB behind a value is white space like SP (RFC 9112 5.1).
    says: /^HPE_INVALID_CONTENT_LENGTH: Invalid character in Content-Length/,
    holds: (message, headWhole) => !headWhole && /\r\ncontent-length:[ \t]*\d+ *\t[ \t]*\r\n/i.test(message),
  },
  {
    says: /^HPE_INVALID_TRANSFER_ENCODING: Request has invalid `Transfer-Encoding`/,
    holds: (message) => /\r\ntransfer-encoding:[ \t]*chunked *\t[ \t]*\r\n/i.test(message),
  },
  {
    // A list may have empty elements, in one line or in several (RFC 9110 5.6.1).
    says: /^HPE_INVALID_TRANSFER_ENCODING:/,
    holds: (message) => {
      const lines = fieldValues(message, 'transfer-encoding');
      return lines.join().includes(',') && transferCoding(lines) === 'chunked';
    },
  },
  {
    // White space in extensions (RFC 9112 7.1.1, BWS), and quoted pairs.
    says: /^HPE_(STRICT: Invalid .* in chunk extensions|INVALID_CHUNK_SIZE:)/,
    holds: (message, headWhole) =>
      headWhole && /[\da-f][\t ]*(;|$)/i.test(behindHead(message)) && hasChunkLines(contentOf(message)),
  },
  // Trailers bind nothing (RFC 9110 6.5.1); llhttp reads framing into them.
  {
    says: /^HPE_(INVALID|UNEXPECTED)_CONTENT_LENGTH:/,
    holds: (message, headWhole) => headWhole && /\r\ncontent-length:/i.test(behindHead(message)),
  },
  {
    says: /^HPE_INVALID_TRANSFER_ENCODING: (Invalid `Transfer-Encoding` header value|Empty Transfer-Encoding)/,
    holds: (message, headWhole) => headWhole && /\r\ntransfer-encoding:/i.test(behindHead(message)),
  },
  {
    // A `close` in the head of the message would have closed this connection, too.
    says: /^HPE_CLOSED_CONNECTION:/,
    holds: (_message, _headWhole, previous) => /\r\n(proxy-)?connection:/i.test(previous),
  },
];

/** Explains a forbidden disagreement of hotpath and llhttp, or returns ''. `turns`: where the records of the messages are. */
export function disagreement(
  bytes: Buffer,
  turns: Buffer,
  messages: readonly Message[],
  { messages: others, error, reason }: Peer,
): string {
  for (const [i, own] of messages.entries()) {
    const fault = grammarFault(textOf(bytes, own), own);
    if (fault !== '') return fault;
    const other = others[i];
    if (own.headEnd > 0 && other?.upgrade) {
      // A server may ignore a request to upgrade (RFC 9110 7.8), but not a tunnel.
      return other.method === 'CONNECT'
        ? 'only llhttp sees a tunnel'
        : headDifference(bytes, turns, own, other);
    }
    if (own.error !== 0) {
      const accepted = own.headEnd > 0 ? other?.whole : other?.headWhole;
      const leave = own.error in STRICTER || isMalformedChunk(own.error, textOf(bytes, own));
      return !accepted || leave ? '' : `only llhttp accepts (error ${own.error})`;
    }
    // The head is incomplete: llhttp may still reject it.
    if (own.headEnd <= 0) return other?.headWhole ? 'only llhttp sees a whole head' : '';
    if (error !== '' && !other?.whole && i >= others.length - 1) {
      const text = textOf(bytes, own);
      const previous = i === 0 ? '' : textOf(bytes, messages[i - 1] as Message);
      const said = `${error}: ${reason}`;
      const leave = LAXER.some(
        ({ says, holds }) => says.test(said) && holds(text, other?.headWhole === true, previous),
      );
      return leave ? '' : `only hotpath accepts (${said})`;
    }
    if (!other?.headWhole) {
      // At this point llhttp waits for the rest of an HTTP/2 preface.
      return methodOf(textOf(bytes, own)) === 'PRI' ? '' : 'only hotpath sees a whole head';
    }
    if (own.whole !== other.whole) return `only ${own.whole ? 'hotpath' : 'llhttp'} sees a whole message`;
    const different = headDifference(bytes, turns, own, other) || contentDifference(bytes, turns, own, other);
    if (different !== '') return different;
  }
  return '';
}

/** Explains how content that was read in pieces differs from the content that llhttp sees, or returns ''. */
export function contentDisagreement({ content, handed }: Outcome, { messages }: Peer): string {
  for (const { message, start, end } of handed) {
    const other = messages[message];
    // The head alone decides about an incomplete message, and about a message that llhttp takes for a tunnel.
    if (!other?.whole || other.upgrade) continue;
    if (!holds(content.bytes, start, end - start, other.content)) return 'other bytes of content';
  }
  return '';
}

const ABSOLUTE_FORM = /^\S+ https?:\/\/([^/? ]*)(?:[/?][!$-;=?-[\]-~]*)? /i;

/** Names the part of a head that hotpath accepts or rejects against the grammar, whatever llhttp does, or returns ''. */
function grammarFault(message: string, { headEnd, error }: Message): string {
  const authority = ABSOLUTE_FORM.exec(message)?.[1];
  if (error === codes.ERROR_TARGET)
    return authority !== undefined && isAuthority(authority) ? 'a good authority is refused' : '';
  const wholeHead = headEnd > 0 || HEAD_ERRORS.has(error);
  if (!wholeHead) return '';
  if (authority !== undefined && !isAuthority(authority)) return 'a bad authority is taken';
  const hosts = fieldValues(message, 'host');
  const goodHost =
    hosts.length === 0
      ? message.split('\r\n', 1)[0]?.endsWith('1.0')
      : hosts.length === 1 && isHostValue(hosts[0] as string);
  if (error === codes.ERROR_HOST) return goodHost ? 'a good Host is refused' : '';
  if (!goodHost) return 'a bad Host is taken';
  const codings = fieldValues(message, 'transfer-encoding');
  if (codings.length === 0) return '';
  const coding = transferCoding(codings);
  if (error === codes.ERROR_TRANSFER_ENCODING)
    return coding === 'unclear' ? '' : 'a good Transfer-Encoding is refused';
  if (error === codes.ERROR_TRANSFER_CODING)
    return coding === 'coded' ? '' : `Transfer-Encoding is ${coding}, not coded`;
  return headEnd > 0 && coding !== 'chunked' ? 'a bad Transfer-Encoding is taken' : '';
}

/** Errors that the end of a whole head decides; the errors before Transfer-Encoding come first. */
const HEAD_ERRORS: ReadonlySet<number> = new Set([
  codes.ERROR_HOST,
  codes.ERROR_TRANSFER_ENCODING,
  codes.ERROR_TRANSFER_CODING,
]);

/** The values of a field in a whole head, without white space around them. */
function fieldValues(message: string, name: string): string[] {
  return message
    .slice(0, message.indexOf('\r\n\r\n'))
    .split('\r\n')
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) =>
      line
        .slice(name.length + 1)
        .replace(/^[\t ]+/, '')
        .replace(/[\t ]+$/, ''),
    );
}

/** llhttp accepts any number of leading zeros in a chunk size, and most text that looks like an extension. */
function isMalformedChunk(error: number, message: string): boolean {
  return error === codes.ERROR_CHUNK && !hasChunkLines(contentOf(message));
}

/** A message without the empty line before it; the bytes so far if it is incomplete. */
function textOf(bytes: Buffer, { start, end, whole }: Message): string {
  return bytes.toString('latin1', start, whole ? end : bytes.length).replace(/^\r\n/, '');
}

function behindHead(message: string): string {
  // Also removes the CRLF before the empty line.
  return message.slice(message.indexOf('\r\n\r\n') + 2);
}

function contentOf(message: string): string {
  return message.slice(message.indexOf('\r\n\r\n') + 4);
}

function methodOf(message: string): string {
  return message.slice(0, message.indexOf(' '));
}

/** Describes how two parsers that accept a head differ about it, or returns ''. */
function headDifference(bytes: Buffer, turns: Buffer, own: Message, other: PeerMessage): string {
  const { start, head } = own;
  const half = (offset: number): number => turns.readUInt16LE(head + offset);
  const is = (at: number, size: number, text: string): boolean =>
    holds(bytes, start + half(at), half(size), text);
  const flags = turns.readInt32LE(head + RECORD_FLAGS);

  if (other.method !== '' && !is(RECORD_METHOD_OFFSET, RECORD_METHOD_BYTES, other.method))
    return 'another method';
  if (!is(RECORD_TARGET_OFFSET, RECORD_TARGET_BYTES, other.target)) return 'another target';
  if (turns.readInt32LE(head + RECORD_VERSION_MINOR) !== other.minor) return 'another version';
  if (!sameFields(bytes, start, turns, head, other.fields)) return 'other fields';
  const persistent = (flags & codes.FLAG_PERSISTENT) !== 0;
  if (persistent === other.persistent) return '';
  // In hotpath, `close` wins over `keep-alive`, in HTTP/1.0, too (RFC 9112 9.3). llhttp obeys Proxy-Connection, and
  // doesn't recognise an option with HTAB behind it.
  const leave = persistent
    ? /\r\n(proxy-connection:|connection:[^\r]*\t)/i.test(textOf(bytes, own))
    : flags & codes.FLAG_CLOSE;
  return leave ? '' : 'another persistence';
}

/** Compares content and trailers in the same way. The message is whole for both parsers, or for neither. */
function contentDifference(bytes: Buffer, turns: Buffer, own: Message, other: PeerMessage): string {
  if (!own.whole) return '';
  const { head, after } = own;
  const flags = turns.readInt32LE(head + RECORD_FLAGS);
  if (flags & codes.FLAG_CHUNKED) {
    if (!hasChunkLines(contentOf(textOf(bytes, own)))) return 'both accept a malformed chunk';
    const trailers = turns.readInt32LE(after + RECORD_FIELD_COUNT);
    const start = startOfLines(bytes, own.end, trailers + 1);
    if (!sameFields(bytes, start, turns, after, other.trailers)) return 'other trailers';
    return turns.readDoubleLE(after + RECORD_CONTENT_BYTES) === other.content.length ? '' : 'another content';
  }
  const length = flags & codes.FLAG_CONTENT_LENGTH ? turns.readDoubleLE(after + RECORD_CONTENT_LENGTH) : 0;
  return length === other.content.length && length === own.end - own.headEnd ? '' : 'another content';
}

/** @param start the offsets in the record count from this position */
function sameFields(
  bytes: Buffer,
  start: number,
  turns: Buffer,
  record: number,
  fields: readonly string[],
): boolean {
  const count = turns.readInt32LE(record + RECORD_FIELD_COUNT);
  if (fields.length !== count * 2) return false;
  for (let i = 0; i < count; i++) {
    const field = record + RECORD_FIELDS + i * FIELD_BYTES;
    const half = (offset: number): number => turns.readUInt16LE(field + offset);
    if (!holds(bytes, start + half(FIELD_NAME_OFFSET), half(FIELD_NAME_BYTES), fields[2 * i] as string))
      return false;
    if (!holds(bytes, start + half(FIELD_VALUE_OFFSET), half(FIELD_VALUE_BYTES), fields[2 * i + 1] as string))
      return false;
  }
  return true;
}

/** Whether the `count` bytes at `at` are the bytes of the text. */
function holds(bytes: Buffer, at: number, size: number, text: string): boolean {
  if (text.length !== size) return false;
  for (let i = 0; i < size; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Where the last `count` lines before `end` begin. */
function startOfLines(bytes: Buffer, end: number, count: number): number {
  let at = end;
  for (; count > 0; count--) at = bytes.lastIndexOf('\n', at - 2) + 1;
  return at;
}
