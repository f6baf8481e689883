// Sizes at 2^31, 2^32 and 2^53: content that really is so long, its limit, and counted numbers; the last
// slot of the largest memory; and a head of the largest size, whose offsets use all 16 bits.

import { describe, expect, test } from 'vitest';
import {
  ERROR_CHUNK,
  ERROR_CONTENT_LENGTH,
  ERROR_CONTENT_SIZE,
  ERROR_HEAD_SIZE,
  ERROR_HOST,
  MORE,
} from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import { guardsIntact, LIMITS } from '../../src/wasm/memory.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { readStatistics } from '../../src/wasm/statistics.ts';
import { statisticsPointer } from '../../src/wasm/statistics-row.ts';
import { contentCases } from '../cases/content.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { converse } from '../support/conversation.ts';
import {
  createEngine,
  ENGINE_NAMES,
  type Engine,
  latin1,
  parseEveryWay,
  textOf,
} from '../support/engines.ts';
import { readResponses } from '../support/responses.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const BOUNDARIES = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1];
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const byLength = (length: number | string): string => `${POST}Content-Length: ${length}\r\n\r\n`;
const hex = (size: number): string => size.toString(16);

/** A connection with simulated content, which the engine consumes without reading it. */
class Stream {
  private readonly output: number;
  private readonly remaining: number;
  /** Status codes of all responses. */
  readonly answers: number[] = [];

  constructor(private readonly engine: Engine) {
    const { slot } = engine;
    slot.record.drop();
    this.output = slot.outputs[0] as number;
    this.remaining = (slot.pointer + layout.RECORD + layout.RECORD_CONTENT_REMAINING) >> 3;
  }

  /** How many bytes are missing of the content, or of the current chunk. */
  get missing(): number {
    return this.engine.slot.views.doubles[this.remaining] as number;
  }

  /** Acts as if all but this many bytes had arrived. */
  skipTo(missing: number): void {
    this.engine.slot.views.doubles[this.remaining] = missing;
  }

  send(text: string): this {
    this.engine.slot.read.set(latin1(text));
    return this.turn(text.length);
  }

  /** Receives this many bytes of content, in reads of the largest size. */
  stream(bytes: number): this {
    for (; bytes > 0; bytes -= layout.READ_BYTES) this.turn(Math.min(bytes, layout.READ_BYTES));
    return this;
  }

  /** Receives the same read repeatedly. */
  repeat(text: string, count: number): this {
    this.engine.slot.read.set(latin1(text));
    for (let i = 0; i < count; i++) this.turn(text.length);
    return this;
  }

  private turn(bytes: number): this {
    const { codec, slot } = this.engine;
    const end = slot.readStart + bytes;
    const cursor = codec.serve(slot.readStart, end, this.output);
    if (slot.written > 0) {
      const text = textOf(slot.views.bytes.subarray(this.output, this.output + slot.written));
      this.answers.push(...readResponses(text).map(({ statusCode }) => statusCode));
    }
    if (slot.error === 0 && cursor !== end) throw new Error(`${end - cursor} bytes left`);
    return this;
  }
}

