// Requests composed from the parts of the grammar (RFC 9112). Most are valid, so that parsing reaches the later
// parts, and odd and hostile parts are mixed in. Arbitraries of fast-check; all text is Latin-1.

import fc, { type Arbitrary } from 'fast-check';

const CRLF = '\r\n';

/** Picks among values and arbitraries, each with its weight. */
function weighted(...choices: [weight: number, choice: string | Arbitrary<string>][]): Arbitrary<string> {
  return fc.oneof(
    ...choices.map(([weight, choice]) => ({
      weight,
      arbitrary: typeof choice === 'string' ? fc.constant(choice) : choice,
    })),
  );
}

const among = (...texts: string[]): Arbitrary<string> => fc.constantFrom(...texts);
const text = (units: string, minLength: number, maxLength: number): Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...units), minLength, maxLength });
const joined = (...parts: (string | Arbitrary<string>)[]): Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((texts) => texts.join(''));
const repeated = (unit: string, ...sizes: number[]): Arbitrary<string> =>
  fc.constantFrom(...sizes).map((size) => unit.repeat(size));

const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const octets = fc.array(octet, { maxLength: 6 }).map((all) => all.join(''));
const token = text("aZ09!#$%&'*+-.^_`|~", 1, 20);

// The request line (RFC 9112 3).

const method = weighted(
  [36, 'GET'],
  [24, 'POST'],
  [12, 'HEAD'],
  [12, among('PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE')],
  [
    1,
    among('CONNECT', 'PRI', 'QUERY', 'PROPFIND', 'M-SEARCH', 'SOURCE', 'SETUP', 'get', 'GETS', 'GE', 'HEADS'),
  ],
  [2, token],
  [1, repeated('M', 31, 32, 33, 100)],
);
const host = weighted(
  [20, among('a', 'example.org', '127.0.0.1:8080', '[::1]:80', 'a:', 'A-b.c_d~e')],
  [4, text('a1.-_~!$&()*+,;=%', 1, 20)],
  [1, text('0123456789abcdef:.[]', 1, 20)],
  [2, joined('[', text('1af:', 2, 14), among(']', ':]', '::]', ':1.2.3.4]', '::1.2.3.4]'))],
  [1, joined('[v', text('1aZ.:-%', 1, 6), ']')],
  [1, among('%41', 'a%2', '%zz', 'a%4g:1', '[::]', '[::1%25lo]', '[1:2:3:4:5:6:7::]', '[::256.0.0.1]')],
  [1, among('', 'a b', 'u@a', 'a/b', 'a:b', 'a,b', '[::1', '[]', 'a:80:80', '[::1]a', 'a\\b', '"a"', '\xe9')],
);
const path = text("/a0.-_~%20:@!$&'()*+,;=?[]{}|^`", 0, 40);
const target = weighted(
  [30, '/'],
  [24, joined('/', path)],
  // Paths that have a response of their own (subject.ts), and some that look like them.
  [
    10,
    among(
      '/a',
      '/a?b',
      '/a/b',
      '/a/',
      '/a%3F',
      `/${'a'.repeat(22)}`,
      `/${'a'.repeat(21)}b`,
      `/${'a'.repeat(22)}?`,
    ),
  ],
  [8, joined(among('http', 'https', 'HTTP', 'hTTps'), '://', host, among('', '/', '?q', '/a?b'))],
  [1, among('*', '**', 'a:80', 'http://', 'https:/a', 'ftp://a/', 'http://u:p@a/', '//a', '/#f', 'x', '')],
  [1, joined('/', octets)],
  [1, repeated('/', 23, 24, 25, 200, 8192, 8193)],
);
const version = weighted(
  [50, 'HTTP/1.1'],
  [8, 'HTTP/1.0'],
  [
    1,
    among('HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/3.0', 'HTTP/1.10', 'HTTP/1', 'http/1.1', ''),
  ],
);
const requestLine = weighted(
  [60, joined(method, ' ', target, ' ', version, CRLF)],
  [
    1,
    joined(
      method,
      among(' ', '  ', '\t'),
      target,
      among(' ', '\t', '  '),
      version,
      among(CRLF, '\n', '\r', ' \r\n'),
    ),
  ],
);

// Field lines (RFC 9112 5), with the fields that the server interprets among them.

const ows = weighted([8, ' '], [2, ''], [1, among('\t', '  ', ' \t ')]);
const valueBytes = text('a9 \t:;,="/()<>@[]{}\x80\xff\'', 0, 30);
const letterCase = (name: string): Arbitrary<string> =>
  weighted([4, name], [2, name.toLowerCase()], [1, name.toUpperCase()]);
const line = (name: string | Arbitrary<string>, value: Arbitrary<string>): Arbitrary<string> =>
  joined(name, ':', ows, value, weighted([8, ''], [1, among(' ', '\t', '  ')]), CRLF);

