import {
  ERROR_CHUNK,
  ERROR_CHUNK_EXTENSION,
  ERROR_CONTENT_SIZE,
  ERROR_FIELD_COUNT,
  ERROR_FIELD_NAME,
  ERROR_FIELD_VALUE,
  ERROR_HEAD_SIZE,
} from '../../src/memory/codes.ts';

/** The bytes after a head, and the result they must have. */
export interface ContentCase {
  name: string;
  /** Section of RFC 9112 unless it names another document. */
  section: string;
  /** Field lines that frame it. */
  fields: string;
  content: string;
  /** The error, or 'whole', or 'unfinished'. */
  expected: number | 'whole' | 'unfinished';
}

const chunked = (
  name: string,
  content: string,
  expected: ContentCase['expected'],
  section = '7.1',
): ContentCase => ({
  name,
  section,
  fields: 'Transfer-Encoding: chunked\r\n',
  content,
  expected,
});

const byLength: ContentCase[] = [1, 5, 15, 16, 17, 100, 1000].flatMap((size) => [
  {
    name: `${size} bytes`,
    section: '6.2',
    fields: `Content-Length: ${size}\r\n`,
    content: 'x'.repeat(size),
    expected: 'whole',
  },
  {
    name: `${size} bytes but one`,
    section: '6.2',
    fields: `Content-Length: ${size}\r\n`,
    content: 'x'.repeat(size - 1),
    expected: 'unfinished',
  },
]);

const good: ContentCase[] = [
  chunked('the last chunk alone', '0\r\n\r\n', 'whole'),
  chunked('one chunk', '5\r\nHello\r\n0\r\n\r\n', 'whole'),
  chunked('several chunks', '1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n', 'whole'),
  chunked(
    'hexadecimal sizes of both cases',
    `a\r\n${'x'.repeat(10)}\r\nA\r\n${'x'.repeat(10)}\r\n1f\r\n${'x'.repeat(31)}\r\n0\r\n\r\n`,
    'whole',
  ),
  chunked('leading zeros', '0005\r\nHello\r\n0000\r\n\r\n', 'whole'),
  chunked('many leading zeros', `${'0'.repeat(100)}1\r\nx\r\n0\r\n\r\n`, 'whole'),
  chunked(
    'as many leading zeros as may be, in every size',
    `${`${'0'.repeat(127)}1\r\nx\r\n`.repeat(3)}${'0'.repeat(128)}\r\n\r\n`,
    'whole',
  ),
  chunked('many chunks of one byte', `${'1\r\nx\r\n'.repeat(1000)}0\r\n\r\n`, 'whole'),
  chunked('chunk data that looks like framing', '9\r\n0\r\n\r\nGET \r\n0\r\n\r\n', 'whole'),
  chunked('extensions', '5;a\r\nHello\r\n3;b=c;d="e;f"\r\nxyz\r\n0;last\r\n\r\n', 'whole', '7.1.1'),
  chunked('extensions as long as may be', `1;${'e'.repeat(4096)}\r\nx\r\n0\r\n\r\n`, 'whole', '7.1.1'),
  chunked('trailers', '1\r\nx\r\n0\r\nA: b\r\nChecksum:  x  \r\n\r\n', 'whole', '7.1.2'),
  chunked(
    'trailers that would bind in a head',
    '0\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\nHost: b\r\nConnection: close\r\n\r\n',
    'whole',
    'RFC 9110 6.5.1',
  ),
];

/** Lines of a chunk of 5 bytes, without CRLF: by the grammar of extensions (7.1.1, RFC 9110 5.6.4). */
const EXTENDED_SIZES = [
  '5;a',
  '5;a;b',
  '5;a=b',
  '5;a=b;c=d',
  '5 ;a=b',
  '5\t \t;\t a \t=\t b',
  '5;a ;b',
  '5;a =b ; c= d',
  '5;5',
  "5;!#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ",
  '5;a=""',
  '5;a="b"',
  '5;a=" b\t;c=d, \xe9\x80\xff{}[]()<>@:/?"',
  '5;a="\\""',
  '5;a="\\\\"',
  '5;a="\\a\\\t\\ \\\xff"',
  '5;a="b" \t;c="d";e',
  '5;a = "b"',
  '05;a=0',
];

