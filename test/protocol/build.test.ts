// The parts that the engines build for JavaScript: a prepared response by its index, and the end of a head; and where in an
// output region they may be built: never a byte beyond it.

import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  LENGTH_CHUNKED,
  LENGTH_UNTOLD,
  PREPARED_DEFAULT,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
} from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import { prepare } from '../../src/protocol/prepared.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { createEngine, ENGINE_NAMES, latin1, textOf } from '../support/engines.ts';
import { readResponses } from '../support/responses.ts';

const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';
const LENGTHS = [
  0,
  1,
  9,
  10,
  99,
  100,
  16384,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  10 ** 15,
  2 ** 53 - 1,
];
const BOTH = [false, true];
const COUNTER = 9;
const { OUTPUT_BYTES, OUTPUT_SLACK_BYTES } = layout;
/** How many bytes a store of 16 bytes may write behind the last byte. */
const STORE_BYTES = 15;
const PATTERN = 0x5c;

/** The model of the end of a head. */
function headEnd(length: number, close: boolean, sayPersistent: boolean): string {
  const connection = close ? 'Connection: close\r\n' : sayPersistent ? 'Connection: keep-alive\r\n' : '';
  if (length === LENGTH_UNTOLD) return `${DATE}${connection}\r\n`;
  if (length === LENGTH_CHUNKED) return `${DATE}${connection}Transfer-Encoding: chunked\r\n\r\n`;
  return `${DATE}${connection}Content-Length: ${length}\r\n\r\n`;
}

describe.each(ENGINE_NAMES)('%s', (name) => {
  const { codec, slot } = createEngine(name);
  const { bytes } = slot.views;
  const [first, second] = slot.outputs as [number, number];
  const end = first + OUTPUT_BYTES;
  const written = (from: number, to: number): string => textOf(bytes.subarray(from, to));
  const place = slot.prepared.addRoute(
    '/counted',
    prepare(0, { statusCode: 201, fields: [['A', 'b']], content: 'x'.repeat(33), counter: COUNTER }),
  );
  const counters = new BigInt64Array(bytes.buffer);
  const count = (next: number): void => {
    counters[rowPointer(COUNTER) / 8] = BigInt(next - 1);
  };
  beforeEach(() => {
    bytes.fill(PATTERN, first, end + OUTPUT_SLACK_BYTES);
    bytes.fill(PATTERN, second, second + OUTPUT_BYTES);
  });
  afterAll(() => expect(guardsIntact(slot.views, 0)).toBe(true));
  /** Checks that nothing is written outside of [from, to), except by a store just behind it, within the region. */
  const expectNothingBeside = (from: number, to: number): void => {
    const beside = Math.min(to + STORE_BYTES, end + OUTPUT_SLACK_BYTES);
    for (const [a, b] of [
      [Math.max(first, from - 300), from],
      [beside, end + OUTPUT_SLACK_BYTES],
      [second, second + 300],
    ] as const)
      if (bytes.subarray(a, b).some((byte) => byte !== PATTERN))
        throw new Error(`${from} to ${to}: beside it`);
  };

  describe.each([...LENGTHS, LENGTH_UNTOLD, LENGTH_CHUNKED])('the end of a head with length %d', (length) => {
    test('is as in the model, for close and for a persistent connection', () => {
      for (const close of BOTH)
        for (const sayPersistent of BOTH) {
          const line = length === LENGTH_UNTOLD ? 'HTTP/1.1 204 No Content\r\n' : 'HTTP/1.1 200 OK\r\n';
          const at = slot.writeLatin1(line, first);
          const to = codec.finishHead(at, length, close, sayPersistent);
          expect(written(at, to)).toBe(headEnd(length, close, sayPersistent));
          expectNothingBeside(first, to);
          bytes.fill(PATTERN, first, to + STORE_BYTES);
          // The reader does not parse chunks.
          if (length === LENGTH_CHUNKED) continue;
          const [response] = readResponses(line + headEnd(length, close, sayPersistent), new Set([0]));
          expect(response?.fields.get('content-length')).toBe(length < 0 ? undefined : `${length}`);
          expect(response?.fields.get('connection')).toBe(
            close ? 'close' : sayPersistent ? 'keep-alive' : undefined,
          );
        }
    });

    test('fits anywhere in its region, up to the end', () => {
      const { length: size } = headEnd(length, false, true);
      for (let to = end - 120; to <= end; to++) {
        expect(codec.finishHead(to - size, length, false, true)).toBe(to);
        expect(written(to - size, to)).toBe(headEnd(length, false, true));
        expectNothingBeside(to - size, to);
        bytes.fill(PATTERN, to - size, end + OUTPUT_SLACK_BYTES);
      }
    });
  });

  test('a prepared response is the same for JavaScript as for a request', () => {
    for (const close of BOTH)
      for (const sayPersistent of BOTH)
        for (const headOnly of BOTH)
          for (const number of [1, 9, 10, 2 ** 32, 2 ** 53 - 1]) {
            count(number);
            const to = codec.answer(place, first, close, sayPersistent, headOnly);
            const content = `${'x'.repeat(33)}${number}`;
            expect(written(first, to)).toBe(
              `HTTP/1.1 201 Created\r\nA: b\r\n${headEnd(content.length, close, sayPersistent)}${headOnly ? '' : content}`,
            );
            expect(counters[rowPointer(COUNTER) / 8]).toBe(BigInt(number));
          }
    for (const { error, statusCode } of ERROR_RESPONSES) {
      const to = codec.answer(-error, first, true, false, false);
      expect(readResponses(written(first, to))[0]).toMatchObject({ statusCode });
    }
  });

  test('a prepared response fits anywhere in its region, up to the end', () => {
    for (const headOnly of BOTH) {
      count(7);
      const size = codec.answer(place, first, true, false, headOnly) - first;
      const expected = written(first, first + size);
      bytes.fill(PATTERN, first, first + size + STORE_BYTES);
      for (let to = end - 120; to <= end; to++) {
        count(7);
        expect(codec.answer(place, to - size, true, false, headOnly)).toBe(to);
        expect(written(to - size, to)).toBe(expected);
        expectNothingBeside(to - size, to);
        bytes.fill(PATTERN, to - size, end + OUTPUT_SLACK_BYTES);
      }
    }
  });
});

