// Request smuggling within the chunked coding (RFC 9112 7.1): every way to read where a chunk, an extension
// or a trailer ends in two ways, with a request hidden between the two.

import { type ConversationCase, HIDDEN, NEXT, post } from './case.ts';

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const LAST_CHUNK = '0\r\n\r\n';
/** A chunk that holds a request, without its terminator. */
const HIDDEN_CHUNK = `${HIDDEN.length.toString(16)}\r\n${HIDDEN}`;

/**
 * Bytes behind a chunk size of 2 that may be an extension or the end of a line. A reader that takes them for an extension
 * sees the last chunk and a request. A reader that takes them for an end sees both as the data of another chunk.
 */
const AMBIGUOUS = `xx\r\n${(LAST_CHUNK + HIDDEN).length.toString(16)}\r\n${LAST_CHUNK}${HIDDEN}\r\n${LAST_CHUNK}`;

const chunked = (content: string): string => post('/a', CHUNKED, content) + NEXT;

const whole: ConversationCase[] = (
  [
    ['a request as a chunk', `${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`, '7.1'],
    ['a request over two chunks', chunks(HIDDEN.slice(0, 9), HIDDEN.slice(9)), '7.1'],
    ['a request byte by byte', chunks(...HIDDEN), '7.1'],
    ['a last chunk as chunk data', chunks(LAST_CHUNK, HIDDEN), '7.1'],
    ['an empty line as chunk data', chunks('\r\n', '\r\n\r\n'), '7.1'],
    ['a size as chunk data', chunks('5\r\nHello\r\n'), '7.1'],
    ['a last chunk of many zeros', '00000000\r\n\r\n', '7.1'],
    [
      'a size of 64 bits with leading zeros',
      `${HIDDEN.length.toString(16).padStart(16, '0')}\r\n${HIDDEN}\r\n${LAST_CHUNK}`,
      '7.1',
    ],
    ['a size in an extension', `5;0\r\nHello\r\n${LAST_CHUNK}`, '7.1.1, CVE-2021-22960'],
    ['an extension with a value', `5;a=b;c="d;e"\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['an escaped quote in an extension', `5;a="\\""\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['obs-text in a quoted value', `5;e="\xff"\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['white space in an extension', `5 ; a = b\t;c\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['a quoted semicolon and a size', `5;a=";0"\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['Content-Length in a trailer', `0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n`, 'RFC 9110 6.5.1'],
    [
      'an invalid Content-Length in a trailer',
      '0\r\nContent-Length: x\r\nContent-Length: 7\r\n\r\n',
      'RFC 9110 6.5.1',
    ],
    ['Transfer-Encoding in a trailer', '0\r\nTransfer-Encoding: chunked\r\n\r\n', 'RFC 9110 6.5.1'],
    ['another Transfer-Encoding in a trailer', '0\r\nTransfer-Encoding: x\r\n\r\n', 'RFC 9110 6.5.1'],
    ['Host in a trailer', '0\r\nHost: b\r\nHost: c d\r\n\r\n', 'RFC 9110 6.5.1'],
    ['Connection: close in a trailer', '0\r\nConnection: close\r\n\r\n', 'RFC 9110 6.5.1'],
    ['Expect in a trailer', '0\r\nExpect: x\r\n\r\n', 'RFC 9110 6.5.1'],
    [
      'Content-Length and Transfer-Encoding in trailers',
      '0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'RFC 9110 6.5.1',
    ],
    ['a trailer with an empty value', '0\r\nA:\r\n\r\n', '7.1.2'],
    ['a trailer named like a prototype', '0\r\n__proto__: x\r\n\r\n', '7.1.2'],
  ] as const
).map(([name, content, section]) => ({ name, section, input: chunked(content), taken: ['/a', '/next'] }));

const refused: ConversationCase[] = (
  [
    ['TERM.EXT: LF ends an extension for some', `2;\n${AMBIGUOUS}`, 'CVE-2025-55315'],
    ['TERM.EXT with a name', `2;a\n${AMBIGUOUS}`, 'CVE-2025-55315, CVE-2025-58056'],
    ['TERM.EXT by two LFs', `2;a\n\n${AMBIGUOUS}`, 'CVE-2025-55315'],
    ['TERM.EXT by CR', `2;a\r${AMBIGUOUS}`, 'CVE-2025-55315'],
    ['TERM.EXT by CR and another byte', `2;a\rX${AMBIGUOUS}`, 'CVE-2025-55315'],
    ['TERM.EXT by NUL and LF', `2;a\0\n${AMBIGUOUS}`, 'CVE-2025-55315'],
    ['a request line in an extension', `0;${HIDDEN.split('\r\n')[0]}\r\n\r\n`, '7.1.1'],
    [
      'a quote in an extension that is closed behind CRLF',
      `5;a="b\r\nHello\r\n0;"\r\n\r\n`,
      'CVE-2026-33870',
    ],
    [
      'a quote in an extension that runs over CRLF and the last chunk',
      `1;a="\r\nX\r\n0\r\n\r\n${HIDDEN}"\r\nY\r\n${LAST_CHUNK}`,
      'CVE-2026-33870',
    ],
    [
      'an escaped CR in a quote',
      `1;a="\\\r\nX\r\n${LAST_CHUNK}${HIDDEN}"\r\nY\r\n${LAST_CHUNK}`,
      'CVE-2026-33870',
    ],
    ['an escaped quote that closes nothing', `5;a="\\"\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['a quote in the last chunk that is never closed', `0;a="\r\n\r\n${HIDDEN}`, 'CVE-2026-33870'],
    ['an empty extension', `5;\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['obs-text in an extension', `5;\xe9=\xff\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['white space behind an extension', `5; a = b\t\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['TERM.EXT within quotes', `2;a="\n${AMBIGUOUS}`, 'CVE-2024-52304'],
    ['EXT.TERM: LF ends a size', `2\n${AMBIGUOUS}`, 'CVE-2025-22871, CVE-2025-58056'],
    ['EXT.TERM in the last chunk', `2\r\nxx\r\n0\n\r\n${HIDDEN}`, 'CVE-2025-22871'],
    ['EXT.TERM by CR', `2\r${AMBIGUOUS}`, '7.1'],
    ['EXT.TERM by CR and another byte', `2\rX${AMBIGUOUS}`, '7.1'],
    ['EXT.TERM by two CRs', `2\r\r\n${AMBIGUOUS}`, '7.1'],
    ['EXT.TERM by two LFs', `2\n\n${AMBIGUOUS}`, '7.1'],
    ['EXT.TERM by LF CR', `2\n\r${AMBIGUOUS}`, '7.1'],
    ['TERM.SPILL: LF ends chunk data', `5\r\nHello\n${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`, '7.1'],
    ['TERM.SPILL by CR', `5\r\nHello\r${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`, '7.1'],
    ['TERM.SPILL by two LFs', `5\r\nHello\n\n${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`, '7.1'],
    ['TERM.SPILL by another byte and LF', `5\r\nHelloX\n${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`, '7.1'],
    ['TERM.SPILL by CR and another byte', `5\r\nHello\rX${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`, '7.1'],
    ['TERM.SPILL by LF CR', `5\r\nHello\n\r${LAST_CHUNK}`, '7.1'],
    ['SPILL.TERM: chunk data longer than its size', `5\r\nHelloX\r\n${LAST_CHUNK}`, '7.1'],
    ['SPILL.TERM by two bytes', `5\r\nHelloXX${LAST_CHUNK}${HIDDEN}`, 'CVE-2025-43859'],
    [
      'SPILL.TERM by two bytes before another chunk',
      `5\r\nHelloXX${HIDDEN_CHUNK}\r\n${LAST_CHUNK}`,
      'CVE-2025-43859',
    ],
    ['nothing behind chunk data', `5\r\nHello${LAST_CHUNK}${HIDDEN}`, '7.1'],
    ['a space behind chunk data', `5\r\nHello \r\n${LAST_CHUNK}`, '7.1'],
    ['an empty line behind chunk data', `5\r\nHello\r\n\r\n${LAST_CHUNK}`, '7.1'],
    ['chunk data shorter than its size', `6\r\nHello\r\n${LAST_CHUNK}${HIDDEN}`, '7.1'],
    ['0x before the size', `0x5\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2022-24761, CVE-2022-24801'],
    ['0x before the last size', `0x0\r\n\r\n${HIDDEN}`, 'CVE-2022-24761'],
    ['an x before the size', `x5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a plus sign before the size', `+5\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2022-24761'],
    ['a minus sign before the size', `-5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['minus zero', `-0\r\n\r\n${HIDDEN}`, '7.1'],
    ['an underscore in the size', `0_5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a letter behind the size', `5g\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['an h behind the size', `5h\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a fraction', `5.0\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['quoted', `"5"\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a space before the size', ` 5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['HTAB before the size', `\t5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a space behind the size', `5 \r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['many spaces behind the size', `5${' '.repeat(1000)}\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a space behind the last size', `0 \r\n\r\n${HIDDEN}`, '7.1'],
    ['a space within the size', `0 5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['VT behind the size', `5\x0b\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['NUL behind the size', `5\0\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a no-break space behind the size', `5\xa0\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a fullwidth digit', `\xef\xbc\x95\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a comma and another size', `5,5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['an equals sign for the semicolon', `5=a\r\nHello\r\n${LAST_CHUNK}`, '7.1.1'],
    ['an empty size', `\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['an extension without a size', `;a\r\n\r\n${HIDDEN}`, '7.1'],
    ['an empty line before the first size', `\r\n5\r\nHello\r\n${LAST_CHUNK}`, '7.1'],
    ['a size of 2^32 + 5', `100000005\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2017-7657', 413],
    ['a size of 2^32', `100000000\r\n\r\n${HIDDEN}`, 'CVE-2017-7657', 413],
    ['a size of 2^32 - 1', `ffffffff\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2013-2028', 413],
    ['a size of 2^31', `80000000\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2013-2028', 413],
    ['a size of 2^64', `10000000000000000\r\n\r\n${HIDDEN}`, 'CVE-2021-32714'],
    ['a size of 2^64 + 5', `10000000000000005\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2021-32714'],
    ['a size of 2^64 - 1', `ffffffffffffffff\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2013-2028'],
    ['a size of 2^63', `8000000000000000\r\nHello\r\n${LAST_CHUNK}`, 'CVE-2013-2028'],
    [
      'a size that overflows behind leading zeros',
      `0000000010000000000000005\r\nHello\r\n${LAST_CHUNK}`,
      'CVE-2021-32714',
    ],
    ['a size of a hundred digits', `1${'0'.repeat(99)}\r\n\r\n${HIDDEN}`, 'CVE-2017-7657'],
    ['no empty line behind the last chunk', `0\r\n${HIDDEN}`, '7.1.2'],
    ['a chunk behind the last one', `0\r\n5\r\nHello\r\n${LAST_CHUNK}`, '7.1.2'],
    ['two last chunks', `0\r\n${LAST_CHUNK}${HIDDEN}`, '7.1.2'],
    ['LF for the empty line at the end', `0\r\n\n${HIDDEN}`, '7.1.2'],
    ['CR for the empty line at the end', `0\r\n\r${HIDDEN}`, 'CVE-2025-23167'],
    ['a bare LF behind a trailer', `0\r\nA: b\n\r\n${HIDDEN}`, '7.1.2'],
    ['a bare CR behind a trailer', `0\r\nA: b\r\rC: d\r\n\r\n${HIDDEN}`, '7.1.2'],
    ['a folded trailer', `0\r\nA: b\r\n c\r\n\r\n${HIDDEN}`, '7.1.2'],
    ['a trailer without a colon', `0\r\nA\r\n\r\n${HIDDEN}`, '7.1.2'],
    ['a trailer without a name', `0\r\n: b\r\n\r\n${HIDDEN}`, '7.1.2'],
    ['white space before the colon of a trailer', `0\r\nA : b\r\n\r\n${HIDDEN}`, '7.1.2'],
    ['white space in the empty line', `0\r\n \r\n\r\n${HIDDEN}`, '7.1.2'],
    ['NUL in a trailer', `0\r\nA: \0\r\n\r\n${HIDDEN}`, '7.1.2'],
  ] as [string, string, string, number?][]
).map(([name, content, section, status = 400]) => ({
  name,
  section,
  input: chunked(content),
  taken: [],
  refused: status,
}));

const afterwards: ConversationCase[] = [
  {
    name: 'garbage behind the last chunk is the next request',
    section: '7.1',
    input: chunked(`${LAST_CHUNK}X`),
    // "XGET" is a method, though not a known one.
    taken: ['/a', '/next'],
  },
  {
    name: 'an empty line behind the last chunk is the one before a request',
    section: '2.2',
    input: chunked(`${LAST_CHUNK}\r\n`),
    taken: ['/a', '/next'],
  },
  {
    name: 'a second last chunk is no request',
    section: '7.1',
    input: chunked(`${LAST_CHUNK}${LAST_CHUNK}`),
    taken: ['/a'],
    refused: 400,
  },
  {
    name: 'trailers of one message bind no other',
    section: 'RFC 9110 6.5.1',
    input: chunked(`0\r\nHost: b\r\nConnection: close\r\n\r\n`) + post('/b', CHUNKED, LAST_CHUNK) + NEXT,
    taken: ['/a', '/next', '/b', '/next'],
  },
  {
    name: 'extensions of one message are not counted against the next',
    section: '7.1.1',
    input: post('/a', CHUNKED, `0;${'e'.repeat(4000)}\r\n\r\n`).repeat(3),
    taken: ['/a', '/a', '/a'],
  },
  {
    name: 'chunks that wait for their end',
    section: '7.1',
    input: post('/a', CHUNKED, `${HIDDEN_CHUNK}\r\n`),
    taken: [],
    end: 'unfinished',
  },
];

function chunks(...data: string[]): string {
  return [...data.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`), LAST_CHUNK].join('');
}

export const chunkSmugglingCases: ConversationCase[] = [...whole, ...refused, ...afterwards];
