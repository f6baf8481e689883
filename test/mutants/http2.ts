// Defects of HTTP/2, from its frames to the application.

import { type Defect, defectsOf } from './defect.ts';

const REQUESTS = ['test/http2/requests.test.ts'];
const STREAMS = ['test/http2/streams.test.ts'];
const BOUNDS = ['test/http2/bounds.test.ts'];

export const http2Defects: Defect[] = [
  ...defectsOf('src/http2/exchange.ts', STREAMS, [
    [
      'a client that reads no reset keeps its connection',
      'if (this.outgoing.cut) this.owner.destroy();',
      'if (this.outgoing.cut) this.awaitNext();',
      'reads nothing at all',
    ],
    [
      'content that is too large aborts nothing',
      'this.tellAborted(reason);\n      this.tellGone();',
      'this.tellGone();',
      'that is too large',
    ],
    [
      'content has the time of a handler',
      'if (this.awaitsContent) this.deadline.awaitContent(bytes);\n    else this.deadline',
      'this.deadline',
      'gets a 408',
    ],
    [
      'the client is not told that the rest of its content is not wanted',
      'this.outgoing.stopReceiving();',
      '',
      'the rest is not wanted',
    ],
  ]),
  ...defectsOf('src/http2/incoming.ts', STREAMS, [
    [
      'content of a stream that was reset is complete',
      'if (this.over || stream.aborted || stream.closed || stream.destroyed) return;',
      'if (this.over) return;',
      'that a client takes back breaks off',
    ],
    [
      'content is received without a bound',
      'if (!this.content.hungry) this.stream.pause();',
      '',
      'no further ahead than a window',
    ],
    [
      'a stream that is over stays paused',
      'this.over = true;\n    this.stream.resume();',
      'this.over = true;',
      'does not keep a stream',
    ],
    [
      'content has no limit',
      'this.bytes > this.limits.contentBytesMax',
      'this.bytes < 0',
      'that is too large',
    ],
  ]),
  ...defectsOf('src/http2/outgoing.ts', STREAMS, [
    [
      'callbacks are forgotten when the client is gone',
      'if (written !== undefined) tellLater(written, reason);',
      'if (written === undefined) tellLater(() => {}, reason);',
      'get an error when the client is gone',
    ],
  ]),
  ...defectsOf('src/http2/response.ts', STREAMS, [
    [
      'pieces are not copied',
      'lasting ? bytes : Buffer.from(bytes)',
      'lasting ? bytes : bytes',
      'bytes may change after write()',
    ],
    [
      'a response of unknown length has no trailers',
      'readLines(streamed.trailers, {})',
      '({})',
      'waits for a slow reader',
    ],
  ]),
  ...defectsOf('src/http2/session-deadline.ts', STREAMS, [
    [
      'requests have no time',
      'for (const { deadline } of this.exchanges) if (deadline.tick(nowMs)) passed = true;',
      '',
      'a handler that takes too long',
    ],
  ]),
  ...defectsOf('src/http2/session.ts', STREAMS, [
    [
      'a session makes room before its first request',
      'this.requestsLeft < this.shared.plane.limits.requestsMax || this.deadline.headGraceOver(nowMs)',
      'true',
      'has had time for a first request',
    ],
    [
      'a session that begins during a drain does not end with its requests',
      'this.requestsLeft === 0 || slot.draining',
      'this.requestsLeft === 0',
      'that begins during the drain of a reload',
    ],
    ['a client that has gone counts as one of a unix socket', "?? 'unknown'", "?? ''", 'has gone is unknown'],
    [
      'a session has no time after its first request',
      'this.deadline.peerHasRead();\n    this.deadline.awaitRequest();',
      'this.deadline.awaitRequest();',
      'a session without requests closes',
    ],
    [
      'a session that has ended waits for its client',
      'this.deadline.linger();\n      return;',
      'return;',
      'does not wait for a client',
    ],
    [
      'the version in the log is that of HTTP/1',
      "requestLogOf(plane, this, endpoint, peer, '2')",
      'requestLogOf(plane, this, endpoint, peer)',
      'has each request and response',
    ],
  ]),
  ...defectsOf('src/http2/session.ts', BOUNDS, [
    [
      'requests that are taken back are not counted',
      'if (takenBack && !this.resets',
      'if (!takenBack && !this.resets',
      'rapid reset',
    ],
    ['a client that does too much goes on', 'this.tooMuch = true;', '', 'rapid reset'],
  ]),
  ...defectsOf('src/http2/bounds.ts', BOUNDS, [
    ['an allowance does not grow', '((nowMs - this.sinceMs) * perSecond) / 1000', '0', 'an allowance grows'],
    [
      'an allowance grows without an end',
      'Math.min(burst, this.left',
      'Math.max(0, this.left',
      'an allowance grows',
    ],
    [
      'a client may open any number of streams',
      'maxConcurrentStreams: STREAMS_MAX',
      'maxConcurrentStreams: 10 * STREAMS_MAX',
      'of a client that has acknowledged the limit',
    ],
  ]),
  ...defectsOf('src/http2/session.ts', REQUESTS, [
    [
      'a request is redirected as the last one of another listener was',
      'plane.turnBegins(TURN, this.requestsLeft, endpoint.redirectPort);',
      'plane.turnBegins(TURN, this.requestsLeft, (slot.views.words[(slot.pointer + 48) >> 2] as number));',
      'a redirect of another listener',
    ],
    [
      'an application sees a Transfer-Encoding that nobody sent',
      'if (asked.chunked) record.dropLastField();',
      '',
      'no field says how the content is framed',
    ],
    [
      'the limit of requests is not kept',
      'this.requestsLeft === 0 || slot.draining',
      'slot.draining',
      'as the limit says',
    ],
    [
      'a prepared response to content counts no request',
      'this.shared.plane.slot.statistics.answered();',
      '',
      'requests and rejections',
    ],
  ]),
  ...defectsOf('src/http2/request-head.ts', REQUESTS, [
    [
      'the last cookie is the only one',
      'this.cookie === undefined ? value :',
      'this.cookie !== undefined ? value :',
      'cookies in fields of their own',
    ],
    [
      'a Host that differs is no error',
      'if (authority !== undefined) this.error = ERROR_HOST;',
      '',
      'must not differ from it',
    ],
  ]),
  ...defectsOf('src/http2/request-head.ts', BOUNDS, [
    ['any scheme is served', "scheme !== 'https' || ", '', 'another scheme'],
  ]),
  ...defectsOf('src/http2/response-fields.ts', REQUESTS, [
    [
      'fields about a connection are sent',
      'if (CONNECTION_FIELDS.has(name)) continue;',
      '',
      'those about a connection of HTTP/1.1',
    ],
    ['cookies are joined', "else if (name !== 'set-cookie')", "else if (name !== '')", 'except Set-Cookie'],
  ]),
];
