// Conditional requests for fixed responses (RFC 9110 13): in the engines, and in JavaScript.

import { describe, expect, test } from 'vitest';
import { prepare } from '../../src/protocol/prepared.ts';
import { isUnmodified, unmodifiedFields, validatorsOf } from '../../src/protocol/validators.ts';
import { Random } from '../fuzz/random.ts';
import { converse, everySplit } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, EPOCH_MS, latin1, textOf } from '../support/engines.ts';
import { httpDateSeconds, noneMatchHolds } from '../support/grammar.ts';
import { readResponses } from '../support/responses.ts';

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';
const TAG = '"a,b\\\xe9"';

const RESPONSES = {
  '/both': [`ETag: ${TAG}`, `Last-Modified: ${DATE}`],
  '/weak': [`ETag: W/${TAG}`],
  '/date': [`Last-Modified: ${DATE}`],
  '/none': [],
  '/bad': ['ETag: abc', 'Last-Modified: yesterday'],
  '/empty': ['ETag: ""'],
} as const;
type Path = keyof typeof RESPONSES;

const MATCH = 'If-None-Match';
const SINCE = 'If-Modified-Since';

type Case = [path: Path, lines: string[], unmodified: boolean];
const none = (value: string, unmodified: boolean, path: Path = '/both'): Case => [
  path,
  [`${MATCH}: ${value}`],
  unmodified,
];
const since = (value: string, unmodified: boolean, path: Path = '/date'): Case => [
  path,
  [`${SINCE}: ${value}`],
  unmodified,
];

