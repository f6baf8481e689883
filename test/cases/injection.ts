// Bytes that look like line ends but are not, and requests and fields injected by them; Host fields that name two hosts;
// and bytes that are no HTTP/1 at all (RFC 9112 2.2, 3.2, 5; 11.1).

import { type ConversationCase, get, HIDDEN, NEXT, post } from './case.ts';

const refuse = (
  name: string,
  section: string,
  input: string,
  status = 400,
  taken: string[] = [],
): ConversationCase => ({ name, section, input, taken, refused: status });

const line = (requestLine: string): string => `${requestLine}\r\nHost: a\r\n\r\n`;

/** Bytes that a parser may mistake for the end of a line or of a head. */
const lineEnds: ConversationCase[] = [
  ...(
    [
      ['LF everywhere', 'GET /a HTTP/1.1\nHost: a\n\n', 'CVE-2022-32214'],
      ['LF behind the request line', 'GET /a HTTP/1.1\nHost: a\r\n\r\n', 'CVE-2022-32214'],
      ['LF behind a field', 'GET /a HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 'CVE-2022-32214'],
      ['LF for the empty line', 'GET /a HTTP/1.1\r\nHost: a\r\n\n', 'CVE-2022-32214'],
      ['two LFs for the empty line', 'GET /a HTTP/1.1\r\nHost: a\n\n', 'CVE-2022-32214'],
      ['CR everywhere', 'GET /a HTTP/1.1\rHost: a\r\r', 'CVE-2023-30589'],
      ['CR behind the request line', 'GET /a HTTP/1.1\rHost: a\r\n\r\n', 'CVE-2023-30589'],
      ['CR behind a field', 'GET /a HTTP/1.1\r\nHost: a\rX: y\r\n\r\n', 'CVE-2023-30589'],
      ['CR behind an empty value', 'GET /a HTTP/1.1\r\nHost: a\r\nX:\rY: z\r\n\r\n', 'CVE-2023-30589'],
      ['CR for the empty line', 'GET /a HTTP/1.1\r\nHost: a\r\n\r', 'CVE-2025-23167'],
      ['CR and a byte for the empty line', 'GET /a HTTP/1.1\r\nHost: a\r\n\rX', 'CVE-2025-23167'],
      ['two CRs for the empty line', 'GET /a HTTP/1.1\r\nHost: a\r\r', 'CVE-2023-30589'],
      ['CR CR LF behind the request line', 'GET /a HTTP/1.1\r\r\nHost: a\r\n\r\n', '2.2'],
      ['CR CR LF behind a field', 'GET /a HTTP/1.1\r\nHost: a\r\r\n\r\n', '2.2'],
      ['CR CR LF for the empty line', 'GET /a HTTP/1.1\r\nHost: a\r\n\r\r\n', '2.2'],
      ['LF CR behind a field', 'GET /a HTTP/1.1\r\nHost: a\n\r\n\r', '2.2'],
      ['a space in the empty line', 'GET /a HTTP/1.1\r\nHost: a\r\n \r\n', '2.2'],
      ['a space before the first field', 'GET /a HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n', '2.2'],
      ['a folded request line', 'GET /a\r\n HTTP/1.1\r\nHost: a\r\n\r\n', '3'],
      ['a folded Host', 'GET /a HTTP/1.1\r\nHost:\r\n a\r\n\r\n', '5.2'],
      ['a folded field', 'GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n', 'CVE-2022-32213'],
      [
        'a fold that hides a field',
        'GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 9\r\n\r\n',
        '5.2',
      ],
      ['NEL for CRLF', 'GET /a HTTP/1.1\x85Host: a\x85\x85', '2.2'],
      ['VT for CRLF', 'GET /a HTTP/1.1\x0bHost: a\x0b\x0b', '2.2'],
      ['NUL for CRLF', 'GET /a HTTP/1.1\0Host: a\0\0', '2.2'],
      ['an escaped CRLF', 'GET /a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n', '2.2'],
    ] as const
  ).map(([name, head, section]) => refuse(name, section, head + HIDDEN)),
  {
    name: 'one empty line between two requests',
    section: '2.2',
    input: `${get('/a')}\r\n${NEXT}`,
    taken: ['/a', '/next'],
  },
  refuse('two empty lines between two requests', '2.2', `${get('/a')}\r\n\r\n${HIDDEN}`, 400, ['/a']),
  refuse('a bare LF between two requests', '2.2', `${get('/a')}\n${HIDDEN}`, 400, ['/a']),
  refuse('a bare CR between two requests', '2.2', `${get('/a')}\r${HIDDEN}`, 400, ['/a']),
  refuse('a space between two requests', '2.2', `${get('/a')} ${HIDDEN}`, 400, ['/a']),
  refuse('NUL between two requests', '2.2', `${get('/a')}\0${HIDDEN}`, 400, ['/a']),
  refuse('empty lines without end', '2.2', '\r\n'.repeat(1000)),
];

/** A target or a value that holds text of an attacker, since a client did not check it. */
const injections: ConversationCase[] = [
  ...(
    [
      ['CRLF', '/a\r\nX: y', '3.2'],
      ['LF', '/a\nX: y', '3.2'],
      ['CR', '/a\rX: y', '3.2'],
      ['a space', '/a b', '3.2'],
      ['two spaces', '/a  b', '3.2'],
      ['HTAB', '/a\tb', '3.2'],
      ['VT', '/a\x0bb', '3.2'],
      ['NUL', '/a\0b', '3.2'],
      ['a space and another version', '/a HTTP/1.0', 'CVE-2023-25690'],
      ['a letter whose low byte is LF', '/\xc4\x8a', 'CVE-2018-12116'],
      ['a letter whose low byte is CR', '/\xc4\x8d', 'CVE-2018-12116'],
      ['a no-break space', '/a\xa0b', '3.2'],
      ['NEL', '/a\x85b', '3.2'],
      ['a fragment', '/a#b', 'CVE-2023-45539'],
      ['a backslash', '/a\\..\\b', '3.2'],
      ['a quote', '/a"', '3.2'],
      ['a script', '/<script>', '3.2'],
    ] as const
  ).map(([name, target, section]): ConversationCase => {
    return refuse(`target: ${name}`, section, line(`GET ${target} HTTP/1.1`) + HIDDEN);
  }),
  ...[
    '/a%0d%0aX:%20y',
    '/a%0aX:%20y',
    '/%00',
    '/a%20HTTP/1.1',
    '/%c4%8a',
    '/../..//etc',
    '/%2e%2e/',
    '/;/?=&',
    '//b/c',
  ].map(
    (target): ConversationCase => ({
      name: `a target that is only a target: ${target}`,
      section: '3.2',
      input: get(target) + NEXT,
      taken: [target, '/next'],
    }),
  ),
  ...(
    [
      ['LF', 'y\nContent-Length: 9', 'CVE-2022-35256'],
      ['LF and an empty line', `y\n\n${HIDDEN}`, 'CVE-2022-35256'],
      ['CR', 'y\rContent-Length: 9', 'CVE-2023-30589'],
      ['CR and an empty line', `y\r\r${HIDDEN}`, 'CVE-2023-30589'],
      ['NUL', 'y\0z', 'RFC 9110 5.5'],
      ['ESC', '\x1b]0;y\x07', 'RFC 9110 5.5'],
      ['BS', 'y\x08\x08', 'RFC 9110 5.5'],
      ['DEL', 'y\x7f', 'RFC 9110 5.5'],
      ['VT', 'y\x0bz', 'RFC 9110 5.5'],
      ['CRLF and a second Host', 'y\r\nHost: b', '3.2'],
      ['CRLF and a second Content-Length', 'y\r\nContent-Length: 0\r\nContent-Length: 9', '6.3'],
      ['CRLF and both framings', 'y\r\nContent-Length: 0\r\nTransfer-Encoding: chunked', '6.1'],
      ['CRLF and a line of its own', 'y\r\n<script>', '5.1'],
      ['CRLF and a space', 'y\r\n z', '5.2'],
      ['CRLF and an empty name', 'y\r\n: z', 'CVE-2023-25725'],
    ] as const
  ).map(([name, value, section]) => refuse(`value: ${name}`, section, get('/a', `X: ${value}\r\n`) + HIDDEN)),
  ...(
    [
      ['NEL', 'y\x85Content-Length: 9'],
      ['a line separator in UTF-8', 'y\xe2\x80\xa8Content-Length: 9'],
      ['a letter whose low bytes are CR and LF', 'y\xe5\x98\x8d\xe5\x98\x8aContent-Length: 9'],
      ['an escaped CRLF', 'y%0d%0aContent-Length: 9'],
      ['an escaped CRLF with backslashes', 'y\\r\\nContent-Length: 9'],
      ['a colon and a name', 'Content-Length: 9'],
      ['HTAB', 'y\tContent-Length:\t9'],
    ] as const
  ).map(
    ([name, value]): ConversationCase => ({
      name: `a value that is only a value: ${name}`,
      section: 'RFC 9110 5.5',
      input: get('/a', `X: ${value}\r\n`) + NEXT,
      taken: ['/a', '/next'],
    }),
  ),
  // A line or a request that a proxy or a client was tricked into writing counts as a line or a request.
  {
    name: 'target: a version, CRLF and a field',
    section: 'CVE-2023-25690',
    input: line('GET /a HTTP/1.1\r\nX: y HTTP/1.1') + NEXT,
    taken: ['/a', '/next'],
  },
  {
    name: 'target: a whole request',
    section: 'CVE-2018-12116',
    input: line('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1') + NEXT,
    taken: ['/a', '/b', '/next'],
  },
  {
    name: 'value: CRLF and a whole request',
    section: '11.1',
    input: get('/a', `X: y\r\n\r\n${get('/b').slice(0, -4)}\r\n`) + NEXT,
    taken: ['/a', '/b', '/next'],
  },
];

const names: ConversationCase[] = [
  ...[
    '\0',
    '\x01',
    '\x08',
    '\t',
    '\x0b',
    '\x0c',
    '\r',
    '\n',
    '\x1b',
    ' ',
    '"',
    '(',
    ')',
    ',',
    '/',
    ';',
    '<',
    '=',
    '>',
    '?',
    '@',
    '[',
    '\\',
    ']',
    '{',
    '}',
    '\x7f',
    '\x80',
    '\xa0',
    '\xff',
  ].map((byte) =>
    refuse(`name: ${JSON.stringify(byte)}`, '5.1, CVE-2021-43797', get('/a', `X${byte}Y: z\r\n`) + HIDDEN),
  ),
  ...['', ' ', '\t'].map((name) =>
    refuse(
      `name: ${JSON.stringify(name)} alone`,
      '5.1, CVE-2023-25725',
      get('/a', `${name}: z\r\n`) + HIDDEN,
    ),
  ),
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', '0', '-', "'", '*'].map(
    (name): ConversationCase => ({
      name: `name: ${name} is one like any other`,
      section: '5.1',
      input: get('/a', `${name}: z\r\n${name}: {}\r\n`) + NEXT,
      taken: ['/a', '/next'],
    }),
  ),
];

