// Content that is consumed in pieces: the pieces together are the content, however it arrives, and all else is as when it
// is skipped.

import { describe, expect, test } from 'vitest';
import { Carry } from '../../src/connection/carry.ts';
import {
  ERROR_CONTENT_SIZE,
  PREPARED_NONE,
  STATE_START,
  STATE_TRAILER,
  VERDICT_REQUEST,
} from '../../src/memory/codes.ts';
import { EXTENSION_BYTES_MAX, RECORD, RECORD_BYTES, RECORD_STATE } from '../../src/memory/layout.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { chunkSmugglingCases } from '../cases/chunk-smuggling.ts';
import { type ContentCase, contentCases } from '../cases/content.ts';
import { everySplit } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, type Engine, LIMITS, latin1, textOf } from '../support/engines.ts';
import { chunkLine } from '../support/grammar.ts';
import { readResponses } from '../support/responses.ts';

type Case = Pick<ContentCase, 'name' | 'section' | 'fields' | 'content' | 'expected'>;

/** The chunks of a conversation whose first request has only chunked content. */
const CHUNK_CASES: Case[] = chunkSmugglingCases.flatMap(({ name, section, input, taken, refused, end }) => {
  const [head, content] = [
    input.slice(0, input.indexOf('\r\n\r\n')),
    input.slice(input.indexOf('\r\n\r\n') + 4),
  ];
  if (!/\r\nTransfer-Encoding: chunked/.test(head) || /content-length/i.test(head)) return [];
  const expected =
    taken.length > 0 ? 'whole' : refused === undefined && end === 'unfinished' ? 'unfinished' : -1;
  return [{ name, section, fields: 'Transfer-Encoding: chunked\r\n', content, expected }];
});
const CASES: Case[] = [...contentCases, ...CHUNK_CASES];

/** The result of consuming. */
interface Consumed {
  content: string;
  /** 0 when there is none. */
  error: number;
  ended: boolean;
  /** Bytes behind the head that belong to the content, frames included; undefined when the content is rejected. */
  bytes: number;
  trailers: [name: string, value: string][];
}

/** The content by the model, up to its end or its first error. */
function decode({ fields, content }: Case): Omit<Consumed, 'error' | 'bytes'> {
  const length = /Content-Length: (\d+)/.exec(fields)?.[1];
  if (length !== undefined)
    return {
      content: content.slice(0, Number(length)),
      ended: content.length >= Number(length),
      trailers: [],
    };
  const nothing = { ended: false, trailers: [] };
  let text = '';
  let total = 0;
  let extensions = 0;
  let at = 0;
  for (;;) {
    const line = chunkLine(content, at);
    if (line === undefined) return { content: text, ...nothing };
    const { bytes, size, extension } = line;
    total += size;
    extensions += Math.max(0, extension.length - 1);
    if (total > LIMITS.contentBytesMax || extensions > EXTENSION_BYTES_MAX)
      return { content: text, ...nothing };
    at += bytes;
    if (size === 0) break;
    text += content.slice(at, at + size);
    at += size + 2;
    if (content.slice(at - 2, at) !== '\r\n') return { content: text, ...nothing };
  }
  const section = /^((?:[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n){0,100})\r\n/.exec(content.slice(at))?.[1];
  if (section === undefined) return { content: text, ...nothing };
  const trailers = section
    .split('\r\n')
    .slice(0, -1)
    .map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]);
  return { content: text, ended: true, trailers };
}

/** Between two reads others use the slot. */
function spoil({ slot }: Engine, from: number, to: number): void {
  const { bytes, words } = slot.views;
  const record = slot.pointer + RECORD;
  bytes.fill(0xee, record, record + RECORD_BYTES);
  words[(record + RECORD_STATE) >> 2] = STATE_START;
  bytes.fill(0xee, from, to);
}

