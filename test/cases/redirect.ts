// Requests on a connection that redirects to HTTPS: the place that each is sent to, as its bytes name it.

export interface RedirectCase {
  name: string;
  /** Section of RFC 9112 unless it names another document. */
  section: string;
  /** All bytes of the connection, Latin-1. */
  input: string;
  /** The port of HTTPS; 443 unless stated otherwise. */
  port?: number;
  /** The answers in order: a Location, or the status of another response. */
  answers: (string | number)[];
  /** What becomes of the connection. The default is open: the next request may come. */
  end?: 'closed' | 'unfinished';
  /** Whether the last answer says that the connection closes. By default it does if the connection is closed. */
  saysClose?: boolean;
  /** Indexes of the answers to HEAD. */
  heads?: number[];
  /** The answers have "Connection: keep-alive". */
  keepAlive?: true;
}

const ask = (target: string, host = 'a', method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const NEXT = ask('/next');
const NEXT_PLACE = 'https://a/next';

/** One request, and the next one on the same connection. */
function one(
  name: string,
  section: string,
  input: string,
  answer: string | number,
  more: Partial<RedirectCase> = {},
): RedirectCase {
  const port = more.port ?? 443;
  const next = port === 443 ? NEXT_PLACE : `https://a:${port}/next`;
  return { name, section, input: input + NEXT, answers: [answer, next], ...more };
}

const places: RedirectCase[] = [
  one('a path', '3.2.1', ask('/b'), 'https://a/b'),
  one('a path and a query', '3.2.1', ask('/b/c?d=e&f'), 'https://a/b/c?d=e&f'),
  one('the root', '3.2.1', ask('/'), 'https://a/'),
  one('a query alone', '3.2.1', ask('/?q'), 'https://a/?q'),
  ...([80, 1, 444, 8443, 65535] as const).map((port) =>
    one(`HTTPS on port ${port}`, 'RFC 9110 4.2.2', ask('/b'), `https://a:${port}/b`, { port }),
  ),
  one('the port of Host is that of HTTP', 'RFC 9110 7.2', ask('/b', 'a:8080'), 'https://a/b'),
  one('an empty port of Host', 'RFC 9110 7.2', ask('/b', 'a:'), 'https://a/b'),
  one('the port of Host is replaced', 'RFC 9110 7.2', ask('/b', 'a:80'), 'https://a:8443/b', { port: 8443 }),
  one('an address', 'RFC 9110 7.2', ask('/b', '192.0.2.1:80'), 'https://192.0.2.1/b'),
  one('IPv6 keeps its brackets', 'RFC 3986 3.2.2', ask('/b', '[2001:db8::1]'), 'https://[2001:db8::1]/b'),
  one('IPv6 with a port', 'RFC 3986 3.2.2', ask('/b', '[::1]:80'), 'https://[::1]/b'),
  one('IPv6, HTTPS on another port', 'RFC 3986 3.2.2', ask('/b', '[::1]:80'), 'https://[::1]:8443/b', {
    port: 8443,
  }),
  one('a later version of IP', 'RFC 3986 3.2.2', ask('/b', '[v1.a:b]:1'), 'https://[v1.a:b]/b'),
  one(
    'capitals, dots and marks of Host stay',
    'RFC 9110 7.2',
    ask('/', "A.Example.,-_~!$&'()*+;="),
    "https://A.Example.,-_~!$&'()*+;=/",
  ),
  one('white space around Host is none of it', '5.1', ask('/b', '\t a \t'), 'https://a/b'),
  one('Host behind other fields', '5', 'GET /b HTTP/1.1\r\nX: y\r\nhOSt:c\r\nZ: d\r\n\r\n', 'https://c/b'),
  one('an empty line before the request', '2.2', `\r\n${ask('/b', 'c')}`, 'https://c/b'),
  one('a long host', 'RFC 3986 3.2.2', ask('/b', `${'h'.repeat(1000)}:80`), `https://${'h'.repeat(1000)}/b`),
  ...[15, 16, 17, 31, 32, 33].flatMap((bytes) => [
    one(`a host of ${bytes} bytes`, '3.2', ask('/b', 'h'.repeat(bytes)), `https://${'h'.repeat(bytes)}/b`),
    one(
      `a path of ${bytes} bytes`,
      '3.2',
      ask(`/${'p'.repeat(bytes - 1)}`),
      `https://a/${'p'.repeat(bytes - 1)}`,
    ),
  ]),
];

const absolute: RedirectCase[] = [
  one('the target decides, whatever Host says', '3.2.2', ask('http://b/c?d', 'a'), 'https://b/c?d'),
  one('the port of the target is that of HTTP', '3.2.2', ask('http://b:8080/c'), 'https://b/c'),
  one('a target with another port of HTTPS', '3.2.2', ask('http://b:8080/c'), 'https://b:8443/c', {
    port: 8443,
  }),
  one('the scheme in capitals', 'RFC 3986 3.1', ask('HTTP://B/C'), 'https://B/C'),
  one('a target without a path', '3.2.2', ask('http://b'), 'https://b/'),
  one('a target with a port and no path', '3.2.2', ask('http://b:80'), 'https://b/'),
  one('a target with a query and no path', '3.2.2', ask('http://b?c=/d'), 'https://b/?c=/d'),
  one('a target with IPv6', '3.2.2', ask('http://[::1]:8080/c'), 'https://[::1]/c'),
  one('a target with IPv6 alone', '3.2.2', ask('http://[::1]'), 'https://[::1]:8443/', { port: 8443 }),
  one('a target and an empty Host', '3.2.2', ask('http://b/c', ''), 'https://b/c'),
  one('a path of slashes in a target', '3.2.2', ask('http://b//c//d'), 'https://b//c//d'),
  one('a colon in the path of a target', '3.2.2', ask('http://b/c:80'), 'https://b/c:80'),
  one('a target that is on HTTPS already', 'RFC 9110 7.4', ask('https://a/b'), 421),
  one('such a target in capitals', 'RFC 9110 7.4', ask('HTTPS://a'), 421),
  one('such a target and HEAD', 'RFC 9110 7.4', ask('https://a/b', 'a', 'HEAD'), 421, { heads: [0] }),
  {
    name: 'HTTP/1.0 without Host, but with the host in the target',
    section: '3.2.2',
    input: 'GET http://b/c HTTP/1.0\r\n\r\n',
    answers: ['https://b/c'],
    end: 'closed',
  },
];

const methods: RedirectCase[] = [
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'BREW', 'get'].map((method) =>
    one(`the method ${method}`, 'RFC 9110 15.4.9', ask('/b', 'a', method), 'https://a/b'),
  ),
  one('HEAD gets no content', 'RFC 9110 9.3.2', ask('/b', 'a', 'HEAD'), 'https://a/b', { heads: [0] }),
  one('OPTIONS of the whole server has no path', '3.2.4', ask('*', 'a', 'OPTIONS'), 400),
  one('OPTIONS of the whole server in absolute-form', '3.2.4', ask('http://b', 'a', 'OPTIONS'), 'https://b/'),
  one(
    'a request to upgrade',
    'RFC 9110 7.8',
    'GET /b HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'https://a/b',
  ),
  one(
    'conditions do not apply to a redirect',
    'RFC 9110 13.2.1',
    'GET /b HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n',
    'https://a/b',
  ),
];

