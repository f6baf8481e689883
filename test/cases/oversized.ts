// Input of any kind that is too large: one below, at and one above each limit, and input without an end.

import { METHOD_BYTES_MAX } from '../../src/memory/codes.ts';
import { CHUNK_SIZE_DIGITS_MAX, EXTENSION_BYTES_MAX } from '../../src/memory/layout.ts';
import { LIMITS } from '../support/engines.ts';
import { type ConversationCase, get, NEXT, post } from './case.ts';

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const LAST_CHUNK = '0\r\n\r\n';

/** Requests one below, at, and one above a limit, each followed by another request. */
function around(
  name: string,
  section: string,
  limit: number,
  status: number,
  message: (size: number) => string,
  taken?: (size: number) => string,
): ConversationCase[] {
  return [limit - 1, limit, limit + 1].map((size) => ({
    name: `${name}: ${size}`,
    section,
    input: message(size) + NEXT,
    ...(size > limit ? { taken: [], refused: status } : { taken: [taken?.(size) ?? '/a', '/next'] }),
  }));
}

/** A head of `size` bytes, which repeats filler between `before` and `after`. */
function filled(size: number, before: string, after: string): string {
  const rest = size - get('/a').length - before.length - after.length;
  return get('/a', before + 'x'.repeat(rest) + after);
}

const { headBytesMax, targetBytesMax, fieldCountMax, contentBytesMax } = LIMITS;
/** Field lines besides Host. */
const fields = (count: number, one: string): string => get('/a', one.repeat(count - 1));
const target = (size: number): string => `/${'t'.repeat(size - 1)}`;
const trailers = (size: number): string => `A: ${'x'.repeat(size - 7)}\r\n\r\n`;

const atTheLimit: ConversationCase[] = [
  ...around('a head of one huge value', '5.4', headBytesMax, 431, (size) => filled(size, 'X: ', '\r\n')),
  ...around('a head of one huge name', '5.4', headBytesMax, 431, (size) => filled(size, '', ': y\r\n')),
  ...around('a head of white space', '5.4', headBytesMax, 431, (size) =>
    filled(size, 'X:', 'y\r\n').replace(/x+/, (x) => ' '.repeat(x.length)),
  ),
  ...around('a head of many fields', '5.4', headBytesMax, 431, (size) =>
    filled(size, `${'N: v\r\n'.repeat(50)}X: `, '\r\n'),
  ),
  ...around(
    'a head behind an empty line',
    '2.2',
    headBytesMax,
    431,
    (size) => `\r\n${filled(size, 'X: ', '\r\n')}`,
  ),
  ...around('leading zeros of Content-Length fill a head', '6.2', headBytesMax, 431, (size) =>
    filled(size, 'Content-Length: ', '\r\n').replace(/x+/, (x) => '0'.repeat(x.length)),
  ),
  ...around('target', '3', targetBytesMax, 414, (size) => get(target(size)), target),
  ...around(
    'target in absolute-form',
    '3',
    targetBytesMax,
    414,
    (size) => get(`http://a${target(size - 8)}`),
    (size) => `http://a${target(size - 8)}`,
  ),
  ...around('method', '3', METHOD_BYTES_MAX, 501, (size) => get('/a').replace('GET', 'M'.repeat(size))),
  ...around('fields', '5.4', fieldCountMax, 431, (size) => fields(size, 'A: b\r\n')),
  ...around('empty fields', '5.4', fieldCountMax, 431, (size) => fields(size, 'A:\r\n')),
  ...around('content by length', 'RFC 9110 15.5.14', contentBytesMax, 413, (size) =>
    post('/a', `Content-Length: ${size}\r\n`, 'x'.repeat(size)),
  ),
  ...around('content in one chunk', 'RFC 9110 15.5.14', contentBytesMax, 413, (size) =>
    post('/a', CHUNKED, `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n${LAST_CHUNK}`),
  ),
  ...around('content in two chunks', 'RFC 9110 15.5.14', contentBytesMax, 413, (size) =>
    post('/a', CHUNKED, `1\r\nx\r\n${(size - 1).toString(16)}\r\n${'x'.repeat(size - 1)}\r\n${LAST_CHUNK}`),
  ),
  ...around('digits of a chunk size', '7.1', CHUNK_SIZE_DIGITS_MAX, 400, (size) =>
    post('/a', CHUNKED, `${'1'.padStart(size, '0')}\r\nx\r\n${'0'.repeat(size)}\r\n\r\n`),
  ),
  ...around('bytes of an extension', 'CVE-2024-22019', EXTENSION_BYTES_MAX, 413, (size) =>
    post('/a', CHUNKED, `1;${'e'.repeat(size)}\r\nx\r\n${LAST_CHUNK}`),
  ),
  ...around('bytes of many extensions', 'CVE-2024-22019, CVE-2023-39326', EXTENSION_BYTES_MAX, 413, (size) =>
    post('/a', CHUNKED, `${'1;eeeeeeee\r\nx\r\n'.repeat(200)}0;${'e'.repeat(size - 1600)}\r\n\r\n`),
  ),
  ...around('bytes of a trailer section', '7.1.2, CVE-2023-46589', headBytesMax, 431, (size) =>
    post('/a', CHUNKED, `0\r\n${trailers(size)}`),
  ),
  ...around('trailers', '7.1.2', fieldCountMax, 431, (size) =>
    post('/a', CHUNKED, `0\r\n${'A: b\r\n'.repeat(size)}\r\n`),
  ),
];