const CASES: Case[] = [
  ['/both', [], false],
  // One tag, compared weakly.
  none(TAG, true),
  none(`W/${TAG}`, true),
  none(TAG, true, '/weak'),
  none(`W/${TAG}`, true, '/weak'),
  none('""', true, '/empty'),
  none('W/""', true, '/empty'),
  none('""', false),
  none('"a"', false),
  none('"a,b\\\xe8"', false),
  none(`${TAG.slice(0, -1)}x"`, false),
  none('"A,B\\\xe9"', false),
  none(TAG, false, '/date'),
  none(TAG, false, '/none'),
  none('abc', false, '/bad'),
  none('"abc"', false, '/bad'),
  // Lists, with commas in tags, and with empty elements.
  none(`"x", ${TAG}`, true),
  none(`"x",${TAG},"y"`, true),
  none(`"x"\t ,\t W/${TAG} , "y"`, true),
  none(`,, ${TAG}`, true),
  none(`${TAG},,`, true),
  none('"x,", ",b\\\xe9"', false),
  none('"x", "y"', false),
  none('', false),
  none(' , ,', false),
  // The asterisk matches every tag, and stands alone.
  none('*', true),
  none('*', true, '/date'),
  none('*', true, '/none'),
  none('*', true, '/bad'),
  none('"*"', false),
  none(`*, ${TAG}`, false),
  none(`${TAG}, *`, false),
  none('*, *', false),
  none('**', false),
  none('W/*', false),
  // A malformed list matches nothing.
  none('a,b\\\xe9', false),
  none(TAG.slice(1), false),
  none(TAG.slice(0, -1), false),
  none(`w/${TAG}`, false),
  none(`W/ ${TAG}`, false),
  none(`W${TAG}`, false),
  none(`/${TAG}`, false),
  none(`W/W/${TAG}`, false),
  none('W/', false),
  none('W', false),
  none('"', false),
  none(`${TAG}"x"`, false),
  none(`${TAG} "x"`, false),
  none(`${TAG};q=1`, false),
  none(`${TAG}, x`, false),
  none(`x, ${TAG}`, false),
  none(`"x y", ${TAG}`, false),
  none(`"x\ty", ${TAG}`, false),
  none(`'x', ${TAG}`, false),
  // Several lines are one list.
  ['/both', [`${MATCH}: "x"`, `${MATCH}: ${TAG}`], true],
  ['/both', [`${MATCH}: ${TAG}`, 'A: b', `if-none-match: "x"`], true],
  ['/both', [`${MATCH}:`, `IF-NONE-MATCH:${TAG}\t`], true],
  ['/both', [`${MATCH}: "x"`, `${MATCH}: "y"`], false],
  ['/both', [`${MATCH}: *`, `${MATCH}: ${TAG}`], false],
  ['/both', [`${MATCH}: ${TAG}`, `${MATCH}: *`], false],
  ['/both', [`${MATCH}: ${TAG}`, `${MATCH}: x`], false],
  ['/both', [`${MATCH}: x`, `${MATCH}: ${TAG}`], false],
  ['/both', [`${MATCH}: "x`, `${MATCH}: y"`, `${MATCH}: ${TAG}`], false],
  // Other fields.
  [
    '/both',
    [`If-None-Matches: ${TAG}`, `If_None_Match: ${TAG}`, `If-Match: ${TAG}`, `Xf-None-Match: *`],
    false,
  ],
  [
    '/both',
    [`If-Unmodified-Since: ${DATE}`, `If-Modified-Sincf: ${DATE}`, `If-Modified_Since: ${DATE}`],
    false,
  ],
  // Dates, in the three forms.
  since(DATE, true),
  since(DATE, true, '/both'),
  since('Sun, 06 Nov 1994 08:49:36 GMT', false),
  since('Sun, 06 Nov 1994 08:49:38 GMT', true),
  since('Mon, 07 Nov 1994 00:00:00 GMT', true),
  since('Sat, 05 Nov 1994 23:59:59 GMT', false),
  since('Fri, 31 Dec 9999 23:59:60 GMT', true),
  since('Sat, 01 Jan 0000 00:00:00 GMT', false),
  since('Sunday, 06-Nov-94 08:49:37 GMT', true),
  since('Sunday, 06-Nov-94 08:49:36 GMT', false),
  since('Monday, 07-Nov-94 08:49:36 GMT', true),
  since('Tuesday, 08-Nov-94 08:49:36 GMT', true),
  since('Wednesday, 09-Nov-94 08:49:36 GMT', true),
  since('Thursday, 10-Nov-94 08:49:36 GMT', true),
  since('Friday, 11-Nov-94 08:49:36 GMT', true),
  since('Saturday, 12-Nov-94 08:49:36 GMT', true),
  since('Sun Nov  6 08:49:37 1994', true),
  since('Sun Nov  6 08:49:36 1994', false),
  since('Wed Nov 16 08:49:36 1994', true),
  since('Sun Nov 06 08:49:37 1994', true),
  since(DATE, false, '/none'),
  since(DATE, false, '/weak'),
  since(DATE, false, '/bad'),
  since('yesterday', false, '/bad'),
  // Other months of that year and the next.
  since('Sun, 27 Feb 1994 08:49:37 GMT', false),
  since('Sat, 01 Jan 1994 08:49:37 GMT', false),
  since('Sun, 01 Jan 1995 00:00:00 GMT', true),
  since('Thu, 06 Oct 1994 08:49:37 GMT', false),
  // Leap years.
  since('Tue, 29 Feb 2000 00:00:00 GMT', true),
  since('Thu, 29 Feb 1996 00:00:00 GMT', true),
  since('Mon, 29 Feb 2100 00:00:00 GMT', false),
  since('Sat, 29 Feb 2003 00:00:00 GMT', false),
  since('Fri, 30 Feb 2096 00:00:00 GMT', false),
  ...['Jan', 'Mar', 'May', 'Jul', 'Aug', 'Oct', 'Dec'].flatMap((month) => [
    since(`Sun, 31 ${month} 2021 08:49:37 GMT`, true),
    since(`Sun, 32 ${month} 2021 08:49:37 GMT`, false),
  ]),
  ...['Apr', 'Jun', 'Sep', 'Nov'].flatMap((month) => [
    since(`Sun, 30 ${month} 2021 08:49:37 GMT`, true),
    since(`Sun, 31 ${month} 2021 08:49:37 GMT`, false),
  ]),
  // An invalid date is ignored.
  ...[
    '',
    '*',
    '0',
    '1894111777',
    'Sun, 06 Nov 2094 08:49:37',
    'Sun, 06 Nov 2094 08:49:37 UTC',
    'Sun, 06 Nov 2094 08:49:37 gmt',
    'Sun, 06 Nov 2094 08:49:37 +0000',
    'Sun, 06 Nov 2094 08:49:37 GMT;x',
    'Sun, 6 Nov 2094 08:49:37 GMT',
    'Sun, 00 Nov 2094 08:49:37 GMT',
    'Sun, 06 nov 2094 08:49:37 GMT',
    'Sun, 06 Nou 2094 08:49:37 GMT',
    'Sxn, 06 Nov 2094 08:49:37 GMT',
    'sun, 06 Nov 2094 08:49:37 GMT',
    'Sun; 06 Nov 2094 08:49:37 GMT',
    'Sun,_06 Nov 2094 08:49:37 GMT',
    'Sun, 06-Nov 2094 08:49:37 GMT',
    'Sun, 06 Nov-2094 08:49:37 GMT',
    'Sun, 06 Nov 2094-08:49:37 GMT',
    'Sun, 06 Nov 2094 08-49:37 GMT',
    'Sun, 06 Nov 2094 08:49-37 GMT',
    'Sun, 06 Nov 2094 24:00:00 GMT',
    'Sun, 06 Nov 2094 08:60:37 GMT',
    'Sun, 06 Nov 2094 08:49:61 GMT',
    'Sun, x6 Nov 2094 08:49:37 GMT',
    'Sun, 0x Nov 2094 08:49:37 GMT',
    'Sun, 06 Nov 20x4 08:49:37 GMT',
    'Sun, 06 Nov x094 08:49:37 GMT',
    'Sun, 06 Nov 2094 x8:49:37 GMT',
    'Sun, 06 Nov 2094 08:4x:37 GMT',
    'Sun, 06 Nov 2094 08:49: 7 GMT',
    'Sunday, 06-Nov-2024 08:49:37 GMT',
    'Sunday, 06 Nov 24 08:49:37 GMT',
    'Sunday, 06-Nov-24 08:49:37 UTC',
    'Sunday; 06-Nov-24 08:49:37 GMT',
    'Sunday, 06-Nov-24_08:49:37 GMT',
    'Sunday, 06-Nov-2x 08:49:37 GMT',
    'Sundax, 06-Nov-24 08:49:37 GMT',
    'Sun, 06-Nov-24 08:49:37 GMT',
    'Satday, 06-Nov-24 08:49:37 GMT',
    'Tueday, 06-Nov-24 08:49:37 GMT',
    'Tuexday, 06-Nov-24 08:49:37 GMT',
    'Thurxday, 06-Nov-24 08:49:37 GMT',
    'Wednexday, 06-Nov-24 08:49:37 GMT',
    'Yesterday, 06-Nov-24 08:49:37 GMT',
    'Sun Nov  6 08:49:37 24',
    'Sun Nov 6 08:49:37 2094',
    'Sun Nov   08:49:37 2094x',
    'Sun,Nov  6 08:49:37 2094',
    'Sun Nov,06 08:49:37 2094',
    'Sun Nov 06,08:49:37 2094',
    'Sun Nov 06 08:49:37,2094',
    'Sun Nov  x 08:49:37 2094',
  ].map((value) => since(value, false)),
  // Two lines are not a date, even if they are equal.
  ['/date', [`${SINCE}: ${DATE}`, `${SINCE}: ${DATE}`], false],
  ['/date', [`${SINCE}:`, `${SINCE}: ${DATE}`], false],
  since(`${DATE}, ${DATE}`, false),
  ['/date', [`if-modified-SINCE:\t${DATE} `], true],
  // If-None-Match has precedence.
  ['/both', [`${MATCH}: "x"`, `${SINCE}: ${DATE}`], false],
  ['/both', [`${SINCE}: ${DATE}`, `${MATCH}: "x"`], false],
  ['/both', [`${MATCH}: ${TAG}`, `${SINCE}: Sat, 01 Jan 2000 00:00:00 GMT`], true],
  ['/both', [`${SINCE}: yesterday`, `${MATCH}: ${TAG}`], true],
  ['/date', [`${MATCH}: "x"`, `${SINCE}: ${DATE}`], false],
  ['/both', [`${MATCH}:`, `${SINCE}: ${DATE}`], false],
  ['/both', [`${MATCH}: x`, `${SINCE}: ${DATE}`], false],
];