/** Gives a head to the engine, in a read that ends with the head. */
function begin({ codec, slot }: Engine, method: string, fields: string, first: string): number {
  slot.prepared.fallback = PREPARED_NONE;
  slot.record.drop();
  const head = `${method} / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  slot.read.set(latin1(head + first));
  const cursor = codec.serve(
    slot.readStart,
    slot.readStart + head.length + first.length,
    slot.outputs[0] as number,
  );
  if (slot.verdict !== VERDICT_REQUEST || cursor !== slot.readStart + head.length)
    throw new Error('no request');
  return cursor;
}

/** Takes the content piece by piece, as a connection does, and leaves what follows it. */
function consume(engine: Engine, { fields }: Case, parts: string[]): Consumed {
  const { codec, slot } = engine;
  const consumed: Consumed = { content: '', error: 0, ended: false, bytes: 0, trailers: [] };
  let carry: Carry | undefined;
  for (const [i, part] of parts.entries()) {
    let cursor: number;
    if (i === 0) cursor = begin(engine, 'POST', fields, part);
    else {
      slot.read.set(latin1(part));
      cursor = carry?.restore(part.length) ?? slot.readStart;
    }
    const start = cursor;
    const end = i === 0 ? cursor + part.length : slot.readStart + part.length;
    while (slot.record.unfinished && cursor < end) {
      const next = codec.consume(cursor, end);
      const { pieceBytes } = slot.record;
      if (next < 0) {
        if (pieceBytes !== 0) throw new Error('an error, and a piece');
        if (!slot.record.unfinished) throw new Error('an error that forgets its message');
        slot.record.drop();
        return { ...consumed, error: next, bytes: 0 };
      }
      if (pieceBytes < 0 || pieceBytes > next - cursor) throw new Error(`a piece of ${pieceBytes} bytes`);
      consumed.content += textOf(slot.views.bytes.subarray(next - pieceBytes, next));
      // Without a piece, everything is consumed, or the rest is the beginning of a trailer section.
      const state = slot.views.words[(slot.pointer + RECORD + RECORD_STATE) >> 2];
      if (pieceBytes === 0 && next !== end && state !== STATE_START && state !== STATE_TRAILER)
        throw new Error('nothing came, and something is left');
      consumed.bytes += next - cursor;
      cursor = next;
      if (pieceBytes === 0 && slot.record.unfinished) break;
    }
    if (!slot.record.unfinished) {
      consumed.ended = true;
      consumed.trailers = slot.record.contentLength === undefined ? slot.record.trailers(cursor) : [];
      return consumed;
    }
    if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    spoil(engine, start, end);
  }
  return consumed;
}

/** The first bytes of the parts: the rest belongs to another request. */
function first(bytes: number, parts: string[]): string[] {
  let left = bytes;
  return parts.flatMap((part) => {
    const taken = part.slice(0, left);
    left -= taken.length;
    return taken === '' ? [] : [taken];
  });
}

/** The same by serve(), which skips it. */
function skip(
  engine: Engine,
  { fields }: Case,
  parts: string[],
): Pick<Consumed, 'error' | 'ended' | 'bytes'> {
  const { codec, slot } = engine;
  const output = slot.outputs[0] as number;
  let carry: Carry | undefined;
  let bytes = 0;
  for (const [i, part] of parts.entries()) {
    let start: number;
    if (i === 0) start = begin(engine, 'POST', fields, part);
    else {
      slot.read.set(latin1(part));
      start = carry?.restore(part.length) ?? slot.readStart;
    }
    const end = i === 0 ? start + part.length : slot.readStart + part.length;
    const cursor = codec.serve(start, end, output);
    if (slot.error !== 0) return { error: slot.error, ended: false, bytes: 0 };
    bytes += cursor - start;
    if (!slot.record.unfinished) return { error: 0, ended: true, bytes };
    if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    spoil(engine, start, end);
  }
  return { error: 0, ended: false, bytes };
}

const engines = ENGINE_NAMES.map((name) => createEngine(name));

describe('content of the cases', () => {
  test.each(CASES)('$name ($section)', (one) => {
    const { content, expected } = one;
    const model = decode(one);
    const whole = consume(engines[0] as Engine, one, [content]);
    expect({ content: whole.content, ended: whole.ended, trailers: whole.trailers }).toEqual(model);
    if (expected === 'whole') expect(whole).toMatchObject({ ended: true, error: 0 });
    else if (expected === 'unfinished') expect(whole).toMatchObject({ ended: false, error: 0 });
    else if (expected === -1) expect(whole.error).toBeLessThan(0);
    else expect(whole).toMatchObject({ ended: false, error: expected });
    const same = JSON.stringify(whole);
    for (const parts of everySplit(content).filter(([part]) => part !== undefined))
      for (const engine of engines) {
        const consumed = consume(engine, one, parts);
        if (JSON.stringify(consumed) !== same)
          expect(consumed, `${engine.name}: ${JSON.stringify(parts)}`).toEqual(whole);
        const { error, ended, bytes } = consumed;
        const skipped = skip(engine, one, ended ? first(bytes, parts) : parts);
        if (skipped.error !== error || skipped.ended !== ended || skipped.bytes !== bytes)
          expect(skipped, `${engine.name}: ${JSON.stringify(parts)}`).toEqual({ error, ended, bytes });
        engine.slot.record.drop();
      }
    for (const { slot } of engines) expect(guardsIntact(slot.views, 0)).toBe(true);
  });
});

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);
  const chunked = 'Transfer-Encoding: chunked\r\n';

  test('a piece is as much of a chunk as has arrived, without its frames', () => {
    const { codec, slot } = engine;
    const text = '5\r\nHello\r\n00a;x=y\r\n0123456789\r\n0\r\nA: b\r\n\r\n';
    const start = begin(engine, 'POST', chunked, text);
    const pieces: string[] = [];
    for (let cursor = start; slot.record.unfinished; ) {
      cursor = codec.consume(cursor, start + text.length);
      pieces.push(textOf(slot.views.bytes.subarray(cursor - slot.record.pieceBytes, cursor)));
    }
    expect(pieces).toEqual(['Hello', '0123456789', '']);
  });

  test('content by length ends with its last piece', () => {
    const { codec, slot } = engine;
    const start = begin(engine, 'PUT', 'Content-Length: 5\r\n', 'HelloGET');
    expect(codec.consume(start, start + 3)).toBe(start + 3);
    expect([slot.record.pieceBytes, slot.record.unfinished]).toEqual([3, true]);
    expect(codec.consume(start + 3, start + 3)).toBe(start + 3);
    expect([slot.record.pieceBytes, slot.record.unfinished]).toEqual([0, true]);
    expect(codec.consume(start + 3, start + 8)).toBe(start + 5);
    expect([slot.record.pieceBytes, slot.record.unfinished]).toEqual([2, false]);
  });

  test('trailers are read in place, cut anywhere', () => {
    const trailers = 'Digest: sha\r\nX:\r\ny:  \t z z\t\r\nconnection: close\r\n\r\n';
    const content = `3\r\nabc\r\n0;e\r\n${trailers}`;
    const expected = [
      ['Digest', 'sha'],
      ['X', ''],
      ['y', 'z z'],
      ['connection', 'close'],
    ];
    const one: Case = { name: '', section: '', fields: chunked, content, expected: 'whole' };
    for (const parts of everySplit(content))
      for (const next of ['', 'GET / HTTP/1.1\r\n']) {
        const last = parts.length - 1;
        const more = parts.map((part, i) => (i === last ? part + next : part));
        expect(consume(engine, one, more)).toEqual({
          content: 'abc',
          error: 0,
          ended: true,
          bytes: content.length,
          trailers: expected,
        });
      }
    expect(engine.slot.record.persistent).toBe(true);
  });

  test('the error response to a HEAD has no content, whatever the error', () => {
    const { codec, slot } = engine;
    const output = slot.outputs[0] as number;
    for (const content of ['x\r\n', '1\r\nabc', '1;\0', '0\r\nA b\r\n\r\n', '0\r\nA: \0', '186a1\r\n'])
      for (const method of ['HEAD', 'POST']) {
        const start = begin(engine, method, chunked, content);
        let cursor = start;
        while (cursor > 0) cursor = codec.consume(cursor, start + content.length);
        codec.refuse(cursor, output);
        const text = textOf(slot.views.bytes.subarray(output, output + slot.written));
        const [refusal] = readResponses(text, new Set(method === 'HEAD' ? [0] : []));
        expect(refusal?.statusCode).toBe(cursor === ERROR_CONTENT_SIZE ? 413 : 400);
        expect(slot.record.unfinished).toBe(false);
      }
  });
});