const endless: ConversationCase[] = (
  [
    ['a method', 'M'.repeat(1000), 501],
    ['a target', `GET /${'t'.repeat(20_000)}`, 414],
    ['a scheme', `GET ${'h'.repeat(20_000)}`, 414],
    ['spaces before the target', `GET ${' '.repeat(1000)}`, 400],
    ['spaces before the version', `GET / ${' '.repeat(1000)}`, 400],
    ['digits of a version', `GET / HTTP/1.${'1'.repeat(1000)}`, 400],
    ['a field name', `GET / HTTP/1.1\r\n${'n'.repeat(20_000)}`, 431],
    ['a field value', `GET / HTTP/1.1\r\nN: ${'v'.repeat(20_000)}`, 431],
    ['white space before a value', `GET / HTTP/1.1\r\nN:${' '.repeat(20_000)}`, 431],
    ['white space behind a value', `GET / HTTP/1.1\r\nN: v${'\t'.repeat(20_000)}`, 431],
    ['commas of Connection', `GET / HTTP/1.1\r\nConnection: ${','.repeat(20_000)}`, 431],
    ['digits of Content-Length', `GET / HTTP/1.1\r\nContent-Length: ${'9'.repeat(20_000)}`, 431],
    ['a host', `GET / HTTP/1.1\r\nHost: ${'h'.repeat(20_000)}`, 431],
    ['fields', `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(4000)}`, 431],
    ['empty fields', `GET / HTTP/1.1\r\n${'A:\r\n'.repeat(4000)}`, 431],
    ['fields of one byte each', `GET / HTTP/1.1\r\n${':\r\n'.repeat(4000)}`, 400],
    ['leading zeros of a chunk size', post('/a', CHUNKED, '0'.repeat(5000)), 400],
    ['digits of a chunk size', post('/a', CHUNKED, 'f'.repeat(5000)), 400],
    ['an extension', post('/a', CHUNKED, `1;${'e'.repeat(5000)}`), 413],
    ['quotes of an extension', post('/a', CHUNKED, `1;a="${'\\"'.repeat(5000)}`), 413],
    ['white space before an extension', post('/a', CHUNKED, `1${' '.repeat(5000)}`), 413],
    ['extensions of one chunk', post('/a', CHUNKED, `1${';e'.repeat(5000)}`), 413],
    ['semicolons of an extension', post('/a', CHUNKED, `1${';'.repeat(5000)}`), 400],
    ['extensions of chunks of one byte', post('/a', CHUNKED, '1;eeeeeeee\r\nx\r\n'.repeat(600)), 413],
    ['trailers', post('/a', CHUNKED, `0\r\n${'A: b\r\n'.repeat(4000)}`), 431],
    ['a trailer', post('/a', CHUNKED, `0\r\nA: ${'b'.repeat(20_000)}`), 431],
  ] as [string, string, number][]
).map(([name, input, status]) => ({
  name: `without end: ${name}`,
  section: name.includes('extension') ? 'CVE-2024-22019' : name.includes('chunk') ? '7.1' : '5.4',
  input,
  taken: [],
  refused: status,
}));

const further: ConversationCase[] = [
  {
    name: 'a head that stands one byte before its limit',
    section: '5.4',
    input: filled(headBytesMax + 100, 'X: ', '\r\n').slice(0, headBytesMax - 1),
    taken: [],
    end: 'unfinished',
  },
  {
    name: 'a head that has reached its limit without an end',
    section: '5.4',
    input: filled(headBytesMax + 100, 'X: ', '\r\n').slice(0, headBytesMax),
    taken: [],
    refused: 431,
  },
  {
    name: 'a head that is too large behind a smaller head',
    section: '5.4',
    input: filled(headBytesMax, 'X: ', '\r\n') + filled(headBytesMax + 1, 'X: ', '\r\n') + NEXT,
    taken: ['/a'],
    refused: 431,
  },
  {
    name: 'many chunks of one byte are legal',
    section: '7.1',
    input: post('/a', CHUNKED, `${'1\r\nx\r\n'.repeat(3000)}${LAST_CHUNK}`) + NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'chunks of one byte, one too many',
    section: 'RFC 9110 15.5.14',
    input: post(
      '/a',
      CHUNKED,
      `${(contentBytesMax - 100).toString(16)}\r\n${'x'.repeat(contentBytesMax - 100)}\r\n${'1\r\nx\r\n'.repeat(101)}`,
    ),
    taken: [],
    refused: 413,
  },
  {
    name: 'too much is refused when it is announced',
    section: 'RFC 9110 15.5.14',
    input: post('/a', `Content-Length: ${contentBytesMax + 1}\r\n`, ''),
    taken: [],
    refused: 413,
  },
  {
    name: 'a chunk that is too much is refused when it is announced',
    section: 'RFC 9110 15.5.14',
    input: post('/a', CHUNKED, `${(contentBytesMax + 1).toString(16)}\r\n`),
    taken: [],
    refused: 413,
  },
  {
    name: 'the most that may be announced',
    section: 'RFC 9110 15.5.14',
    input: post('/a', `Content-Length: ${contentBytesMax}\r\n`, 'x'),
    taken: [],
    end: 'unfinished',
  },
  {
    name: 'content at its limit again and again',
    section: 'RFC 9110 15.5.14',
    input: post('/a', `Content-Length: ${contentBytesMax}\r\n`, 'x'.repeat(contentBytesMax)).repeat(2) + NEXT,
    taken: ['/a', '/a', '/next'],
  },
  {
    name: 'a pipeline of a hundred requests',
    section: '9.3.2',
    input: NEXT.repeat(100),
    taken: Array.from({ length: 100 }, () => '/next'),
  },
];

export const oversizedCases: ConversationCase[] = [...atTheLimit, ...endless, ...further];