const hostLine = line(letterCase('Host'), host);
const options = among(
  'close',
  'keep-alive',
  'Close',
  'Keep-Alive',
  'upgrade',
  'te',
  'x',
  '',
  'closed',
  '"close"',
);
const connectionLine = line(
  letterCase('Connection'),
  weighted(
    [3, options],
    [1, fc.array(options, { maxLength: 4 }).map((all) => all.join(', '))],
    [1, fc.array(options, { maxLength: 4 }).map((all) => all.join(' ,'))],
  ),
);
const lengthValue = weighted(
  [4, fc.integer({ min: 0, max: 40 }).map(String)],
  [
    1,
    among('00', '007', '12', '13', '100000', '100001', '4294967296', '9007199254740991', '9007199254740992'),
  ],
  [1, among('', '+1', '-1', '0x1', '1,1', '1, 1', '1 1', '1.0', '1e1', '18446744073709551616', '\xb2', 'a')],
);
const codingValue = weighted(
  [12, among('chunked', 'Chunked', 'CHUNKED')],
  [
    1,
    among(
      'gzip, chunked',
      'chunked, chunked',
      'chunked,',
      'identity',
      'xchunked',
      'chunkedx',
      '',
      ',chunked',
    ),
  ],
  [1, text('a,; ="\\', 0, 10)],
  [1, joined(text(',\t ', 0, 4), 'chunked', text(',\t ', 0, 4))],
  [1, joined('gzip', text('a;=", ', 0, 8), among('', ',chunked', '", chunked', '="\\",", chunked'))],
  [
    1,
    among(
      'chunked;q=1',
      '"chunked"',
      'chunke',
      'gzip',
      '\x0bchunked',
      'chunked\x0b',
      'chun ked',
      ' chunked ',
    ),
  ],
);
const expectation = weighted(
  [4, among('100-continue', '100-Continue', '100-continue,100-continue', ', 100-continue', ',')],
  [1, among('100-continue, x', 'x', '', '100_continue')],
);
const entityTag = weighted(
  [4, among('"a"', 'W/"a"', '"b"', '""', '"a,b"', '"\xe9"')],
  [1, among('*', 'a', 'w/"a"', 'W/', '"a', '"', '"a b"', '')],
  [1, text('W/"a,* ', 0, 8)],
);
const httpDate = weighted(
  [
    3,
    among(
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      'Sun, 06 Nov 1994 08:49:36 GMT',
      'Tue, 29 Feb 2000 00:00:00 GMT',
      'Wednesday, 06-Nov-44 08:49:38 GMT',
    ),
  ],
  [1, joined('Sun, ', text('0123', 2, 2), ' Feb ', text('019', 4, 4), ' ', text('0126:', 8, 8), ' GMT')],
  [1, text('Sunday, 06-Nov 94:GMT', 22, 34)],
);
const conditionLines = weighted(
  [3, line(letterCase('If-None-Match'), entityTag)],
  [2, line(letterCase('If-None-Match'), joined(entityTag, among(',', ', ', ' ,\t', ' '), entityTag))],
  [1, joined(line('If-None-Match', entityTag), line('if-none-match', entityTag))],
  [3, line(letterCase('If-Modified-Since'), httpDate)],
  [1, joined(line('If-Modified-Since', httpDate), line(letterCase('If-None-Match'), entityTag))],
  [1, joined(line('If-Modified-Since', httpDate), line('If-Modified-Since', httpDate))],
);
const upgradeLines = joined(
  line('Connection', among('upgrade', 'Upgrade, HTTP2-Settings', 'keep-alive, upgrade')),
  line('Upgrade', among('websocket', 'h2c', 'TLS/1.0')),
);
const otherLine = weighted(
  [24, line(among('A', 'Accept', 'Cookie', 'User-Agent', 'X-Forwarded-For'), valueBytes)],
  [8, line(token, valueBytes)],
  [
    1,
    line(
      among('Hosts', 'Content-Lengths', 'Transfer-Encodinf', 'Content_Length', 'Keep-Alive', 'Te'),
      lengthValue,
    ),
  ],
  [1, line(token, octets)],
  [1, line(repeated('n', 15, 16, 17, 64), repeated('v', 0, 15, 16, 17, 64, 300))],
);
const brokenLine = weighted(
  [2, joined(token, among(' :', '\t:', '', ' ', '\r:', ': \r\n b', ':\n'), valueBytes, CRLF)],
  [
    1,
    joined(letterCase('Transfer-Encoding'), among(' : ', ':\x0b', '\x0b:', ':\r\n ', ':'), 'chunked', CRLF),
  ],
  [1, joined(letterCase('Content-Length'), among(' : ', ':\x0b', '\x0b:', ':\r\n ', ':'), '5', CRLF)],
  [1, joined(octets, ':', octets, CRLF)],
  [1, among(': x\r\n', ' A: b\r\n', 'A: b\n', 'A: b\r', 'A: b\r\r\n', '\r', '\n')],
);
const otherLines = weighted(
  [20, ''],
  [30, fc.array(otherLine, { maxLength: 4 }).map((lines) => lines.join(''))],
  [3, fc.array(fc.oneof(otherLine, brokenLine), { maxLength: 4 }).map((lines) => lines.join(''))],
  [1, repeated('a:\r\n', 2, 3, 4, 99, 100, 101, 255, 256, 257)],
);
const looseLines = weighted(
  [14, ''],
  [6, connectionLine],
  [2, upgradeLines],
  [4, conditionLines],
  [3, line(letterCase('Expect'), expectation)],
  [1, line(letterCase('Content-Length'), lengthValue)],
  [1, line(letterCase('Transfer-Encoding'), codingValue)],
  [1, hostLine],
);