const fieldsOf = (path: Path): string =>
  [...RESPONSES[path], 'Content-Type: text/plain', 'Vary: Accept', 'Set-Cookie: a=b']
    .map((line) => `${line}\r\n`)
    .join('');
const requestOf = (method: string, path: string, lines: readonly string[]): string =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const valuesOf = (lines: readonly string[], name: string): string[] =>
  lines
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());

/** Some parts in a row. */
function nearly(parts: readonly string[], random: Random): string {
  return Array.from({ length: random.below(5) }, () => random.pick(parts)).join('');
}

/** A date, mostly with one wrong byte. */
function nearlyDate(random: Random): string {
  const date = new Date(Math.round((random.below(2 ** 31) - 2 ** 30) * 3 + EPOCH_MS / 1000) * 1000);
  const [day = '', number = '', month = '', year = '', time = ''] = date.toUTCString().split(/,? /);
  const long = { Tue: 'Tuesday', Wed: 'Wednesday', Thu: 'Thursday', Sat: 'Saturday' }[day] ?? `${day}day`;
  const text = random.pick([
    date.toUTCString(),
    `${long}, ${number}-${month}-${year.slice(2)} ${time} GMT`,
    `${day} ${month} ${number.replace(/^0/, ' ')} ${time} ${year}`,
  ]);
  if (random.oneIn(3)) return text;
  const at = random.below(text.length);
  return text.slice(0, at) + random.pick([...'0123456 -:,aGMT']) + text.slice(at + random.below(2));
}

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);
  for (const path of Object.keys(RESPONSES) as Path[]) {
    const fields = fieldsOf(path);
    engine.slot.prepared.addRoute(path, {
      ...prepare(0, { statusCode: 200, fields: [], content: 'abc' }),
      head: `HTTP/1.1 200 OK\r\n${fields}`,
      conditional: {
        ...validatorsOf(fields),
        head: `HTTP/1.1 304 Not Modified\r\n${unmodifiedFields(fields)}`,
      },
    });
  }

  const unknowing = prepare(0, { statusCode: 200, fields: [['ETag', '"a"']], content: 'abc' });
  engine.slot.prepared.addRoute('/unknowing', unknowing);

  test.each(CASES)('%s %j: 304 is %s, however it is cut', (path, lines, unmodified) => {
    const expected = unmodified
      ? `HTTP/1.1 304 Not Modified\r\n${unmodifiedFields(fieldsOf(path))}Date: ${DATE}\r\n\r\n`
      : `HTTP/1.1 200 OK\r\n${fieldsOf(path)}Date: ${DATE}\r\nContent-Length: 3\r\n\r\nabc`;
    const next = `HTTP/1.1 200 OK\r\n${fieldsOf('/none')}Date: ${DATE}\r\nContent-Length: 3\r\n\r\nabc`;
    const request = requestOf('GET', path, lines);
    for (const parts of everySplit(request)) expect(converse(engine, parts).output).toBe(expected);
    expect(converse(engine, [request + requestOf('GET', '/none', [])]).output).toBe(expected + next);
    const head = converse(engine, [requestOf('HEAD', path, lines)]).output;
    expect(head).toBe(unmodified ? expected : expected.slice(0, -3));
  });

  test('a two-digit year is at most 50 years after the Date', () => {
    const { slot } = engine;
    // The Date is 6 November 1994.
    for (const [day, unmodified] of [
      ['Sunday, 06-Nov-44 08:49:37', true],
      ['Sunday, 06-Nov-44 08:49:38', false],
      ['Monday, 07-Nov-44 08:49:37', false],
      ['Sunday, 01-Jan-45 00:00:00', false],
      ['Sunday, 01-Jan-00 00:00:00', true],
      ['Sunday, 29-Feb-00 00:00:00', true],
    ] as const) {
      const { output } = converse({ ...engine, slot }, [requestOf('GET', '/date', [`${SINCE}: ${day} GMT`])]);
      expect([day, readResponses(output)[0]?.statusCode]).toEqual([day, unmodified ? 304 : 200]);
    }
  });

  test('a 304 closes or keeps the connection as every response does, and content is skipped before it', () => {
    const close = requestOf('GET', '/both', [`${MATCH}: *`, 'Connection: close']);
    expect(converse(engine, [close])).toMatchObject({
      output: expect.stringContaining('\r\nConnection: close\r\n\r\n'),
      closed: true,
    });
    const old = requestOf('GET', '/both', [`${MATCH}: *`, 'Connection: keep-alive']).replace('1.1', '1.0');
    expect(converse(engine, [old])).toMatchObject({
      output: expect.stringContaining('\r\nConnection: keep-alive\r\n\r\n'),
      closed: false,
    });
    const chunked = `${requestOf('GET', '/both', [`${MATCH}: *`, 'Transfer-Encoding: chunked'])}3\r\nabc\r\n0\r\nIf-None-Match: "x"\r\n\r\n`;
    for (const parts of everySplit(chunked + requestOf('GET', '/both', [])))
      expect(readResponses(converse(engine, parts).output).map(({ statusCode }) => statusCode)).toEqual([
        304, 200,
      ]);
  });

  test('conditions apply only to responses with validators, and only to GET and HEAD', () => {
    const { output } = converse(engine, [
      requestOf('GET', '/unknowing', [`${MATCH}: "a"`]) +
        requestOf('GET', '/unknowing', [`${MATCH}: *`]) +
        requestOf('GET', '/elsewhere', [`${MATCH}: *`, `${SINCE}: ${DATE}`]) +
        requestOf('POST', '/both', [`${MATCH}: *`]),
    ]);
    expect(readResponses(output).map(({ statusCode, content }) => [statusCode, content])).toEqual([
      [200, 'abc'],
      [200, 'abc'],
      [200, 'Hello1'],
      [200, 'Hello2'],
    ]);
  });

  test('random lists of tags and random dates are accepted exactly by the grammar, in one line or several', () => {
    const { codec, slot } = engine;
    const output = slot.outputs[0] as number;
    const random = new Random(3);
    const counts = new Map<string, number>();
    const parts = ['"a,b\\\xe9"', '"a"', 'W/', ',', ', ', ' ', '\t', '*', '"', 'a', '\xe9'];
    for (let i = 0; i < 20_000; i++) {
      const byTag = random.oneIn(2);
      const lines = Array.from({ length: random.oneIn(4) ? 2 : 1 }, () =>
        (byTag ? nearly(parts, random) : nearlyDate(random)).trim(),
      );
      const unmodified = byTag
        ? noneMatchHolds(lines, TAG)
        : lines.length === 1 && EPOCH_MS / 1000 <= httpDateSeconds(lines[0] as string, EPOCH_MS);
      const kind = `${byTag} ${unmodified}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const fields = lines.map((line) => `${byTag ? MATCH : SINCE}: ${line}`);
      slot.read.set(latin1(requestOf('GET', '/both', fields)));
      const bytes = requestOf('GET', '/both', fields).length;
      codec.serve(slot.readStart, slot.readStart + bytes, output);
      const status = textOf(slot.views.bytes.subarray(output + 9, output + 12));
      expect([fields, status]).toEqual([fields, unmodified ? '304' : '200']);
    }
    expect(counts.size).toBe(4);
    expect(Math.min(...counts.values())).toBeGreaterThan(500);
  });

  test('bytes behind the value are not part of it', () => {
    const { codec, slot } = engine;
    const output = slot.outputs[0] as number;
    const tail = TAG.slice(-3);
    const request = requestOf('GET', '/both', [`${MATCH}: ${TAG.slice(0, -3)}`]);
    slot.read.set(latin1(request + tail));
    codec.serve(slot.readStart, slot.readStart + request.length, output);
    expect(textOf(slot.views.bytes.subarray(output, output + 12))).toBe('HTTP/1.1 200');
  });
});

test('JavaScript decides as the engines do', () => {
  for (const [path, lines, unmodified] of CASES) {
    const validators = validatorsOf(fieldsOf(path));
    const tags = valuesOf(lines, 'if-none-match');
    expect([path, lines, isUnmodified(validators, tags, valuesOf(lines, 'if-modified-since'))]).toEqual([
      path,
      lines,
      unmodified,
    ]);
  }
});

test('every day from 1600 to 2500 is parsed correctly', () => {
  const end = Date.UTC(2500, 0);
  for (let ms = Date.UTC(1600, 0); ms < end; ms += 86_400_000 + 60_061_000 * 7) {
    const { modified } = validatorsOf(`Last-Modified: ${new Date(ms).toUTCString()}\r\n`);
    if (modified * 1000 !== ms) throw new Error(`${new Date(ms).toUTCString()}: ${modified}`);
  }
});

test('a 304 has the fields that update a stored response, and none about the content', () => {
  const kept =
    'ETag: "a"\r\nCache-Control: no-cache\r\nContent-Location: /a\r\nExpires: 0\r\nVary: Accept\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n';
  const left =
    'content-type: text/html\r\nContent-Encoding: br\r\nContent-Language: de\r\nContent-Length: 3\r\nContent-Range: x\r\nContent-Digest: x\r\nRepr-Digest: x\r\n';
  expect(unmodifiedFields(`${left}Last-Modified: ${DATE}\r\n${kept}`)).toBe(kept);
  expect(unmodifiedFields(`last-modified: ${DATE}\r\n${left}Vary: Accept\r\n`)).toBe(
    `last-modified: ${DATE}\r\nVary: Accept\r\n`,
  );
  expect(unmodifiedFields('')).toBe('');
});

test('a validator that is malformed, or occurs twice, is ignored', () => {
  for (const fields of [
    'ETag: "a"\r\nETag: "a"\r\n',
    'ETag: "a", "b"\r\n',
    'ETag: w/"a"\r\n',
    'ETag: "a b"\r\n',
  ])
    expect(validatorsOf(fields).tag).toBe('');
  expect(validatorsOf(`Last-Modified: ${DATE}\r\nLast-Modified: ${DATE}\r\n`).modified).toBeNaN();
});