describe.each(ENGINE_NAMES)('%s, content', (name) => {
  const engine = createEngine(name, { contentBytesMax: MAX });
  const open = (): Stream => new Stream(engine);

  test.each(BOUNDARIES)('%d bytes by length', (size) => {
    const stream = open().send(byLength(size));
    expect(stream.missing).toBe(size);
    expect(stream.stream(size - 1).answers).toEqual([]);
    expect(stream.missing).toBe(1);
    expect(stream.send(`x${GET}`).answers).toEqual([200, 200]);
  });

  test.each(BOUNDARIES)('%d bytes as one chunk', (size) => {
    const stream = open().send(`${CHUNKED}${hex(size)}\r\n`);
    expect(stream.missing).toBe(size);
    expect(stream.stream(size).answers).toEqual([]);
    expect(stream.send(`\r\n0\r\n\r\n${GET}`).answers).toEqual([200, 200]);
  });

  test('2^32 bytes and more as many chunks', () => {
    const size = layout.READ_BYTES - 'fff8\r\n\r\n'.length;
    const chunk = `fff8\r\n${'x'.repeat(size)}\r\n`;
    const stream = open()
      .send(CHUNKED)
      .repeat(chunk, 2 ** 32 / size + 1);
    expect(stream.answers).toEqual([]);
    expect(stream.send(`0\r\n\r\n${GET}`).answers).toEqual([200, 200]);
  });

  test('2^53 - 1 bytes, of which the middle is skipped', () => {
    const whole = open().send(byLength(MAX));
    expect(whole.missing).toBe(MAX);
    whole.send('x');
    expect(whole.missing).toBe(MAX - 1);
    whole.skipTo(2 ** 32 + 2);
    whole.send('x');
    expect(whole.missing).toBe(2 ** 32 + 1);
    whole.skipTo(1);
    expect(whole.send(`x${GET}`).answers).toEqual([200, 200]);

    const chunk = open().send(`${CHUNKED}${hex(MAX)}\r\nx`);
    expect(chunk.missing).toBe(MAX - 1);
    chunk.skipTo(1);
    expect(chunk.send(`x\r\n0\r\n\r\n${GET}`).answers).toEqual([200, 200]);
  });

  test.each([
    [byLength('9007199254740992'), ERROR_CONTENT_LENGTH],
    [byLength('9007199254740993'), ERROR_CONTENT_LENGTH],
    [byLength('18446744073709551616'), ERROR_CONTENT_LENGTH],
    [byLength('18446744073709551621'), ERROR_CONTENT_LENGTH],
    [`${CHUNKED}20000000000000\r\n`, ERROR_CHUNK],
    [`${CHUNKED}20000000000001\r\n`, ERROR_CHUNK],
    [`${CHUNKED}10000000000000005\r\n`, ERROR_CHUNK],
  ])('a number beyond 2^53 - 1: %j', (text, error) => {
    open().send(text);
    expect(engine.slot.error).toBe(error);
  });
});

describe.each(ENGINE_NAMES)('%s, a limit of content', (name) => {
  test.each([...BOUNDARIES, MAX - 1, MAX])('%d', (limit) => {
    const engine = createEngine(name, { contentBytesMax: limit });
    const errorOf = (text: string): number => {
      new Stream(engine).send(text);
      return engine.slot.error;
    };
    expect(errorOf(byLength(limit))).toBe(0);
    expect(errorOf(`${CHUNKED}${hex(limit)}\r\n`)).toBe(0);
    if (limit < MAX) {
      expect(errorOf(byLength(limit + 1))).toBe(ERROR_CONTENT_SIZE);
      expect(errorOf(`${CHUNKED}${hex(limit + 1)}\r\n`)).toBe(ERROR_CONTENT_SIZE);
    }

    // The sum of two chunks, of which the first is skipped.
    const sum = (first: number, second: number): number => {
      const stream = new Stream(engine).send(`${CHUNKED}${hex(first)}\r\n`);
      stream.skipTo(1);
      stream.send(`x\r\n${hex(second)}\r\n`);
      return engine.slot.error;
    };
    expect(sum(limit - 1, 1)).toBe(0);
    expect(sum(1, limit - 1)).toBe(0);
    expect(sum(limit - 1, 2)).toBe(ERROR_CONTENT_SIZE);
    expect(sum(limit, 1)).toBe(ERROR_CONTENT_SIZE);
    expect(sum(limit, limit)).toBe(ERROR_CONTENT_SIZE);
    expect(sum(1, limit)).toBe(ERROR_CONTENT_SIZE);
  });

  test('2^31 in a real stream of chunks', () => {
    const engine = createEngine(name, { contentBytesMax: 2 ** 31 });
    const stream = new Stream(engine).send(CHUNKED);
    for (let i = 0; i < 8; i++)
      stream
        .send('10000000\r\n')
        .stream(2 ** 28)
        .send('\r\n');
    expect(stream.answers).toEqual([]);
    expect(stream.send('1\r\nx').answers).toEqual([413]);
  });
});