const hosts: ConversationCase[] = [
  ...(
    [
      ['two lines', 'Host: a\r\nHost: b'],
      ['two equal ones', 'Host: a\r\nHost: a'],
      ['two, apart and in capitals', 'Host: a\r\nX: y\r\nHOST: b'],
      ['none', 'X: y'],
      ['names like it', 'Hostt: a\r\nX-Host: a\r\nX-Forwarded-Host: a\r\nHos: a'],
      ['a space before its colon', 'Host : a'],
      ['a space before its name', 'X: y\r\n Host: a'],
      ['two in a list', 'Host: a, b'],
      ['two with a space', 'Host: a b'],
      ['user information', 'Host: a@b'],
      ['user information with a port', 'Host: a:80@b'],
      ['a port with a letter', 'Host: a:80b'],
      ['a negative port', 'Host: a:-1'],
      ['two ports', 'Host: a:80:81'],
      ['a path', 'Host: a/b'],
      ['a query', 'Host: a?b'],
      ['a fragment', 'Host: a#b'],
      ['a scheme', 'Host: http://a'],
      ['a backslash', 'Host: a\\b'],
      ['a bracket left open', 'Host: [::1'],
      ['a bracket and more', 'Host: [::1]b'],
      ['an address without brackets', 'Host: ::1'],
      ['an address of other letters', 'Host: [g::1]'],
      ['nothing in brackets', 'Host: []'],
      ['NUL', 'Host: a\0b'],
      ['a quote', 'Host: "a"'],
      ['a script', 'Host: <script>'],
      ['an accent', 'Host: \xe4'],
      ['a no-break space', 'Host: a\xa0'],
      ['a folded value', 'Host: a\r\n b'],
    ] as const
  ).map(([name, lines]) => refuse(`Host: ${name}`, '3.2', `GET /a HTTP/1.1\r\n${lines}\r\n\r\n${HIDDEN}`)),
  ...['http://b/a', 'http://b:8080/a', 'HTTPS://B/a', 'http://[::1]/a', 'http://b?a'].map(
    (target): ConversationCase => ({
      name: `absolute-form and another Host: ${target}`,
      section: '3.2.2',
      input: get(target) + NEXT,
      taken: [target, '/next'],
      ...(/^https:/i.test(target) && { misdirected: [0] }),
    }),
  ),
  refuse('absolute-form without Host', '3.2.2', `GET http://a/ HTTP/1.1\r\n\r\n${HIDDEN}`),
  refuse('absolute-form with two Hosts', '3.2.2', get('http://a/', 'Host: a\r\n') + HIDDEN),
  ...[
    'http://a@b/',
    'http://a:b@c/',
    'http://a\\b/',
    'http://a,b/',
    'http:///a',
    'http:a',
    'http:/a',
    'http//a',
    '//',
    'http://a:80b/',
    'http://[a/',
    'javascript:a',
    'file:///a',
    'a',
    '?a',
    '@b/a',
    ':80/a',
    '.',
    '%2f',
    'a/b',
    '*/a',
  ].map((target): ConversationCase => {
    if (target === '//' || target === 'http://a,b/')
      // Strange, but valid by the grammar: an empty first segment, and a comma in a reg-name.
      return {
        name: `target: ${target}`,
        section: '3.2',
        input: get(target) + NEXT,
        taken: [target, '/next'],
      };
    return refuse(`target: ${target}`, '3.2', get(target) + HIDDEN);
  }),
  refuse('CONNECT', '3.2.3', line('CONNECT a:80 HTTP/1.1') + HIDDEN, 501),
  refuse('CONNECT with a path', '3.2.3', line('CONNECT /a HTTP/1.1').replace('/a', 'a') + HIDDEN, 501),
  refuse('an asterisk and GET', '3.2.4', line('GET * HTTP/1.1') + HIDDEN),
];