describe.each(ENGINE_NAMES)('%s, serve() from within a region', (name) => {
  const { codec, slot } = createEngine(name);
  const { bytes } = slot.views;
  const index = 5;
  const output = slot.outputs[index] as number;
  const end = output + OUTPUT_BYTES;
  const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const EXPECTING = 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n';

  const LARGEST = layout.PREPARED_RESPONSE_BYTES_MAX;
  const CONTENTS: [string, number][] = [
    ['the smallest response', 0],
    ['the largest response', LARGEST - 'HTTP/1.1 200 OK\r\n'.length],
  ];
  test.each(CONTENTS)('%s', (_, contentBytes) => {
    slot.prepared.put(
      prepare(PREPARED_DEFAULT, {
        statusCode: 200,
        fields: [],
        content: 'x'.repeat(contentBytes),
        counter: 0,
      }),
    );
    new BigInt64Array(bytes.buffer)[rowPointer(0) / 8] = BigInt(2 ** 53 - 100_000);
    const next = slot.outputs[index + 1] as number;
    const inputs = [GET.repeat(60), GET + EXPECTING, `${GET}\0`, EXPECTING];
    const positions = [0, 1, 15, 16, 17, 1000, 20_000];
    for (let before = 0; before <= LARGEST + 800; before += before < 80 || before > LARGEST - 300 ? 1 : 331)
      positions.push(OUTPUT_BYTES - before);
    for (const [i, position] of positions.entries()) {
      const input = inputs[i % inputs.length] as string;
      slot.record.drop();
      bytes.fill(PATTERN, end, end + OUTPUT_SLACK_BYTES);
      bytes.fill(PATTERN, next, next + 100);
      slot.read.set(latin1(input));
      const inputEnd = slot.readStart + input.length;
      const cursor = codec.serve(slot.readStart, inputEnd, output + position);
      const to = output + position + slot.written;
      expect(to).toBeLessThanOrEqual(end);
      if (slot.verdict === VERDICT_AGAIN) expect(cursor).toBeLessThan(inputEnd);
      // At the beginning of a region there is always room for one response.
      if (position === 0) expect(slot.written).toBeGreaterThan(0);
      const behind = [
        ...bytes.subarray(Math.max(end, to + STORE_BYTES), end + OUTPUT_SLACK_BYTES),
        ...bytes.subarray(next, next + 100),
      ];
      expect(behind.every((byte) => byte === PATTERN)).toBe(true);
      expect(guardsIntact(slot.views, 0)).toBe(true);
      if (input.endsWith('\0') && slot.verdict !== VERDICT_AGAIN) expect(slot.verdict).toBe(VERDICT_CLOSE);
    }
  });
});

test('the engines build the same into successive regions', () => {
  const built = ENGINE_NAMES.map((name) => {
    const { codec, slot } = createEngine(name);
    return slot.outputs.map((output, i) => {
      let at = codec.answer(PREPARED_DEFAULT, output, false, i % 2 === 0, false);
      at = slot.writeLatin1('HTTP/1.1 200 OK\r\n', at);
      at = codec.finishHead(at, i * 1000, i % 3 === 0, true);
      return textOf(slot.views.bytes.subarray(output, at));
    });
  });
  expect(built[1]).toEqual(built[0]);
  expect(built[2]).toEqual(built[0]);
});