/** The same lines with one byte too many before CRLF, or as CR. */
const MALFORMED_SIZES = [
  '5;',
  '5 ',
  '5\t',
  '5 x',
  '5 5',
  '5 \t=a',
  '5; ',
  '5;;a',
  '5;a;',
  '5;a;;b',
  '5;a ',
  '5;a b',
  '5;a\tb',
  '5;=b',
  '5;=',
  '5;a=',
  '5;a= ',
  '5;a=;b',
  '5;a==b',
  '5;a=b=c',
  '5;a=b ',
  '5;a=b c',
  '5;a,b',
  '5;a=b,c',
  '5;bad[=x',
  '5;a=[',
  '5;a=b]',
  '5;a:b',
  '5;"a"',
  '5;"a"=b',
  '5;\xe9',
  '5;a=\xe9',
  '5;a="',
  '5;a="b',
  '5;a="b\\',
  '5;a="b\\"',
  '5;a="b"c',
  '5;a="b" ',
  '5;a="b"=c',
  '5;a="b""c"',
  '5;a="b"c"d"',
  '5;a=b"c"',
  '5;a="\x7f"',
  '5;a="\0"',
  '5;a="\\\x1f"',
  '5;a="\\\x7f"',
  '5;a="\n"',
  '5;a="\\\n"',
  '5;a="\r"',
  '5;a\\=b',
  "5;a='b c'",
];

const extensions: ContentCase[] = [
  ...EXTENDED_SIZES.flatMap((line) => [
    chunked(
      `extensions: ${JSON.stringify(line)}`,
      `${line}\r\nHello\r\n${line.replace('5', '0')}\r\n\r\n`,
      'whole',
      '7.1.1',
    ),
  ]),
  ...MALFORMED_SIZES.flatMap((line) => [
    chunked(
      `malformed extensions: ${JSON.stringify(line)}`,
      `${line}\r\nHello\r\n0\r\n\r\n`,
      ERROR_CHUNK,
      '7.1.1',
    ),
    chunked(
      `malformed extensions of the last chunk: ${JSON.stringify(line)}`,
      `1\r\nx\r\n${line.replace('5', '0')}\r\n\r\n`,
      ERROR_CHUNK,
      '7.1.1',
    ),
  ]),
  chunked(
    'a quote that runs over CRLF hides no request (CVE-2026-33870)',
    '1;a="\r\nX\r\n0\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nX: "\r\n\r\n',
    ERROR_CHUNK,
    '7.1.1',
  ),
  ...[`5;a="b`, '5;a="\\', '5;a=', '5;', '5 ', '5;a ', '5;a="b"', '5;a="b" '].map((content) =>
    chunked(`unfinished extensions: ${JSON.stringify(content)}`, content, 'unfinished', '7.1.1'),
  ),
];

const unfinished: ContentCase[] = [
  '',
  '5',
  '5\r',
  '5\r\n',
  '5;a',
  // The largest values that the limits allow.
  '186a0\r\n',
  '5\r\nHell',
  '5\r\nHello',
  '5\r\nHello\r',
  '5\r\nHello\r\n',
  '0',
  '0\r\n',
  '0\r\n\r',
  '0\r\nA: b\r\n',
  '0\r\nA: b\r\n\r',
  '0\r\nA',
].map((content) => chunked(`unfinished: ${JSON.stringify(content)}`, content, 'unfinished'));