/** Bytes of other protocols that arrive at this port. */
const otherProtocols: ConversationCase[] = [
  refuse('HTTP/0.9', 'RFC 9110 2.5', 'GET /a\r\n'),
  refuse('HTTP/0.9 and LF', 'RFC 9110 2.5, CVE-2017-7656', 'GET /a\n'),
  refuse('HTTP/0.9 behind a request', 'CVE-2017-7656', `${get('/a')}GET /b\r\n${HIDDEN}`, 400, ['/a']),
  refuse('HTTP/0.9 with its version in the request line', 'RFC 9110 2.5', line('GET /a HTTP/0.9'), 505),
  refuse('HTTP/2 with its version in the request line', 'RFC 9110 2.5', line('GET /a HTTP/2.0'), 505),
  refuse('HTTP/2 without a minor version', '2.3', line('GET /a HTTP/2')),
  refuse('the preface of HTTP/2', 'RFC 9113 3.4', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'),
  refuse(
    'the preface of HTTP/2 behind an upgrade that is not taken',
    'RFC 9110 7.8',
    `${get('/a', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    400,
    ['/a'],
  ),
  {
    name: 'an upgrade to WebSocket that is not taken',
    section: 'RFC 9110 7.8',
    input: get('/a', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n') + NEXT,
    taken: ['/a', '/next'],
  },
  refuse('a TLS hello', 'RFC 8446 4.1.2', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'),
  refuse('a TLS alert', 'RFC 8446 6', '\x15\x03\x01\0\x02\x02\x28'),
  refuse('SSLv2', 'RFC 5246 E.2', '\x80\x2e\x01\x03\x01'),
  refuse('SSH', 'RFC 4253 4.2', 'SSH-2.0-client\r\n'),
  refuse('SMTP', 'RFC 5321 4.1', 'EHLO a\r\n'),
  refuse('POP3', 'RFC 1939 5', 'QUIT\r\n'),
  refuse('RTSP', 'RFC 7826 20.1', line('OPTIONS * RTSP/1.0')),
  refuse('ICAP', 'RFC 3507 4.3', line('OPTIONS * ICAP/1.0')),
  refuse('SIP', 'RFC 3261 7.1', line('OPTIONS * SIP/2.0')),
  refuse('PROXY protocol, 1', '3', `PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n${HIDDEN}`),
  refuse('PROXY protocol, 2', '3', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'),
  refuse('Redis', '3', '*1\r\n$4\r\nPING\r\n'),
  refuse('memcached', '3', 'stats\r\n'),
  refuse('AMQP', '3', 'AMQP\0\0\x09\x01'),
  refuse('JSON', '3', '{"a":1}\r\n'),
  refuse('a FastCGI record', '3', '\x01\x01\0\x01\0\x08\0\0'),
  refuse('SOCKS 5', 'RFC 1928 3', '\x05\x01\0'),
  refuse('UTF-16', '3', 'G\0E\0T\0 \0/\0'),
  refuse('a byte order mark', '3', `\xef\xbb\xbf${HIDDEN}`),
  refuse('all bytes', '3', Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')),
];

/** Pipelined requests: the first one has no effect on the second. */
const pipelines: ConversationCase[] = [
  {
    name: 'every kind of content, one after the other',
    section: '9.3.2',
    input:
      get('/a') +
      post('/b', 'Content-Length: 5\r\n', 'Hello') +
      post('/c', 'Transfer-Encoding: chunked\r\n', '5\r\nHello\r\n0\r\n\r\n') +
      post('/d', 'Content-Length: 0\r\n', '') +
      post('/e', 'Transfer-Encoding: chunked\r\n', '0\r\nX: y\r\n\r\n') +
      NEXT,
    taken: ['/a', '/b', '/c', '/d', '/e', '/next'],
  },
  refuse(
    'a good Host does not serve for the next request',
    '3.2',
    `${get('/a')}GET /b HTTP/1.1\r\n\r\n${HIDDEN}`,
    400,
    ['/a'],
  ),
  {
    name: 'Content-Length does not serve for the next request',
    section: '6.3',
    input: post('/a', 'Content-Length: 5\r\n', 'Hello') + post('/b', '', '') + NEXT,
    taken: ['/a', '/b', '/next'],
  },
  {
    name: 'keep-alive does not serve for the next request',
    section: '9.3',
    input: `GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n${HIDDEN}`,
    taken: ['/a', '/b'],
    end: 'closed',
  },
  {
    name: 'a method of the first does not serve for the next',
    section: 'RFC 9110 9.3.2',
    input: `${get('/a').replace('GET', 'HEAD')}${NEXT}${NEXT.replace('GET', 'HEAD')}${NEXT}`,
    taken: ['/a', '/next', '/next', '/next'],
    heads: [0, 2],
  },
];

export const injectionCases: ConversationCase[] = [
  ...lineEnds,
  ...injections,
  ...names,
  ...hosts,
  ...otherProtocols,
  ...pipelines,
];