const unnamed: RedirectCase[] = [
  {
    name: 'HTTP/1.0 without Host',
    section: 'RFC 9110 7.2',
    input: 'GET /b HTTP/1.0\r\n\r\n',
    answers: [400],
    end: 'closed',
  },
  {
    name: 'HTTP/1.0 without Host behind a request with Host',
    section: 'RFC 9110 7.2',
    input: `${ask('/b', 'x')}GET /c HTTP/1.0\r\n\r\n`,
    answers: ['https://x/b', 400],
    end: 'closed',
  },
  {
    name: 'HTTP/1.0 without Host, HEAD',
    section: 'RFC 9110 7.2',
    input: 'HEAD /b HTTP/1.0\r\n\r\n',
    answers: [400],
    heads: [0],
    end: 'closed',
  },
  one('an empty Host', 'RFC 9110 7.2', ask('/b', ''), 400),
  one('a Host that is a port', 'RFC 9110 7.2', ask('/b', ':80'), 400),
];

/** None of these may lead to another host, or add a line. */
const injections: RedirectCase[] = [
  one('two slashes are a path', '3.2.1', ask('//evil.example/x'), 'https://a//evil.example/x'),
  one('three slashes are a path', '3.2.1', ask('///evil.example/x'), 'https://a///evil.example/x'),
  one(
    'a path that looks like a URL',
    '3.2.1',
    ask('/http://evil.example/'),
    'https://a/http://evil.example/',
  ),
  one('an at sign in the path', '3.2.1', ask('/@evil.example/'), 'https://a/@evil.example/'),
  one('an at sign and a colon in the path', '3.2.1', ask('/:80@evil.example'), 'https://a/:80@evil.example'),
  one('a dot segment stays', 'RFC 3986 5.2.4', ask('/../..//evil.example'), 'https://a/../..//evil.example'),
  one(
    'encoded line ends stay encoded',
    'RFC 3986 2.1',
    ask('/%0d%0aSet-Cookie:%20a=b'),
    'https://a/%0d%0aSet-Cookie:%20a=b',
  ),
  one(
    'encoded slashes stay encoded',
    'RFC 3986 2.1',
    ask('/%2f%2Fevil.example%5c'),
    'https://a/%2f%2Fevil.example%5c',
  ),
  one('bytes that browsers do not encode stay', '3.2', ask("/[]{}|^`%?'"), "https://a/[]{}|^`%?'"),
  one('an encoded host stays encoded', 'RFC 3986 3.2.2', ask('/b', '%0d%0aevil'), 'https://%0d%0aevil/b'),
  ...(
    [
      ['a bare LF in the target', 'GET /b\nX: y HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['a bare CR in the target', 'GET /b\rX HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['a space in the target', 'GET /b c HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['a backslash in the target', ask('/\\evil.example'), 400],
      ['a backslash before the target', ask('\\\\evil.example'), 400],
      ['a quote in the target', ask('/"b'), 400],
      ['a number sign in the target', ask('/b#c'), 400],
      ['a byte above 0x7f in the target', ask('/\xe9'), 400],
      ['a target without a slash', ask('evil.example/b'), 400],
      ['a target that is an authority', ask('@evil.example/b'), 400],
      ['user information in the target', ask('http://a@evil.example/'), 400],
      ['a password in the target', ask('http://a:b@evil.example/'), 400],
      ['a target without a host', ask('http:///b'), 400],
      ['another scheme', ask('javascript:alert(1)'), 400],
      ['a bare LF in Host', 'GET /b HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 400],
      ['a bare CR in Host', 'GET /b HTTP/1.1\r\nHost: a\rX\r\n\r\n', 400],
      ['a folded Host', 'GET /b HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 400],
      ['a space in Host', ask('/b', 'a b'), 400],
      ['a slash in Host', ask('/b', 'evil.example/'), 400],
      ['a backslash in Host', ask('/b', 'evil.example\\'), 400],
      ['user information in Host', ask('/b', 'a@evil.example'), 400],
      ['a query in Host', ask('/b', 'evil.example?'), 400],
      ['a number sign in Host', ask('/b', 'evil.example#'), 400],
      ['a quote in Host', ask('/b', 'a"b'), 400],
      ['markup in Host', ask('/b', '<b>'), 400],
      ['a byte above 0x7f in Host', ask('/b', '\xe9'), 400],
      ['a port that is no number', ask('/b', 'a:80evil'), 400],
      ['two ports', ask('/b', 'a:80:80'), 400],
      ['a bracket without an end', ask('/b', '[::1'), 400],
      ['bytes behind a bracket', ask('/b', '[::1]evil'), 400],
      ['a zone', ask('/b', '[::1%25lo]'), 400],
      ['two Host fields', 'GET /b HTTP/1.1\r\nHost: a\r\nHost: evil\r\n\r\n', 400],
      ['no Host', 'GET /b HTTP/1.1\r\n\r\n', 400],
      ['a malformed field', 'GET /b HTTP/1.1\r\nHost: a\r\nX\r\n\r\n', 400],
      ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 501],
      ['HTTP/2', 'GET /b HTTP/2.0\r\nHost: a\r\n\r\n', 505],
      ['a target that is too long', ask(`/${'p'.repeat(8192)}`), 414],
      ['content that is too long', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n', 413],
    ] as const
  ).map(
    ([name, input, status]): RedirectCase => ({
      name,
      section: 'RFC 9110 7.2',
      input: input + NEXT,
      answers: [status],
      end: 'closed',
    }),
  ),
  {
    name: 'TLS',
    section: 'RFC 8446 5.1',
    input: '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    answers: [400],
    end: 'closed',
  },
  {
    name: 'a redirect before a malformed request',
    section: '2.2',
    input: `${ask('/b')}GET /c\r\n\r\n${NEXT}`,
    answers: ['https://a/b', 400],
    end: 'closed',
  },
];

const persistence: RedirectCase[] = [
  {
    name: 'a pipeline',
    section: '9.3.2',
    input: ask('/b') + ask('/c', 'd:1') + ask('http://e') + NEXT,
    answers: ['https://a/b', 'https://d/c', 'https://e/', NEXT_PLACE],
  },
  {
    name: 'a client that closes',
    section: '9.3',
    input: `GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${NEXT}`,
    answers: ['https://a/b'],
    end: 'closed',
  },
  {
    name: 'HTTP/1.0',
    section: '9.3',
    input: `GET /b HTTP/1.0\r\nHost: a\r\n\r\n${NEXT}`,
    answers: ['https://a/b'],
    end: 'closed',
  },
  {
    name: 'HTTP/1.0 that stays open',
    section: '9.3',
    input: 'GET /b HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    answers: ['https://a/b'],
    keepAlive: true,
  },
  {
    name: 'half a head',
    section: '2.2',
    input: 'GET /b HTTP/1.1\r\nHost: a',
    answers: [],
    end: 'unfinished',
  },
];

const post = (fields: string, content: string, target = '/b'): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

const content: RedirectCase[] = [
  one('content by length', '6.2', post('Content-Length: 5\r\n', 'hello'), 'https://a/b'),
  one(
    'content that looks like a request',
    '6.2',
    post(`Content-Length: ${NEXT.length}\r\n`, NEXT),
    'https://a/b',
  ),
  one('content of no bytes', '6.2', post('Content-Length: 0\r\n', ''), 'https://a/b'),
  one('chunked content', '7.1', post(CHUNKED, '3\r\nabc\r\n0\r\n\r\n'), 'https://a/b'),
  one(
    'trailers change nothing',
    '7.1.2',
    post(CHUNKED, '0\r\nHost: evil\r\nConnection: close\r\n\r\n'),
    'https://a/b',
  ),
  one('content of a target on HTTPS', 'RFC 9110 7.4', post('Content-Length: 2\r\n', 'ab', 'https://a/'), 421),
  one(
    'content of a HEAD',
    '6.2',
    'HEAD /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
    'https://a/b',
    {
      heads: [0],
    },
  ),
  one('content and an empty Host', '6.2', 'PUT /b HTTP/1.1\r\nHost:\r\nContent-Length: 2\r\n\r\nab', 400),
  {
    name: 'content that is missing',
    section: '6.2',
    input: post('Content-Length: 5\r\n', 'hell'),
    answers: ['https://a/b'],
    end: 'unfinished',
  },
  {
    name: 'content behind which the client closes',
    section: '9.3',
    input: post('Content-Length: 5\r\nConnection: close\r\n', 'hello') + NEXT,
    answers: ['https://a/b'],
    end: 'closed',
  },
  {
    name: 'missing content behind which the client closes',
    section: '9.3',
    input: post('Content-Length: 5\r\nConnection: close\r\n', 'hell'),
    answers: ['https://a/b'],
    end: 'unfinished',
    saysClose: true,
  },
  {
    name: 'content of HTTP/1.0',
    section: '9.3',
    input: `POST /b HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
    answers: ['https://a/b'],
    end: 'closed',
  },
  {
    name: 'content that is malformed',
    section: '7.1',
    input: post(CHUNKED, `x\r\n${NEXT}`),
    answers: ['https://a/b'],
    end: 'closed',
    saysClose: false,
  },
  {
    name: 'content for which the client waits to be asked',
    section: 'RFC 9110 10.1.1',
    input: post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello') + NEXT,
    answers: ['https://a/b'],
    end: 'closed',
  },
  one(
    'an expectation without content',
    'RFC 9110 10.1.1',
    post('Expect: 100-continue\r\n', ''),
    'https://a/b',
  ),
  {
    name: 'content of HTTP/1.0 for which the client waits',
    section: 'RFC 9110 10.1.1',
    input: 'POST /b HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab',
    answers: ['https://a/b'],
    end: 'closed',
  },
  {
    name: 'another expectation',
    section: 'RFC 9110 10.1.1',
    input: post('Expect: x\r\n', '') + NEXT,
    answers: [417],
    end: 'closed',
  },
];

export const redirectCases: RedirectCase[] = [
  ...places,
  ...absolute,
  ...methods,
  ...unnamed,
  ...injections,
  ...persistence,
  ...content,
];