const bad: ContentCase[] = [
  ...[
    ['an empty size', '\r\n'],
    ['a size without digits', 'x\r\n'],
    ['a letter that is no digit', '1g\r\n'],
    ['a signed size', '+5\r\n'],
    ['a negative size', '-1\r\n'],
    ['a size with 0x', '0x5\r\n'],
    ['a space before the size', ' 5\r\n'],
    ['a space behind the size', '5 \r\n'],
    ['HTAB behind the size', '5\t\r\n'],
    ['an underscore in the size', '1_0\r\n'],
    ['a size and a comma', '5,\r\n'],
    ['a bare LF behind the size', '5\nHello'],
    ['a bare CR behind the size', '5\rHello'],
    ['one leading zero too many', `${'0'.repeat(128)}1\r\nx\r\n`],
    ['leading zeros without end', '0'.repeat(3000)],
    ['leading zeros without end in the last chunk', `1\r\nx\r\n${'0'.repeat(3000)}`],
    ['an overflowing size', `${'f'.repeat(14)}\r\n`],
    ['a size of 2^64', '10000000000000000\r\n'],
    ['a size that wraps 32 bits', '100000005f5e100\r\n'],
    ['more data than the size says', '3\r\nHello\r\n'],
    ['less data than the size says', '6\r\nHello\r\n0\r\n\r\n'],
    ['a bare LF behind the data', '5\r\nHello\n'],
    ['a bare CR behind the data', '5\r\nHello\rx'],
    ['NUL in an extension', '5;a\0\r\n'],
    ['a bare LF in an extension', '5;a\nHello'],
    ['a bare CR in an extension', '5;a\rb\r\n'],
    ['two bare LF behind an extension', '5;a\n\nHello\r\n0\r\n\r\n'],
    ['NUL in the place of CR behind an extension', '5;a\0\nHello\r\n0\r\n\r\n'],
  ].map(([name, content]) => chunked(`${name}`, `${content}`, ERROR_CHUNK)),
  chunked('a chunk behind the last one', '0\r\n5\r\nHello\r\n0\r\n\r\n', ERROR_FIELD_NAME, '7.1.2'),
  chunked('a size that is too much', '186a1\r\n', ERROR_CONTENT_SIZE),
  chunked('2^32', '100000000\r\n', ERROR_CONTENT_SIZE),
  chunked('2^53 - 1', '1fffffffffffff\r\n', ERROR_CONTENT_SIZE),
  chunked('2^53', '20000000000000\r\n', ERROR_CHUNK),
  chunked('sizes that add up to too much', `1\r\nx\r\n186a0\r\n`, ERROR_CONTENT_SIZE),
  chunked('a flood of extensions (CVE-2024-22019)', `1;${'e'.repeat(4097)}`, ERROR_CHUNK_EXTENSION, '7.1.1'),
  chunked(
    'a flood of small extensions',
    `1;${'e'.repeat(500)}\r\nx\r\n`.repeat(9),
    ERROR_CHUNK_EXTENSION,
    '7.1.1',
  ),
  chunked('a flood of white space behind a size', `1${' '.repeat(4098)}`, ERROR_CHUNK_EXTENSION, '7.1.1'),
  chunked('a flood of white space behind a name', `1;a${'\t'.repeat(4096)}`, ERROR_CHUNK_EXTENSION, '7.1.1'),
  chunked('a flood within quotes', `1;a="${'\\"'.repeat(2050)}`, ERROR_CHUNK_EXTENSION, '7.1.1'),
  chunked('a folded trailer', '0\r\nA: b\r\n c\r\n\r\n', ERROR_FIELD_NAME, '7.1.2'),
  chunked('white space before the colon of a trailer', '0\r\nA : b\r\n\r\n', ERROR_FIELD_NAME, '7.1.2'),
  chunked('NUL in a trailer', '0\r\nA: \0\r\n\r\n', ERROR_FIELD_VALUE, '7.1.2'),
  chunked('too many trailers', `0\r\n${'a: b\r\n'.repeat(101)}\r\n`, ERROR_FIELD_COUNT, '7.1.2'),
  chunked(
    'a trailer section beyond the limit of a head',
    `0\r\nA: ${'x'.repeat(16384)}`,
    ERROR_HEAD_SIZE,
    '7.1.2',
  ),
];

export const contentCases: ContentCase[] = [...byLength, ...good, ...extensions, ...unfinished, ...bad];