describe.each(ENGINE_NAMES)('%s, figures', (name) => {
  test('statistics beyond 2^31, 2^32 and up to 2^53', () => {
    const engine = createEngine(name);
    const { slot } = engine;
    const row = statisticsPointer(0);
    const figures = {
      requests: layout.STATISTICS_REQUESTS,
      refused: layout.STATISTICS_REFUSED,
      accepted: layout.STATISTICS_ACCEPTED,
    };
    for (const boundary of [2 ** 31, 2 ** 32, MAX]) {
      for (const figure of Object.values(figures)) slot.views.doubles[(row + figure) >> 3] = boundary - 1;
      converse(engine, [`${GET}\0`]);
      slot.statistics.accepted();
      expect(readStatistics(slot.views)).toMatchObject({
        requests: boundary,
        refused: boundary,
        accepted: boundary,
      });
    }
  });

  test('a count that passes 2^31 and 2^32, and reaches 2^53 - 1', () => {
    const engine = createEngine(name);
    const counter = rowPointer(127);
    const { counterAdd, counterValue } = engine.exports;
    const values = new BigInt64Array(engine.slot.views.bytes.buffer);
    for (const boundary of [2 ** 31, 2 ** 32, MAX]) {
      values[counter / 8] = BigInt(boundary - 2);
      expect([1, 1].map((n) => counterAdd(counter, n))).toEqual([boundary - 1, boundary]);
      expect(counterValue(counter)).toBe(boundary);
    }
    values[counter / 8] = 0n;
    for (let i = 1; i <= 5; i++) expect(counterAdd(counter, 2 ** 31 - 1)).toBe(i * (2 ** 31 - 1));
    expect(counterAdd(counter, -(2 ** 31))).toBe(5 * (2 ** 31 - 1) - 2 ** 31);
  });

  test('Content-Length of the number at 2^31, 2^32, 2^53 - 1, for HEAD, too', () => {
    const engine = createEngine(name);
    const values = new BigInt64Array(engine.slot.views.bytes.buffer);
    for (const n of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, MAX]) {
      const before = BigInt(n - 1);
      const place = rowPointer(0) / 8;
      const length = `\r\nContent-Length: ${`Hello${n}`.length}\r\n\r\n`;
      values[place] = before;
      expect(converse(engine, [GET]).output.endsWith(`${length}Hello${n}`)).toBe(true);
      values[place] = before;
      expect(converse(engine, [GET.replace('GET', 'HEAD')]).output.endsWith(length)).toBe(true);
    }
  });
});

describe('the last slot of the largest memory', () => {
  const index = LIMITS.slotCountMax - 1;

  test('ends below 2^31, so that every pointer is a positive i32', () => {
    const { slot } = createEngine('js', { slotCount: LIMITS.slotCountMax }, index);
    expect(slot.views.bytes.length).toBe(layout.SLOTS + LIMITS.slotCountMax * layout.SLOT_BYTES);
    expect(slot.views.bytes.length).toBeLessThan(2 ** 31);
  });

  test.each(ENGINE_NAMES)('%s works in it as in the first', (name) => {
    const first = createEngine(name);
    const last = createEngine(name, { slotCount: LIMITS.slotCountMax }, index);
    const heads = [...requestLineCases, ...fieldCases, ...framingCases].map(({ input }) => input);
    const messages = contentCases.map(({ fields, content }) => `${POST}${fields}\r\n${content}`);
    for (const text of [...heads, ...messages])
      for (const parts of [[text], [text.slice(0, text.length >> 1), text.slice(text.length >> 1)]])
        expect(converse(last, parts)).toEqual(converse(first, parts));
    expect(readStatistics(last.slot.views)).toEqual(readStatistics(first.slot.views));
    expect(guardsIntact(last.slot.views, index)).toBe(true);
  });
});

