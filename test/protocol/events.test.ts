// The events that the engines record for the log: every message once, with its own response, however its bytes arrive.

import { beforeEach, describe, expect, test } from 'vitest';
import {
  ERROR_CHUNK,
  ERROR_METHOD,
  PREPARED_NONE,
  VERDICT_AGAIN,
  VERDICT_REQUEST,
} from '../../src/memory/codes.ts';
import { EVENT_COUNT_MAX } from '../../src/memory/layout.ts';
import { readEvents } from '../../src/wasm/events.ts';
import { converse, type Event, everySplit, lineOf, roomForOne } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, type Engine, latin1 } from '../support/engines.ts';
import { withoutInterim } from '../support/responses.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const HEAD = 'HEAD /b?c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
const POST = 'POST /d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
const EXPECTING = 'PUT /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc';
const CHUNKED = 'POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n';
const BROKEN = 'POST /g HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n';

/** The same events however the bytes were cut: a response belongs to the request before it. */
function messagesOf(events: readonly Event[]): Event[] {
  const messages: Event[] = [];
  for (const event of events) {
    const last = messages.at(-1);
    const open = last !== undefined && last.response === undefined && last.error === 0;
    if (event.request === undefined && open) Object.assign(last, { ...event, request: last.request });
    else messages.push({ ...event });
  }
  return messages;
}

describe.each(ENGINE_NAMES)('%s', (name) => {
  let engine: Engine;
  beforeEach(() => {
    engine = createEngine(name);
    engine.slot.recordsEvents = true;
  });

  test.each([
    [
      'requests without content',
      GET + HEAD + GET,
      ['GET /a HTTP/1.1', 'HEAD /b?c HTTP/1.0', 'GET /a HTTP/1.1'],
      0,
    ],
    ['content by length and in chunks', POST + CHUNKED, ['POST /d HTTP/1.1', 'POST /f HTTP/1.1'], 0],
    ['an interim response, which is no event', EXPECTING + GET, ['PUT /e HTTP/1.1', 'GET /a HTTP/1.1'], 0],
    ['a head that is rejected', `${GET}\0`, ['GET /a HTTP/1.1', undefined], ERROR_METHOD],
    ['content that is rejected', GET + BROKEN, ['GET /a HTTP/1.1', 'POST /g HTTP/1.1'], ERROR_CHUNK],
  ])('%s', (_, input, requests, error) => {
    for (const parts of everySplit(input)) {
      const { events, output } = converse(engine, parts);
      const messages = messagesOf(events);
      expect(messages.map(({ request }) => request)).toEqual(requests);
      expect(messages.map((message) => message.error)).toEqual(
        requests.map((_, i) => (i === requests.length - 1 ? error : 0)),
      );
      expect(messages.map(({ response }) => response).join('')).toBe(withoutInterim(output));
    }
  });

  test('a pipeline is answered without a stop, until no further event fits', () => {
    const { turns, events, output } = converse(engine, [GET.repeat(EVENT_COUNT_MAX * 2 + 1)]);
    expect(turns).toBe(3);
    expect(events).toHaveLength(EVENT_COUNT_MAX * 2 + 1);
    expect(events.map(({ response }) => response).join('')).toBe(output);
  });

  test('no event of the call before is left', () => {
    converse(engine, [GET + GET]);
    expect(converse(engine, [GET.slice(0, 9)]).events).toEqual([]);
  });

  test('a request that is handed over has an event without a response', () => {
    const { codec, slot } = engine;
    slot.prepared.fallback = PREPARED_NONE;
    slot.read.set(latin1(GET + GET));
    codec.serve(slot.readStart, slot.readStart + GET.length * 2, slot.outputs[0] as number);
    expect(slot.verdict).toBe(VERDICT_REQUEST);
    const [event, ...others] = readEvents(slot.views, slot.pointer);
    expect(event?.request && lineOf(event.request)).toBe('GET /a HTTP/1.1');
    expect([event?.error, event?.response, others]).toEqual([0, undefined, []]);
  });

  test('content of an answered request that is rejected has an event without a response', () => {
    const { codec, slot } = engine;
    slot.prepared.fallback = PREPARED_NONE;
    const end = slot.readStart + BROKEN.length;
    slot.read.set(latin1(BROKEN));
    const output = slot.outputs[0] as number;
    const cursor = codec.serve(slot.readStart, end, output);
    codec.serve(cursor, end, output);
    expect(readEvents(slot.views, slot.pointer)).toEqual([
      { request: undefined, error: ERROR_CHUNK, response: undefined },
    ]);
  });

  test('nothing is recorded unless asked for', () => {
    engine.slot.recordsEvents = false;
    converse(engine, [GET.repeat(3)], roomForOne(engine.slot));
    expect(readEvents(engine.slot.views, engine.slot.pointer)).toEqual([]);
    expect(engine.slot.verdict).not.toBe(VERDICT_AGAIN);
  });
});
