import { ERROR_FIELD_NAME, ERROR_FIELD_VALUE, ERROR_HOST, MORE } from '../../src/protocol/codes.ts';
import { type HeadCase, withFields } from './case.ts';

const good: HeadCase[] = [
  {
    name: 'white space around a value is not part of it',
    section: '5.1',
    input: withFields('A: b\r\nC:d\r\nE: \t f \t \r\nG:\th\r\n'),
    expected: {
      fields: [
        ['Host', 'a'],
        ['A', 'b'],
        ['C', 'd'],
        ['E', 'f'],
        ['G', 'h'],
      ],
    },
  },
  {
    name: 'empty values',
    section: '5.5',
    input: withFields('A:\r\nB: \r\nC: \t \r\n'),
    expected: {
      fields: [
        ['Host', 'a'],
        ['A', ''],
        ['B', ''],
        ['C', ''],
      ],
    },
  },
  {
    name: 'HTAB, obs-text and colons inside a value',
    section: 'RFC 9110 5.5',
    input: withFields('A: b\tc: d\xe9\xff\x80e\r\n'),
    expected: {
      fields: [
        ['Host', 'a'],
        ['A', 'b\tc: d\xe9\xff\x80e'],
      ],
    },
  },
  {
    name: 'a long value of obs-text and tabs',
    section: 'RFC 9110 5.5',
    input: withFields(`A: ${'\xff\t'.repeat(200)}x\r\n`),
    expected: {
      fields: [
        ['Host', 'a'],
        ['A', `${'\xff\t'.repeat(200)}x`],
      ],
    },
  },
  {
    name: 'every tchar in a name',
    section: 'RFC 9110 5.6.2',
    input: withFields("!#$%&'*+-.^_`|~09azAZ: x\r\n"),
    expected: {
      fields: [
        ['Host', 'a'],
        ["!#$%&'*+-.^_`|~09azAZ", 'x'],
      ],
    },
  },
  {
    name: 'names that mean something to JavaScript',
    section: 'RFC 9110 5.1',
    input: withFields('__proto__: a\r\nconstructor: b\r\ntoString: c\r\n'),
    expected: {
      fields: [
        ['Host', 'a'],
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['toString', 'c'],
      ],
    },
  },
  ...[1, 13, 14, 15, 16, 17, 31, 32, 33, 64, 200].map((size) => ({
    name: `a name of ${size} bytes`,
    section: '5.1',
    input: withFields(`${'n'.repeat(size)}: v\r\n`),
    expected: {
      fields: [
        ['Host', 'a'],
        ['n'.repeat(size), 'v'],
      ] as [string, string][],
    },
  })),
  ...[1, 13, 14, 15, 16, 17, 31, 32, 33, 64, 200].map((size) => ({
    name: `a value of ${size} bytes`,
    section: '5.5',
    input: withFields(`A:${'v'.repeat(size)}\r\n`),
    expected: {
      fields: [
        ['Host', 'a'],
        ['A', 'v'.repeat(size)],
      ] as [string, string][],
    },
  })),
];

const bad: HeadCase[] = [
  ...[
    ['white space before the colon (CVE-2024-27982)', 'A : b\r\n'],
    ['HTAB before the colon', 'A\t: b\r\n'],
    ['an empty name', ': b\r\n'],
    ['no colon', 'A\r\n'],
    ['a name that is no token', 'A(b): c\r\n'],
    ['NUL in a name', 'A\0: b\r\n'],
    ['a byte above 0x7f in a name', 'A\xe9: b\r\n'],
    ['DEL in a name', 'A\x7f: b\r\n'],
    ['a bare LF after a name', 'A\n: b\r\n'],
    ['a quoted name', '"A": b\r\n'],
    ['a comma in a name', 'A,B: b\r\n'],
    ['a folded line (CVE-2022-32213)', 'A: b\r\n c\r\n'],
    ['a line folded by HTAB', 'A: b\r\n\tc\r\n'],
    ['CR without LF in the empty line', '\rA: b\r\n'],
  ].map(([name, fields]) => ({
    name: `field name: ${name}`,
    section: '5.1, 5.2',
    input: withFields(`${fields}`),
    expected: ERROR_FIELD_NAME,
  })),
  ...[
    ['NUL', 'A: b\0c\r\n'],
    ['a bare CR', 'A: b\rc\r\n'],
    ['a bare CR before CRLF', 'A: b\r\r\n'],
    ['a bare LF', 'A: b\nc\r\n'],
    ['a line that ends in LF', 'A: b\nC: d\r\n'],
    ['DEL', 'A: b\x7fc\r\n'],
    ['ESC', 'A: \x1b[31m\r\n'],
    ['VT', 'A: b\x0bc\r\n'],
    ['0x1f', 'A: \x1f\r\n'],
    ['0x01 as the only byte', 'A:\x01\r\n'],
    ['NUL behind much obs-text', `A: ${'\xff'.repeat(40)}\0\r\n`],
  ].map(([name, fields]) => ({
    name: `field value: ${name}`,
    section: 'RFC 9110 5.5',
    input: withFields(`${fields}`),
    expected: ERROR_FIELD_VALUE,
  })),
];