describe.each(['wasm', 'js'] as const)('%s, a head of the largest size', (name) => {
  const engine = createEngine(name, {
    headBytesMax: LIMITS.headBytesMax,
    targetBytesMax: LIMITS.headBytesMax - 1,
    contentBytesMax: 10,
  });
  /** A head of exactly this many bytes, with `last` as its last field line. */
  const headOf = (bytes: number, last: string): string => {
    const [before, after] = ['GET / HTTP/1.1\r\nA: ', `\r\n${last}\r\n\r\n`];
    return before + 'x'.repeat(bytes - before.length - after.length) + after;
  };
  const whole = LIMITS.headBytesMax;

  test('behind an empty line, its last field at the very end', () => {
    for (const [field, value] of [
      ['Host', 'a'],
      ['Host', 'h'.repeat(30_000)],
      ['n'.repeat(30_000), ''],
    ] as const) {
      const line = `${field}: ${value}`;
      const input = headOf(whole, field === 'Host' ? line : `Host: h\r\n${line}`);
      const { result, record } = parseEveryWay(engine, `\r\n${input}`);
      expect(result).toBe(whole + 2);
      expect(record?.fields.at(-1)).toEqual([field, value]);
    }
  });

  test('its last field has effect', () => {
    expect(parseEveryWay(engine, `\r\n${headOf(whole, 'Host: a b')}`).result).toBe(ERROR_HOST);
    const host = 'Host: a\r\n';
    expect(parseEveryWay(engine, `\r\n${headOf(whole, `${host}Connection: close`)}`).record?.persistent).toBe(
      false,
    );
    expect(parseEveryWay(engine, `\r\n${headOf(whole, `${host}Content-Length: 11`)}`).result).toBe(
      ERROR_CONTENT_SIZE,
    );
    expect(parseEveryWay(engine, `\r\n${headOf(whole, `${host}Content-Length: 10`)}`).result).toBe(whole + 2);
  });

  test('a target that fills it', () => {
    const size = whole - 'GET  HTTP/1.0\r\n\r\n'.length;
    const target = `/${'t'.repeat(size - 1)}`;
    const { result, record } = parseEveryWay(engine, `\r\nGET ${target} HTTP/1.0\r\n\r\n`);
    expect(result).toBe(whole + 2);
    expect(record?.target).toBe(target);
  });

  test('one byte more is rejected', () => {
    expect(parseEveryWay(engine, `\r\n${headOf(whole + 1, 'Host: a')}`).result).toBe(ERROR_HEAD_SIZE);
    expect(parseEveryWay(engine, headOf(whole + 1, 'Host: a').slice(0, whole - 1)).result).toBe(MORE);
    expect(parseEveryWay(engine, headOf(whole + 1, 'Host: a').slice(0, whole)).result).toBe(ERROR_HEAD_SIZE);
  });

  test('carried up to its last byte, then a read that fills its region', () => {
    const head = `\r\n${headOf(whole, 'Host: a')}`;
    for (const left of [1, 2, 3, 10]) {
      const gets = GET.repeat(layout.READ_BYTES / GET.length + 1).slice(0, layout.READ_BYTES - left);
      const { output } = converse(engine, [head.slice(0, -left), head.slice(-left) + gets]);
      expect(readResponses(output).length).toBe(1 + Math.floor(gets.length / GET.length));
    }
  });

  test('fields beyond 16-bit offsets are rejected, whatever they look like', () => {
    // At 65,536 bytes behind the start, where a 16-bit offset is 0 again, there is another head.
    const begin = headOf(70_000, 'Host: a').slice(0, whole - 10);
    const rest = `${'x'.repeat(65_536 - begin.length)}\r\n${GET}`.slice(0, layout.READ_BYTES);
    const { output, closed } = converse(engine, [begin, rest]);
    expect(readResponses(output).map(({ statusCode }) => statusCode)).toEqual([431]);
    expect(closed).toBe(true);
  });

  test('trailers of the largest size', () => {
    const [name, last] = ['A: ', '\r\nLast: y\r\n\r\n'];
    const section = (bytes: number): string => name + 'x'.repeat(bytes - name.length - last.length) + last;
    for (const cut of [1, 100, whole - 1]) {
      const good = section(whole);
      const parts = [`${CHUNKED}0\r\n`, good.slice(0, cut), good.slice(cut) + GET];
      expect(readResponses(converse(engine, parts).output).map(({ statusCode }) => statusCode)).toEqual([
        200, 200,
      ]);
      const bad = section(whole + 1);
      const large = converse(engine, [`${CHUNKED}0\r\n`, bad.slice(0, cut), bad.slice(cut) + GET]);
      expect(readResponses(large.output).map(({ statusCode }) => statusCode)).toEqual([431]);
    }
  });
});
