// Request smuggling by the fields that frame content. If the framing could be read in two ways, the server never answers a
// hidden request, however a proxy in front has read it (RFC 9112 6.1, 6.3, 11.2).

import { type ConversationCase, get, HIDDEN, NEXT, post } from './case.ts';

const LAST_CHUNK = '0\r\n\r\n';

/**
 * The meaning here of lines that one reader may take for `Transfer-Encoding: chunked` and another may not:
 *   chunked    the real thing, written unusually
 *   coding     chunked behind a transfer coding that is not there
 *   unclear    a list that doesn't end in chunked, so that no recipient knows where the content ends (6.3)
 *   malformed  no field line at all
 *   other      another field, which frames nothing
 */
type Reading = 'chunked' | 'coding' | 'unclear' | 'malformed' | 'other';

const TRANSFER_ENCODINGS: [name: string, lines: string, reading: Reading, section?: string][] = [
  ['as it should be', 'Transfer-Encoding: chunked', 'chunked'],
  ['in capitals', 'TRANSFER-ENCODING: CHUNKED', 'chunked'],
  ['in mixed case', 'tRANSFER-eNCODING: cHUNKED', 'chunked'],
  ['without a space', 'Transfer-Encoding:chunked', 'chunked'],
  ['with spaces around', 'Transfer-Encoding:   chunked   ', 'chunked'],
  ['with tabs around', 'Transfer-Encoding:\tchunked\t', 'chunked'],
  ['a space before the colon', 'Transfer-Encoding : chunked', 'malformed', 'CVE-2019-16276, CVE-2019-16869'],
  ['HTAB before the colon', 'Transfer-Encoding\t: chunked', 'malformed', '5.1'],
  ['VT before the colon', 'Transfer-Encoding\x0b: chunked', 'malformed', '5.1'],
  ['CR before the colon', 'Transfer-Encoding\r: chunked', 'malformed', '5.1'],
  ['CRLF before the colon', 'Transfer-Encoding\r\n: chunked', 'malformed', '5.1'],
  ['NUL before the colon', 'Transfer-Encoding\0: chunked', 'malformed', '5.1'],
  ['a space before the name', ' Transfer-Encoding: chunked', 'malformed', 'CVE-2020-7238'],
  ['HTAB before the name', '\tTransfer-Encoding: chunked', 'malformed', '5.2'],
  ['VT before the name', '\x0bTransfer-Encoding: chunked', 'malformed', '5.1'],
  ['NUL before the name', '\0Transfer-Encoding: chunked', 'malformed', '5.1'],
  ['a byte order mark before the name', '\xef\xbb\xbfTransfer-Encoding: chunked', 'malformed', '5.1'],
  ['a colon before the name', ':Transfer-Encoding: chunked', 'malformed', '5.1'],
  ['a space within the name', 'Transfer Encoding: chunked', 'malformed', '5.1'],
  ['CR within the name', 'Transfer\rEncoding: chunked', 'malformed', 'CVE-2020-8201'],
  ['a letter with an accent', 'Transfer-Encod\xefng: chunked', 'malformed', '5.1'],
  ['a quoted name', '"Transfer-Encoding": chunked', 'malformed', '5.1'],
  ['a semicolon for the colon', 'Transfer-Encoding; chunked', 'malformed', '5.1'],
  ['an equals sign for the colon', 'Transfer-Encoding= chunked', 'malformed', '5.1'],
  ['no colon', 'Transfer-Encoding chunked', 'malformed', 'CVE-2019-20444'],
  ['two colons', 'Transfer-Encoding:: chunked', 'unclear', '6.1'],
  ['an underscore for the hyphen', 'Transfer_Encoding: chunked', 'other', '5.1'],
  ['a dot for the hyphen', 'Transfer.Encoding: chunked', 'other', '5.1'],
  ['no hyphen', 'TransferEncoding: chunked', 'other', '5.1'],
  ['two hyphens', 'Transfer--Encoding: chunked', 'other', '5.1'],
  ['a letter too few', 'Transfer-Encodin: chunked', 'other', '5.1'],
  ['a letter too many', 'Transfer-Encodings: chunked', 'other', '5.1'],
  ['a prefix', 'X-Transfer-Encoding: chunked', 'other', '5.1'],
  ['a percent sign', 'Transfer%2dEncoding: chunked', 'other', '5.1'],
  ['TE', 'TE: chunked', 'other', 'RFC 9110 10.1.4'],
  ['Content-Encoding', 'Content-Encoding: chunked', 'other', 'RFC 9110 8.4'],
  ['another coding', 'Transfer-Encoding: gzip', 'unclear'],
  ['identity', 'Transfer-Encoding: identity', 'unclear', 'CVE-2021-33037'],
  ['identity before', 'Transfer-Encoding: identity, chunked', 'coding', 'CVE-2021-33037'],
  ['identity behind', 'Transfer-Encoding: chunked, identity', 'unclear', 'CVE-2021-33037'],
  ['another coding before', 'Transfer-Encoding: gzip, chunked', 'coding'],
  ['another coding behind', 'Transfer-Encoding: chunked, gzip', 'unclear', 'CVE-2021-33037'],
  ['an unknown coding behind', 'Transfer-Encoding: chunked, cow', 'unclear'],
  ['twice in a list', 'Transfer-Encoding: chunked, chunked', 'unclear'],
  ['an x before', 'Transfer-Encoding: xchunked', 'unclear'],
  ['an x behind', 'Transfer-Encoding: chunkedx', 'unclear'],
  ['twice in one word', 'Transfer-Encoding: chunkedchunked', 'unclear', 'CVE-2022-32213'],
  ['a letter too few in the coding', 'Transfer-Encoding: chunke', 'unclear'],
  ['a comma behind', 'Transfer-Encoding: chunked,', 'chunked'],
  ['a comma before', 'Transfer-Encoding: ,chunked', 'chunked'],
  ['a list of nothing', 'Transfer-Encoding: ,', 'unclear'],
  ['nothing', 'Transfer-Encoding:', 'unclear'],
  ['nothing but white space', 'Transfer-Encoding: \t ', 'unclear'],
  ['a parameter', 'Transfer-Encoding: chunked;q=1', 'unclear', '7'],
  ['a semicolon behind', 'Transfer-Encoding: chunked;', 'unclear', '7'],
  ['quoted', 'Transfer-Encoding: "chunked"', 'unclear'],
  ['quoted by apostrophes', "Transfer-Encoding: 'chunked'", 'unclear'],
  ['in brackets', 'Transfer-Encoding: [chunked]', 'unclear'],
  ['an escaped letter', 'Transfer-Encoding: chun\\ked', 'unclear'],
  ['a space within', 'Transfer-Encoding: chunk ed', 'unclear'],
  ['a space and another word', 'Transfer-Encoding: chunked cow', 'unclear'],
  ['another word and a space', 'Transfer-Encoding: cow chunked', 'unclear'],
  ['a colon before the coding', 'Transfer-Encoding: :chunked', 'unclear'],
  ['its own name once more', 'Transfer-Encoding: Transfer-Encoding: chunked', 'unclear'],
  ['a no-break space before', 'Transfer-Encoding: \xa0chunked', 'unclear', 'RFC 9110 5.5'],
  ['a no-break space behind', 'Transfer-Encoding: chunked\xa0', 'unclear', 'RFC 9110 5.5'],
  ['NEL behind', 'Transfer-Encoding: chunked\x85', 'unclear', 'RFC 9110 5.5'],
  ['a Kelvin sign for the k', 'Transfer-Encoding: chun\xe2\x84\xaaed', 'unclear', 'RFC 9110 5.5'],
  ['VT before the coding', 'Transfer-Encoding: \x0bchunked', 'malformed', 'CVE-2019-16789, CVE-2019-18277'],
  ['VT behind the coding', 'Transfer-Encoding: chunked\x0b', 'malformed', 'RFC 9110 5.5'],
  ['FF before the coding', 'Transfer-Encoding: \x0cchunked', 'malformed', 'RFC 9110 5.5'],
  ['NUL behind the coding', 'Transfer-Encoding: chunked\0', 'malformed', 'RFC 9110 5.5'],
  ['NUL before the coding', 'Transfer-Encoding: \0chunked', 'malformed', 'RFC 9110 5.5'],
  ['BS behind the coding', 'Transfer-Encoding: chunkedx\x08', 'malformed', 'RFC 9110 5.5'],
  ['DEL behind the coding', 'Transfer-Encoding: chunked\x7f', 'malformed', 'RFC 9110 5.5'],
  ['folded before the coding', 'Transfer-Encoding:\r\n chunked', 'malformed', 'CVE-2022-32215'],
  ['folded by HTAB', 'Transfer-Encoding:\r\n\tchunked', 'malformed', 'CVE-2022-32215'],
  [
    'folded behind the coding',
    'Transfer-Encoding: chunked\r\n , identity',
    'malformed',
    'CVE-2022-32213, CVE-2022-32215',
  ],
  ['folded behind a comma', 'Transfer-Encoding: chunked,\r\n identity', 'malformed', 'CVE-2022-32215'],
  ['an empty line folded', 'Transfer-Encoding: chunked\r\n ', 'malformed', '5.2'],
  ['in the next line', 'Transfer-Encoding:\r\nchunked', 'malformed', '5.1'],
  ['LF before the coding', 'Transfer-Encoding:\nchunked', 'malformed', 'CVE-2022-32214'],
  ['CR before the coding', 'Transfer-Encoding:\rchunked', 'malformed', 'CVE-2023-30589'],
  ['a bare LF at its end', 'Transfer-Encoding: chunked\nX: y', 'malformed', 'CVE-2022-35256'],
  ['a bare CR at its end', 'Transfer-Encoding: chunked\rX: y', 'malformed', 'CVE-2023-30589'],
  ['two CRs at its end', 'Transfer-Encoding: chunked\r', 'malformed', '2.2'],
  ['behind a bare LF', 'X: y\nTransfer-Encoding: chunked', 'malformed', 'CVE-2022-32214'],
  ['behind a bare CR', 'X: y\rTransfer-Encoding: chunked', 'malformed', 'CVE-2023-30589'],
  ['behind CRLF and CR', 'X: y\r\n\rTransfer-Encoding: chunked', 'malformed', 'CVE-2025-23167'],
  ['behind two LFs', 'X: y\n\nTransfer-Encoding: chunked', 'malformed', 'CVE-2022-32214'],
  ['behind an empty name', ': y\r\nTransfer-Encoding: chunked', 'malformed', 'CVE-2023-25725'],
  ['behind a line without a colon', 'X\r\nTransfer-Encoding: chunked', 'malformed', 'CVE-2019-20444'],
  ['within another value', 'X: y, Transfer-Encoding: chunked', 'other', '5.5'],
  [
    'named by Connection',
    'Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked',
    'chunked',
    'RFC 9110 7.6.1',
  ],
  ['twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'unclear', 'CVE-2020-8287'],
  ['identity in a line before', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked', 'coding'],
  [
    'identity in a line behind',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'unclear',
    'CVE-2020-8287',
  ],
  ['an unknown coding in a line behind', 'Transfer-Encoding: chunked\r\nTransfer-encoding: cow', 'unclear'],
  ['an empty line of it before', 'Transfer-Encoding:\r\nTransfer-Encoding: chunked', 'chunked'],
  ['an empty line of it behind', 'Transfer-Encoding: chunked\r\nTransfer-Encoding:', 'chunked'],
  ['a list of chunked and nothing', 'Transfer-Encoding: , \t,chunked ,, ', 'chunked'],
  ['in three lines', 'Transfer-Encoding: ,\r\nTransfer-Encoding: chunked\r\ntransfer-encoding:', 'chunked'],
  [
    'another coding with parameters before',
    'Transfer-Encoding: gzip ; a = "\\"," ;b=c, chunked',
    'coding',
    '7',
  ],
  ['two other codings in lines before', 'Transfer-Encoding: a,b\r\nTransfer-Encoding: c,chunked', 'coding'],
  ['chunked around another', 'Transfer-Encoding: chunked, gzip, chunked', 'unclear'],
  [
    'chunked around another, in lines',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip, chunked',
    'unclear',
  ],
  ['quoted in a parameter', 'Transfer-Encoding: gzip;a=",chunked"', 'unclear', '7'],
  ['behind a quote that is never closed', 'Transfer-Encoding: gzip;a=", chunked', 'unclear', '7'],
  ['behind an escaped quote', 'Transfer-Encoding: gzip;a="\\", chunked', 'unclear', '7'],
  ['a quote in the next line', 'Transfer-Encoding: gzip;a="\r\nTransfer-Encoding: ",chunked', 'unclear', '7'],
  ['behind a parameter without a value', 'Transfer-Encoding: gzip;a, chunked', 'unclear', '7'],
  ['behind a parameter without a name', 'Transfer-Encoding: gzip;=a, chunked', 'unclear', '7'],
  ['behind an empty value of a parameter', 'Transfer-Encoding: gzip;a=, chunked', 'unclear', '7'],
  ['behind an empty parameter', 'Transfer-Encoding: gzip;, chunked', 'unclear', '7'],
  ['behind a coding that is no token', 'Transfer-Encoding: g/zip, chunked', 'unclear'],
  ['behind a list by semicolons', 'Transfer-Encoding: gzip; chunked', 'unclear'],
  ['twice, the first with a parameter', 'Transfer-Encoding: chunked;a=b, chunked', 'unclear'],
  ['far from its second line', 'Transfer-Encoding: chunked\r\nX: y\r\ntransfer-encoding: x', 'unclear'],
];

/** Requests accepted and rejected if the lines stand alone, behind a Content-Length (CL.TE), or before one (TE.CL). */
const READINGS: Record<Reading, Record<string, Pick<ConversationCase, 'taken' | 'refused'>>> = {
  chunked: {
    alone: { taken: ['/a', '/next'] },
    'CL.TE': { taken: [], refused: 400 },
    'TE.CL': { taken: [], refused: 400 },
  },
  coding: {
    alone: { taken: [], refused: 501 },
    'CL.TE': { taken: [], refused: 400 },
    'TE.CL': { taken: [], refused: 400 },
  },
  unclear: {
    alone: { taken: [], refused: 400 },
    'CL.TE': { taken: [], refused: 400 },
    'TE.CL': { taken: [], refused: 400 },
  },
  malformed: {
    alone: { taken: [], refused: 400 },
    'CL.TE': { taken: [], refused: 400 },
    'TE.CL': { taken: [], refused: 400 },
  },
  // Content-Length alone frames: the bytes behind that content are a request, or there are none.
  other: {
    alone: { taken: ['/a'], refused: 400 },
    'CL.TE': { taken: ['/a', '/next'] },
    'TE.CL': { taken: ['/a', '/hidden'], refused: 400 },
  },
};

const transferEncodings = TRANSFER_ENCODINGS.flatMap(([name, lines, reading, section = '6.1']) => {
  const behindLength = `${LAST_CHUNK}${HIDDEN}`;
  const chunk = `${HIDDEN.length.toString(16)}\r\n`;
  const messages = {
    alone: post('/a', `${lines}\r\n`, LAST_CHUNK),
    'CL.TE': post('/a', `Content-Length: ${behindLength.length}\r\n${lines}\r\n`, behindLength),
    'TE.CL': post(
      '/a',
      `${lines}\r\nContent-Length: ${chunk.length}\r\n`,
      `${chunk}${HIDDEN}\r\n${LAST_CHUNK}`,
    ),
  };
  return Object.entries(messages).map(
    ([way, message]): ConversationCase => ({
      name: `${way}, Transfer-Encoding: ${name}`,
      section,
      input: message + NEXT,
      ...(READINGS[reading][way] as Pick<ConversationCase, 'taken' | 'refused'>),
    }),
  );
});

const transferEncodingElsewhere: ConversationCase[] = [
  ...['1.0', '0.9', '1.2', '2.0'].map((version): ConversationCase => {
    const input = post('/a', 'Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n', LAST_CHUNK);
    return {
      name: `Transfer-Encoding in HTTP/${version}`,
      section: '6.1, CVE-2021-33037',
      input: input.replace('HTTP/1.1', `HTTP/${version}`) + NEXT,
      ...(version === '1.2'
        ? { taken: ['/a', '/next'] }
        : { taken: [], refused: version === '1.0' ? 400 : 505 }),
    };
  }),
  ...['GET', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE'].map(
    (method): ConversationCase => ({
      name: `TE.0: chunks behind ${method}`,
      section: '6.3',
      input: post('/a', 'Transfer-Encoding: chunked\r\n', chunkOf(HIDDEN)).replace('POST', method) + NEXT,
      taken: ['/a', '/next'],
    }),
  ),
  {
    name: 'TE.0: chunks behind HEAD',
    section: '6.3',
    input: post('/a', 'Transfer-Encoding: chunked\r\n', chunkOf(HIDDEN)).replace('POST', 'HEAD') + NEXT,
    taken: ['/a', '/next'],
    heads: [0],
  },
];

const LENGTHS: [name: string, value: string, good: boolean, section?: string][] = [
  ['as it should be', '5', true],
  ['spaces around', '   5   ', true],
  ['tabs around', '\t5\t', true],
  ['a leading zero', '05', true],
  ['many leading zeros', `${'0'.repeat(300)}5`, true],
  ['a plus sign', '+5', false, 'CVE-2022-24801, CVE-2023-40167'],
  ['a minus sign', '-5', false, 'RFC 9110 8.6'],
  ['minus zero', '-0', false, 'RFC 9110 8.6'],
  ['a plus sign alone', '+', false, 'RFC 9110 8.6'],
  ['a space within', '5 0', false, 'CVE-2018-7159'],
  ['HTAB within', '5\t0', false, 'CVE-2018-7159'],
  ['a sign and a space', '+ 5', false, 'RFC 9110 8.6'],
  ['hexadecimal', '0x5', false, 'CVE-2022-24761'],
  ['hexadecimal without 0x', 'a', false, 'RFC 9110 8.6'],
  ['octal', '0o5', false, 'RFC 9110 8.6'],
  ['an underscore', '0_5', false, 'RFC 9110 8.6'],
  ['a fraction', '5.0', false, 'RFC 9110 8.6'],
  ['an exponent', '5e0', false, 'RFC 9110 8.6'],
  ['a comma behind', '5,', false, 'RFC 9110 8.6'],
  ['a comma before', ',5', false, 'RFC 9110 8.6'],
  ['a list of equal ones', '5, 5', false, '6.3'],
  ['a list of equal ones without a space', '5,5', false, '6.3'],
  ['a list of different ones', '5, 6', false, '6.3'],
  ['a semicolon', '5;', false, 'RFC 9110 8.6'],
  ['a colon before', ':5', false, 'RFC 9110 8.6'],
  ['quoted', '"5"', false, 'RFC 9110 8.6'],
  ['a word', 'five', false, 'RFC 9110 8.6'],
  ['a letter behind', '5b', false, 'CVE-2022-42252'],
  ['nothing', '', false, 'CVE-2023-40225'],
  ['white space alone', ' \t ', false, 'CVE-2023-40225'],
  ['VT before', '\x0b5', false, 'RFC 9110 5.5'],
  ['FF behind', '5\x0c', false, 'RFC 9110 5.5'],
  ['NUL behind', '5\0', false, 'RFC 9110 5.5'],
  ['a no-break space behind', '5\xa0', false, 'RFC 9110 5.5'],
  ['NEL before', '\x855', false, 'RFC 9110 5.5'],
  ['a superscript digit', '\xb9', false, 'RFC 9110 8.6'],
  ['an Arabic digit', '\xd9\xa5', false, 'RFC 9110 8.6'],
  ['a fullwidth digit', '\xef\xbc\x95', false, 'RFC 9110 8.6'],
  ['folded before', '\r\n 5', false, '5.2'],
  ['folded behind', '5\r\n 0', false, '5.2'],
  ['a bare LF behind', '5\nX: y', false, 'CVE-2022-32214'],
  ['a bare CR behind', '5\rX: y', false, 'CVE-2023-30589'],
  ['2^64 + 5', '18446744073709551621', false, 'CVE-2014-0099'],
  ['2^63', '9223372036854775808', false, 'RFC 9110 8.6'],
  ['2^53', '9007199254740992', false, 'RFC 9110 8.6'],
  ['a thousand digits', '5'.repeat(1000), false, 'RFC 9110 8.6'],
];

const lengths: ConversationCase[] = [
  ...LENGTHS.map(
    ([name, value, good, section = '6.2']): ConversationCase => ({
      name: `Content-Length: ${name}`,
      section,
      input: post('/a', `Content-Length:${value.startsWith('\r') ? '' : ' '}${value}\r\n`, 'Hello') + NEXT,
      ...(good ? { taken: ['/a', '/next'] } : { taken: [], refused: 400 }),
    }),
  ),
  // Valid numbers that are too large; wrapped to 32 bits they would be 5 or negative.
  ...['4294967301', '2147483648', '4294967295', '9007199254740991'].map(
    (value): ConversationCase => ({
      name: `Content-Length: ${value} does not wrap`,
      section: 'RFC 9110 8.6',
      input: post('/a', `Content-Length: ${value}\r\n`, 'Hello') + NEXT,
      taken: [],
      refused: 413,
    }),
  ),
];

/** Lines that one reader may take for Content-Length and another may not. */
const lengthLines: ConversationCase[] = [
  ...(
    [
      ['a space before the colon', 'Content-Length : N', 'CVE-2024-27982'],
      ['a space before the name', ' Content-Length: N', 'CVE-2024-27982'],
      ['HTAB before the colon', 'Content-Length\t: N', '5.1'],
      ['HTAB before the name', '\tContent-Length: N', '5.2'],
      ['NUL behind the name', 'Content-Length\0: N', '5.1'],
      ['a space within the name', 'Content Length: N', '5.1'],
      ['CR within the name', 'Content\rLength: N', 'CVE-2020-8201'],
      ['no colon', 'Content-Length N', 'CVE-2019-20444'],
      ['an empty name before it', ': x\r\nContent-Length: N', 'CVE-2023-25725'],
      ['behind a bare CR', 'X: y\rContent-Length: N', 'CVE-2023-30589'],
      ['behind a bare LF', 'X: y\nContent-Length: N', 'CVE-2022-35256'],
      ['behind a bare CR in an empty line', 'X:\r\n\rContent-Length: N', 'CVE-2025-23167'],
      ['behind an empty value and a bare CR', 'X:\rContent-Length: N', 'CVE-2023-30589'],
    ] as const
  ).map(
    ([name, line, section]): ConversationCase => ({
      name: `0.CL, Content-Length: ${name}`,
      section,
      input: post('/a', `${line.replace('N', `${HIDDEN.length}`)}\r\n`, HIDDEN) + NEXT,
      taken: [],
      refused: 400,
    }),
  ),
  ...[
    'Content_Length',
    'ContentLength',
    'Content-Lengt',
    'Content-Lengths',
    'X-Content-Length',
    'Content.Length',
    'Content--Length',
    'Content-Length0aaaaaaaaaaaaaaaaaaaa',
    `Content-Length0${'a'.repeat(255)}`,
  ].map(
    (field): ConversationCase => ({
      name: `${field.slice(0, 40)} (${field.length} bytes) is another field`,
      section: field.length > 255 ? 'CVE-2021-40346' : '5.1',
      input: post('/a', `${field}: ${HIDDEN.length}\r\n`, HIDDEN) + NEXT,
      taken: ['/a', '/hidden', '/next'],
    }),
  ),
  ...[
    ['5', '5'],
    ['5', '6'],
    ['6', '5'],
    ['0', '5'],
    ['5', '0'],
    ['0', '0'],
    ['5', '05'],
    ['5', ''],
    ['', '5'],
    ['5', '+5'],
    ['x', '5'],
    ['5', 'x'],
    ['5, 5', '5'],
    ['0', `${HIDDEN.length}`],
    [`${HIDDEN.length}`, '0'],
  ].flatMap(([first, second]): ConversationCase[] =>
    [
      `Content-Length: ${first}\r\nContent-Length: ${second}\r\n`,
      `content-length: ${first}\r\nX: y\r\nCONTENT-LENGTH: ${second}\r\n`,
    ].map((fields, i) => ({
      name: `CL.CL: ${JSON.stringify(first)} and ${JSON.stringify(second)}${i > 0 ? ', apart' : ''}`,
      section: '6.3, CVE-2019-20445',
      input: post('/a', fields, HIDDEN) + NEXT,
      taken: [],
      refused: 400,
    })),
  ),
  {
    name: 'Content-Length three times',
    section: '6.3',
    input: post('/a', 'Content-Length: 5\r\n'.repeat(3), 'Hello') + NEXT,
    taken: [],
    refused: 400,
  },
  {
    name: 'Content-Length named by Connection still counts',
    section: 'RFC 9110 7.6.1',
    input: post('/a', `Connection: Content-Length\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN) + NEXT,
    taken: ['/a', '/next'],
  },
  ...['GET', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE', 'post'].map(
    (method): ConversationCase => ({
      name: `CL.0: a request as the content of ${method}`,
      section: '6.3',
      input: post('/a', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN).replace('POST', method) + NEXT,
      taken: ['/a', '/next'],
    }),
  ),
  {
    name: 'CL.0: a request as the content of HEAD',
    section: '6.3',
    input: post('/a', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN).replace('POST', 'HEAD') + NEXT,
    taken: ['/a', '/next'],
    heads: [0],
  },
  {
    name: 'CL.0: a request as the content of HTTP/1.0 kept alive',
    section: '6.3',
    input:
      post('/a', `Connection: keep-alive\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN).replace(
        '1.1',
        '1.0',
      ) + NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'content without a length is the next request (HTTP/1.1)',
    section: '6.3',
    input: post('/a', '', HIDDEN) + NEXT,
    taken: ['/a', '/hidden', '/next'],
  },
  {
    name: 'content without a length, which HTTP/1.0 would end by closing',
    section: '6.3',
    input: post('/a', '', HIDDEN).replace('1.1', '1.0') + NEXT,
    taken: ['/a'],
    end: 'closed',
  },
  {
    name: 'a length one too short: the rest is no request',
    section: '6.3',
    input: post('/a', 'Content-Length: 4\r\n', 'Hello') + NEXT,
    // "oGET" is a method, though not a known one.
    taken: ['/a', '/next'],
  },
  {
    name: 'a length that cuts the next request in two',
    section: '6.3',
    input: post('/a', 'Content-Length: 9\r\n', 'Hello') + NEXT,
    taken: ['/a'],
    refused: 400,
  },
  {
    name: 'a length that is never reached',
    section: '6.3',
    input: post('/a', `Content-Length: ${HIDDEN.length + 1}\r\n`, HIDDEN),
    taken: [],
    end: 'unfinished',
  },
];

const expectations: ConversationCase[] = [
  {
    name: 'a request as content that was not asked for yet',
    section: 'RFC 9110 10.1.1',
    input: post('/a', `Expect: 100-continue\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN) + NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'an expectation without content',
    section: 'RFC 9110 10.1.1',
    input: get('/a', 'Expect: 100-continue\r\n') + NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'an expectation and two framings',
    section: '6.1',
    input:
      post('/a', `Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n`, LAST_CHUNK) +
      NEXT,
    taken: [],
    refused: 400,
  },
  ...[
    '100-continue, 100-continue',
    ',100-continue',
    '100-continue ,, ',
    '100-continue\r\nExpect: 100-CONTINUE',
  ].map(
    (expectation): ConversationCase => ({
      name: `a list of one expectation: ${JSON.stringify(expectation)}`,
      section: 'RFC 9110 5.6.1, 10.1.1',
      input: post('/a', `Expect: ${expectation}\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN) + NEXT,
      taken: ['/a', '/next'],
    }),
  ),
  ...[
    'y 100-continue',
    '100-continue, y',
    '100-continue\r\nExpect: y',
    'y\r\nExpect: 100-continue',
    '100-continue;a=b',
    '100-continue=a',
    'y="a,100-continue"',
    '100-continue;',
    '"100-continue"',
    '100_continue',
    '\x80100-continue',
  ].map(
    (expectation): ConversationCase => ({
      name: `an expectation only like it: ${expectation}`,
      section: 'RFC 9110 10.1.1',
      input: post('/a', `Expect: ${expectation}\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN) + NEXT,
      taken: [],
      refused: 417,
    }),
  ),
  {
    name: 'a folded expectation',
    section: '5.2',
    input: post('/a', `Expect:\r\n 100-continue\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN) + NEXT,
    taken: [],
    refused: 400,
  },
];

/** After a response with the close option, the server sends nothing more on the connection (RFC 9112 9.6). */
const afterTheEnd: ConversationCase[] = [
  {
    name: 'a request behind Connection: close',
    section: '9.6',
    input: get('/a', 'Connection: close\r\n') + HIDDEN,
    taken: ['/a'],
    end: 'closed',
  },
  {
    name: 'a request behind content and Connection: close',
    section: '9.6',
    input: post('/a', 'Connection: close\r\nContent-Length: 5\r\n', `Hello${HIDDEN}`),
    taken: ['/a'],
    end: 'closed',
  },
  {
    name: 'a request behind HTTP/1.0',
    section: '9.3',
    input: get('/a').replace('1.1', '1.0') + HIDDEN,
    taken: ['/a'],
    end: 'closed',
  },
  {
    name: 'a request behind a refused request',
    section: '9.6',
    input: get('/a') + get('/b', 'Host: b\r\n') + HIDDEN,
    taken: ['/a'],
    refused: 400,
  },
  {
    name: 'a request behind content that is too large',
    section: '9.6',
    input: post('/a', 'Content-Length: 100001\r\n', HIDDEN) + NEXT,
    taken: [],
    refused: 413,
  },
  {
    name: 'several requests, each the content of the one before',
    section: '6.3',
    input:
      post('/a', `Content-Length: ${post('/b', 'Content-Length: 9\r\n', 'Hello').length}\r\n`, '') +
      post('/b', 'Content-Length: 9\r\n', 'Hello') +
      NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'a response as content',
    section: '6.3',
    input: post('/a', 'Content-Length: 38\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n') + NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'a response in the place of a request',
    section: '3',
    input: `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${NEXT}`,
    taken: [],
    refused: 400,
  },
];

/** Content in one chunk. */
function chunkOf(content: string): string {
  return `${content.length.toString(16)}\r\n${content}\r\n${LAST_CHUNK}`;
}

export const smugglingCases: ConversationCase[] = [
  ...transferEncodings,
  ...transferEncodingElsewhere,
  ...lengths,
  ...lengthLines,
  ...expectations,
  ...afterTheEnd,
];