// The content (RFC 9112 6 and 7), with the field lines that frame it.

const data = weighted(
  [4, text('xyz', 0, 20)],
  [1, among('0\r\n\r\n', 'GET / HTTP/1.1\r\n', '\r\n', '5\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  [1, octets],
);
const extension = weighted(
  [24, ''],
  [6, joined(';', token, weighted([1, ''], [1, joined('=', token)], [1, joined('="', valueBytes, '"')]))],
  [1, joined(';', valueBytes)],
  [1, among(';', ' ;a', ';a ', ' ', '\t', ';a=', ';=b', ';a;;b', ';a="\\""', ';a="', ';\xff')],
  [1, text(';=a" \t\\,', 1, 12)],
  [1, among('\t; a =\t"b" ; c', ';a="\\""', ';a="b" ', ';a="b"c', ';a="\r\n0\r\n\r\n"', ';a="\\\r\n"')],
  [1, repeated(';e', 2, 2047, 2048, 2049)],
);
const sizeOf = (size: number): Arbitrary<string> =>
  weighted([8, size.toString(16)], [1, size.toString(16).toUpperCase()], [1, `000${size.toString(16)}`]);
const chunk = data
  .filter((content) => content !== '')
  .chain((content) => joined(sizeOf(content.length), extension, CRLF, content, CRLF));
const brokenChunk = among(
  '5 \r\nHello\r\n',
  '5\nHello\r\n',
  '5\r\nHello\n',
  '5\r\nHello',
  '+5\r\nHello\r\n',
  '0x5\r\nHello\r\n',
  'g\r\n',
  '\r\n',
  '10000000000000005\r\nHello\r\n',
  'fffffffffffffff\r\n',
  '100000005\r\nHello\r\n',
  '-1\r\n',
  '5\r\nHell\r\n',
  '3\r\nHello\r\n',
);
const trailers = weighted(
  [12, ''],
  [6, fc.array(otherLine, { maxLength: 3 }).map((lines) => lines.join(''))],
  [1, fc.array(fc.oneof(hostLine, looseLines, brokenLine), { maxLength: 2 }).map((lines) => lines.join(''))],
);
const chunkedContent = joined(
  fc
    .array(fc.oneof({ weight: 40, arbitrary: chunk }, { weight: 1, arbitrary: brokenChunk }), {
      maxLength: 4,
    })
    .map((chunks) => chunks.join('')),
  weighted([10, '0'], [1, among('00', '000000000000000000000')]),
  extension,
  CRLF,
  trailers,
  CRLF,
);

/** Field lines that frame a content, and the content, which matches them or not. */
type Framed = [framing: string, content: string];
const nothing = fc.constant('');
const lengthLine = line(letterCase('Content-Length'), lengthValue);
const codingLine = line(letterCase('Transfer-Encoding'), codingValue);
const chunkedLine = joined(letterCase('Transfer-Encoding'), among(': chunked\r\n', ':Chunked\r\n'));
const framed: Arbitrary<Framed> = fc.oneof(
  { weight: 16, arbitrary: fc.tuple(nothing, nothing) },
  {
    weight: 12,
    arbitrary: data.map((content): Framed => [`Content-Length: ${content.length}${CRLF}`, content]),
  },
  { weight: 16, arbitrary: fc.tuple(chunkedLine, chunkedContent) },
  { weight: 1, arbitrary: fc.tuple(nothing, data) },
  { weight: 1, arbitrary: fc.tuple(lengthLine, data) },
  { weight: 1, arbitrary: fc.tuple(codingLine, chunkedContent) },
);

/** A whole request. */
const message = fc
  .record({
    before: weighted([40, ''], [4, CRLF], [1, among('\r\n\r\n', '\n', ' ', '\r')]),
    requestLine,
    hosts: weighted([16, 'Host: a\r\n'], [8, hostLine], [1, '']),
    others: otherLines,
    loose: looseLines,
    framed,
    framedFirst: fc.boolean(),
  })
  .map(({ before, requestLine, hosts, others, loose, framed: [framing, content], framedFirst }) => {
    const lines = framedFirst ? hosts + framing + others + loose : others + loose + framing + hosts;
    return before + requestLine + lines + CRLF + content;
  });

/** Everything that a client may send on one connection. */
export const pipeline = fc.oneof(
  { weight: 3, arbitrary: message },
  { weight: 2, arbitrary: fc.array(message, { minLength: 2, maxLength: 4 }).map((all) => all.join('')) },
);