const host: HeadCase[] = [
  ...[
    'a',
    'example.org',
    'example.org:8080',
    'example.org:',
    'EXAMPLE.org',
    '127.0.0.1:80',
    '[::1]',
    '[::1]:8080',
    '[2001:db8::7]',
    '[::ffff:127.0.0.1]:1',
    'a_b-c.d~e',
    "%41!$&'()*+,;=",
    '',
    'a'.repeat(255),
    '  spaced.org  ',
  ].map((value) => ({
    name: `Host: ${value.slice(0, 40)}`,
    section: '3.2, RFC 9110 7.2',
    input: `GET / HTTP/1.1\r\nHost:${value}\r\n\r\n`,
    expected: { fields: [['Host', value.trim()]] as [string, string][] },
  })),
  ...['host', 'HOST', 'hOsT'].map((name) => ({
    name: `${name} is Host`,
    section: 'RFC 9110 5.1',
    input: `GET / HTTP/1.1\r\n${name}: a\r\n\r\n`,
    expected: { fields: [[name, 'a']] as [string, string][] },
  })),
  ...[
    'a b',
    'a/b',
    'a@b',
    'http://a',
    'a:b',
    'a:80x',
    'a:80:80',
    'a?b',
    'a#b',
    'a,b:c',
    'a\\b',
    '"a"',
    '[::1',
    '::1',
    '[]',
    '[:]',
    '[g::1]',
    '[::1]a',
    '[::1]:x',
    'a[::1]',
    'a]',
    '\xe9',
    'a\tb',
    'a|b',
    '<a>',
    'a^b',
    'a`b',
    'a{b}',
  ].map((value) => ({
    name: `invalid Host: ${value}`,
    section: '3.2',
    input: `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
    expected: ERROR_HOST,
  })),
  {
    name: 'no Host in HTTP/1.1',
    section: '3.2',
    input: 'GET / HTTP/1.1\r\n\r\n',
    expected: ERROR_HOST,
  },
  {
    name: 'no Host, but names like it',
    section: '3.2',
    input: 'GET / HTTP/1.1\r\nHosts: a\r\nHos: a\r\nXost: a\r\n\r\n',
    expected: ERROR_HOST,
  },
  {
    name: 'two Hosts',
    section: '3.2',
    input: 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    expected: ERROR_HOST,
  },
  {
    name: 'two Hosts in HTTP/1.0',
    section: '3.2',
    input: 'GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n',
    expected: ERROR_HOST,
  },
  {
    name: 'an invalid Host in HTTP/1.0',
    section: '3.2',
    input: 'GET / HTTP/1.0\r\nHost: a b\r\n\r\n',
    expected: ERROR_HOST,
  },
  {
    name: 'Host twice, the first of them empty',
    section: '3.2',
    input: 'GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n',
    expected: ERROR_HOST,
  },
];

const unfinished: HeadCase[] = [
  'GET / HTTP/1.1\r\nH',
  'GET / HTTP/1.1\r\nHost',
  'GET / HTTP/1.1\r\nHost:',
  'GET / HTTP/1.1\r\nHost: a',
  'GET / HTTP/1.1\r\nHost: a\r',
  'GET / HTTP/1.1\r\nHost: a\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r',
  'GET / HTTP/1.1\r\n\r',
  'GET / HTTP/1.1\r\nA: b c d e f g h i j k l m n o p q r s t u v w',
].map((input) => ({
  name: `unfinished: ${JSON.stringify(input)}`,
  section: '5',
  input,
  expected: MORE,
}));

export const fieldCases: HeadCase[] = [...good, ...bad, ...host, ...unfinished];
