// The start of a response's head: the same bytes whether they are built anew or were kept from an earlier response.

import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { HeadParts } from '../../src/connection/exchange.ts';
import { HEAD_END_BYTES_MAX } from '../../src/connection/outflow.ts';
import { Outputs } from '../../src/connection/outputs.ts';
import type { Plane } from '../../src/connection/plane.ts';
import { buildHead } from '../../src/connection/response-head.ts';
import { LENGTH_CHUNKED, LENGTH_UNTOLD } from '../../src/memory/codes.ts';
import { OUTPUT_BYTES, OUTPUT_SLACK_BYTES } from '../../src/memory/layout.ts';
import { statusLine } from '../../src/protocol/status.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { createEngine, ENGINE_NAMES, textOf } from '../support/engines.ts';

const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';
const PATTERN = 0x5c;

interface Given {
  statusCode: number;
  fields: string;
  parts?: HeadParts | undefined;
  length: number;
}

const line = (size: number, letter = 'x'): string => `a: ${letter.repeat(size)}\r\n`;

function expected({ statusCode, fields, parts, length }: Given): string {
  const date = parts?.date === undefined ? DATE : `Date: ${parts.date}\r\n`;
  const framing =
    length === LENGTH_UNTOLD
      ? ''
      : length === LENGTH_CHUNKED
        ? 'Transfer-Encoding: chunked\r\n'
        : `Content-Length: ${length}\r\n`;
  return `${statusLine(statusCode, parts?.reasonPhrase)}${fields}${date}${framing}\r\n`;
}

describe.each(ENGINE_NAMES)('%s', (name) => {
  const { codec, slot } = createEngine(name);
  const { bytes } = slot.views;
  const outputs = new Outputs(slot);
  const plane = { codec, outputs, slot } as unknown as Plane;
  const start = outputs.pointer;
  beforeEach(() => {
    outputs.position = start;
    bytes.fill(PATTERN, start, start + OUTPUT_BYTES + OUTPUT_SLACK_BYTES);
  });
  afterAll(() => expect(guardsIntact(slot.views, 0)).toBe(true));

  /** Builds a head behind whatever is in the region. Returns its text. */
  const built = ({ statusCode, fields, parts, length }: Given): string => {
    const from = outputs.position;
    const size = buildHead(plane, statusCode, fields, parts, length, false, false);
    expect(outputs.position - from).toBe(size);
    return textOf(bytes.subarray(from, outputs.position));
  };

  test('fields of every size, sent three times', () => {
    for (const size of [...Array(80).keys(), 500, 506, 507, 508, 509, 30_000])
      for (let i = 0; i < 3; i++) {
        outputs.position = start + i;
        const given = { statusCode: 200, fields: size < 5 ? '' : line(size - 5), length: 5 };
        expect(built(given)).toBe(expected(given));
      }
  });

  test('responses in any order', () => {
    const given = fc.record({
      statusCode: fc.constantFrom(200, 201, 204, 299, 404, 599),
      fields: fc.constantFrom(
        '',
        line(1),
        line(1, 'y'),
        line(1, 'ä'),
        line(2, 'ÿ'),
        line(300),
        line(300, 'y'),
      ),
      parts: fc.constantFrom(
        undefined,
        undefined,
        undefined,
        { reasonPhrase: 'Fine', date: undefined },
        { reasonPhrase: '', date: undefined },
        { reasonPhrase: undefined, date: 'Mon, 07 Nov 1994 08:49:37 GMT' },
      ),
      length: fc.constantFrom(0, 5, 10_000, LENGTH_CHUNKED, LENGTH_UNTOLD),
    });
    fc.assert(
      fc.property(fc.array(given, { maxLength: 20 }), (list) => {
        outputs.position = start;
        for (const one of list) expect(built(one)).toBe(expected(one));
      }),
      { numRuns: 1000 },
    );
  });

  test('fields that were made anew, with the same characters, count as the same', () => {
    for (let i = 0; i < 3; i++) {
      const given = { statusCode: 200, fields: ['x-a: ', '1', '\r\n'].join(''), length: 0 };
      expect(built(given)).toBe(expected(given));
    }
  });

  test('a head that was kept fits where reserve() makes room for it', () => {
    for (const size of [0, 1, 2, 3, 4, 500]) {
      const given = { statusCode: 200, fields: line(size), length: 2 ** 53 - 1 };
      for (let i = 0; i < 3; i++) {
        outputs.position = start + OUTPUT_BYTES - HEAD_END_BYTES_MAX - given.fields.length;
        expect(built(given)).toBe(expected(given));
      }
    }
  });
});
