// WebAssembly does not trap on reads beyond the input, as long as they stay within its memory. So input is placed
// where an over-read does trap, at the very end of memory, and in front of bytes that would change the
// outcome if the engine used them.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  PREPARED_DEFAULT,
  PREPARED_NONE,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_REQUEST,
} from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import { prepare } from '../../src/protocol/prepared.ts';
import { contentCases } from '../cases/content.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { converse } from '../support/conversation.ts';
import { createEngine, type Engine, latin1, textOf } from '../support/engines.ts';
import { readRecord } from '../support/record.ts';

/** How many bytes beyond its input an engine may read, as src/protocol/codec.ts says. */
const OVER_READ_BYTES = 15;

const HEADS = [
  ...[...requestLineCases, ...fieldCases, ...framingCases].map(({ input }) => input),
  readFileSync('bench/data/request-703-bytes.http', 'latin1'),
];
const MESSAGES = [
  ...HEADS,
  ...contentCases.map(({ fields, content }) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`),
  'GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /x HTTP/1.0\r\n\r\n',
];

/** All places of a short text, some of a long one. */
function cutsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => i + 1).filter(
    (cut) => text.length < 300 || cut < 48 || cut > text.length - 48 || cut % 61 === 0,
  );
}

describe.each(['wasm', 'js'] as const)('%s, at the very end of memory', (name) => {
  // No thread uses the second slot. Its last bytes are the last bytes of the memory.
  const engine = createEngine(name, { slotCount: 2 });
  const { bytes } = engine.slot.views;
  const end = bytes.length - OVER_READ_BYTES;

  /** Writes the text so that it ends at `end`. @returns where it starts */
  const lay = (text: string, before = end): number => {
    bytes.set(latin1(text), before - text.length);
    return before - text.length;
  };

  test('parse() of every head, whole and cut everywhere', () => {
    const { codec, slot } = engine;
    for (const head of HEADS) {
      const parse = (parts: string[]): unknown => {
        slot.record.drop();
        let result = 0;
        let start = end;
        for (const part of parts) {
          start = lay(part);
          result = codec.parse(start, end);
          if (result !== 0) break;
        }
        return result > 0 ? { bytes: result - start, record: readRecord(slot, start) } : result;
      };
      // A whole head may end before the text does, with the same offsets.
      const whole = parse([head]);
      for (const cut of cutsOf(head)) {
        const outcome = parse([head.slice(0, cut), head]);
        if (JSON.stringify(outcome) !== JSON.stringify(whole))
          throw new Error(`${JSON.stringify(head)} cut at ${cut}: ${JSON.stringify(outcome)}`);
      }
    }
    slot.record.drop();
  });

  test('serve() of every message, whole and cut everywhere', () => {
    const usual = createEngine(name);
    for (const message of MESSAGES)
      for (const cut of cutsOf(message)) {
        const parts = [message.slice(0, cut), message.slice(cut)].filter((part) => part !== '');
        const expected = converse(usual, parts);
        const { output, closed } = converseAtEnd(parts);
        if (output !== expected.output || closed !== expected.closed)
          throw new Error(`${JSON.stringify(message)} cut at ${cut}: ${output}`);
      }
  });

  test('consume() of every content, cut everywhere', () => {
    const usual = createEngine(name);
    for (const content of contentCases) {
      const expected = consume(usual, usual.slot.readEnd, content.fields, [content.content]);
      for (const cut of cutsOf(content.content)) {
        const parts = [content.content.slice(0, cut), content.content.slice(cut)];
        const outcome = consume(
          engine,
          end,
          content.fields,
          parts.filter((part) => part !== ''),
        );
        if (outcome !== expected) throw new Error(`${content.name} cut at ${cut}: ${outcome}`);
      }
    }
  });

  test('routes of all sizes', () => {
    const { codec, slot } = engine;
    const [region] = slot.outputs as [number];
    slot.prepared.fallback = PREPARED_NONE;
    for (let size = 1; size <= 40; size++) {
      slot.prepared.forgetRoutes();
      // The last route: its path ends where the text region ends.
      slot.prepared.addRoute(pathOf(size), prepare(0, { statusCode: 200, fields: [], content: '' }));
      for (const line of [`GET ${pathOf(size)}`, `GET ${pathOf(size)}?`]) {
        const text = `${line} HTTP/1.0\r\n\r\n`;
        codec.serve(lay(text), end, region);
        expect(slot.verdict, line).toBe(VERDICT_CLOSE);
      }
      // The last byte of the path is missing, though the byte behind the end is the same.
      codec.serve(lay(`GET ${pathOf(size + 1)} HTTP/1.0\r\n\r\n`), end, region);
      expect(slot.verdict).toBe(VERDICT_REQUEST);
    }
    slot.prepared.forgetRoutes();
    slot.prepared.fallback = PREPARED_DEFAULT;
  });

  // The limit is exact: with one byte less behind the input, the widest load traps.
  if (name === 'wasm')
    test('a byte nearer to the end traps', () => {
      const text = 'GET /';
      const start = lay(text, end + 1);
      expect(() => engine.codec.parse(start, end + 1)).toThrow(WebAssembly.RuntimeError);
      engine.slot.record.drop();
    });

  /** Sends messages as test/support/conversation.ts does, but with the input elsewhere in memory. */
  function converseAtEnd(parts: string[]): { output: string; closed: boolean } {
    const { codec, slot } = engine;
    const [region] = slot.outputs as [number];
    let output = '';
    let tail = '';
    let record: Uint8Array | undefined;
    for (const part of parts) {
      if (record) slot.record.restore(record);
      let cursor = lay(tail + part);
      do {
        cursor = codec.serve(cursor, end, region);
        output += textOf(bytes.subarray(region, region + slot.written));
        if (slot.verdict === VERDICT_CLOSE) return { output, closed: true };
      } while (slot.verdict === VERDICT_AGAIN);
      tail = textOf(bytes.subarray(cursor, end));
      record = slot.record.take();
    }
    return { output, closed: false };
  }
});

function pathOf(size: number): string {
  return `/${'p'.repeat(size - 1)}`;
}

/** Consumes the parts of a content, each placed so that it ends at `end`. @returns its pieces, its outcome, its trailers */
function consume({ codec, slot }: Engine, end: number, fields: string, parts: string[]): string {
  const { bytes } = slot.views;
  const head = latin1(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  bytes.set(head, end - head.length);
  slot.record.drop();
  slot.prepared.fallback = PREPARED_NONE;
  codec.serve(end - head.length, end, slot.outputs[0] as number);
  slot.prepared.fallback = PREPARED_DEFAULT;
  let content = '';
  let tail = '';
  for (const part of parts) {
    const text = tail + part;
    let cursor = end - text.length;
    bytes.set(latin1(text), cursor);
    while (slot.record.unfinished && cursor < end) {
      const next = codec.consume(cursor, end);
      if (next < 0) {
        slot.record.drop();
        return `${content} error ${next}`;
      }
      content += textOf(bytes.subarray(next - slot.record.pieceBytes, next));
      cursor = next;
      if (slot.record.pieceBytes === 0) break;
    }
    if (!slot.record.unfinished) {
      const trailers = slot.record.contentLength === undefined ? slot.record.trailers(cursor) : [];
      return `${content} ended with ${JSON.stringify(trailers)}`;
    }
    tail = textOf(bytes.subarray(cursor, end));
  }
  slot.record.drop();
  return `${content} and more`;
}

/** The texts that may lie behind the end, besides the rest of the message. */
const POISONS = [
  ...['\0', '\xff', '\r', '\n', ' ', ':', ';', ',', '/', 'a', 'f', '0', '9', '\t', '\x7f', '\x80'],
  ...['\r\n', '\n\r\n', '\r\n\r\n', ': x\r\n\r\n', ' HTTP/1.1\r\n\r\n', '/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ...[
    '0\r\n\r\n',
    '\r\n0\r\n\r\n',
    '\r\nA: b\r\n\r\n',
    'hunked\r\n\r\n',
    'close\r\n\r\n',
    'ET / HTTP/1.1\r\n\r\n',
  ],
];
const PAD_BYTES = layout.READ_PAD_BYTES;
/** Each beginning of a message is followed by some of them in turn. */
const POISONS_AT_ONCE = 6;

describe.each(['wasm', 'js'] as const)('%s, in front of bytes that would change the outcome', (name) => {
  test.each([
    ['with an application', PREPARED_NONE],
    ['without', PREPARED_DEFAULT],
  ])('every beginning of all messages, %s', (_, fallback) => {
    const engine = createEngine(name);
    engine.slot.prepared.fallback = fallback;
    for (const path of ['/', '/x', '/index.html'])
      engine.slot.prepared.addRoute(path, prepare(0, { statusCode: 200, fields: [], content: path }));
    const turn = createTurn(engine);
    const poisons = POISONS.map(padOf);
    const clean = padOf('\0');
    let next = 0;
    for (const message of MESSAGES)
      for (const cut of cutsOf(message)) {
        const input = latin1(message.slice(0, cut));
        const alone = Buffer.from(turn(input, clean));
        // The most likely continuation is the real one.
        const pads = [padOf(message.slice(cut) || '\0')];
        for (let i = 0; i < POISONS_AT_ONCE; i++) pads.push(poisons[next++ % poisons.length] as Uint8Array);
        for (const pad of pads)
          if (!alone.equals(turn(input, pad)))
            throw new Error(`${JSON.stringify(textOf(input))} before ${JSON.stringify(textOf(pad))}`);
      }
  });
});

function padOf(poison: string): Uint8Array {
  return latin1(poison.repeat(Math.ceil(PAD_BYTES / poison.length)).slice(0, PAD_BYTES));
}

/**
 * Makes a function that serves an input which ends with the read region, with a pad behind it. It returns
 * all that the call left: where it stopped, what it wrote and counted, and the record.
 */
function createTurn({ codec, slot }: Engine): (input: Uint8Array, pad: Uint8Array) => Buffer {
  const { bytes, words } = slot.views;
  const { buffer } = bytes;
  const counters = new BigInt64Array(buffer);
  const record = slot.pointer + layout.RECORD;
  const [output] = slot.outputs as [number];
  const end = slot.readEnd;
  const left = Buffer.alloc(5 * 4 + layout.RECORD_FIXED_BYTES + 32 * layout.FIELD_BYTES + 1024);
  return (input, pad) => {
    const start = end - input.length;
    counters[layout.STATE >> 3] = 0n;
    bytes.fill(0, record, record + layout.RECORD_BYTES);
    bytes.set(input, start);
    bytes.set(pad, end);
    left.fill(0);
    let cursor = codec.serve(start, end, output);
    let pieceBytes = 0;
    while (slot.verdict === VERDICT_REQUEST && slot.record.unfinished && cursor > 0 && cursor < end) {
      cursor = codec.consume(cursor, end);
      pieceBytes += slot.record.pieceBytes;
      if (slot.record.pieceBytes === 0) break;
    }
    let at = 0;
    for (const figure of [
      pieceBytes,
      cursor < 0 ? cursor : cursor - start,
      slot.verdict,
      slot.error,
      Number(counters[layout.STATE >> 3]),
    ])
      at = left.writeInt32LE(figure, at);
    at += Buffer.from(buffer, output, Math.min(slot.written, 1024)).copy(left, at);
    Buffer.from(buffer, record, left.length - at).copy(left, at);
    words[(record + layout.RECORD_STATE) >> 2] = 0;
    return left;
  };
}
