// Responses of every kind, parsed by an independent reader.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PREPARED_DEFAULT } from '../../src/memory/codes.ts';
import { type PreparedParts, prepare } from '../../src/protocol/prepared.ts';
import { Slot } from '../../src/wasm/slot.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { converse } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, type Engine } from '../support/engines.ts';
import { readResponses } from '../support/responses.ts';

const TOKEN_BYTES = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SERVER_FIELDS = [
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
];
const latin1 = (least: number): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: 255 }).map((code) => String.fromCharCode(code));

const name = fc
  .string({ unit: fc.constantFrom(...TOKEN_BYTES), minLength: 1, maxLength: 40 })
  .filter((text) => !SERVER_FIELDS.includes(text.toLowerCase()));
const value = fc
  .string({ unit: fc.oneof(latin1(0x20), fc.constant('\t')), maxLength: 200 })
  .map((text) => text.replaceAll('\x7f', '').replace(/^[\t ]+|[\t ]+$/g, ''));
const parts = fc.record({
  statusCode: fc.oneof(fc.integer({ min: 200, max: 599 }), fc.constantFrom(200, 204, 205, 304, 404)),
  fields: fc.uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([text]) => text.toLowerCase() }),
  content: fc.oneof(
    fc.string({ unit: latin1(0), maxLength: 40 }),
    fc.integer({ min: 0, max: 9000 }).map((size) => 'HTTP/1.1 200 OK\r\n\r\n'.repeat(500).slice(0, size)),
  ),
  /** The next number of the counter; null for a response that does not count. */
  number: fc.option(
    fc.oneof(fc.constantFrom(1, 9, 10, 99, 100, 2 ** 31, 2 ** 32, 2 ** 53 - 20), fc.nat({ max: 1e9 })),
  ),
});
const requests = fc.array(
  fc.record({ head: fc.boolean(), minor: fc.constantFrom(0, 1), keepAlive: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
);

const engines = ENGINE_NAMES.map((engine) => createEngine(engine));

describe('responses are as they were prepared:', () => {
  test('random status, fields, content and number, to random requests', () => {
    fc.assert(
      fc.property(parts, requests, ({ statusCode, fields, content, number }, asked) => {
        const contentless = [204, 205, 304].includes(statusCode);
        const counter = contentless || number === null ? -1 : 5;
        const whole: PreparedParts = { statusCode, fields, content: contentless ? '' : content, counter };
        const outputs = engines.map((engine) => answer(engine, whole, number, asked));
        expect(outputs[1]).toBe(outputs[0]);
        expect(outputs[2]).toBe(outputs[0]);

        const last = asked.findIndex(({ minor, keepAlive }) => minor === 0 && !keepAlive);
        const answered = last < 0 ? asked : asked.slice(0, last + 1);
        const heads = new Set(answered.flatMap(({ head }, i) => (head ? [i] : [])));
        const responses = readResponses(outputs[0] as string, heads);
        expect(responses).toHaveLength(answered.length);
        for (const [i, response] of responses.entries()) {
          expect(response.statusCode).toBe(statusCode);
          const expected = whole.content + (counter < 0 || number === null ? '' : `${number + i}`);
          expect(response.content).toBe(heads.has(i) ? '' : expected);
          const length = [204, 304].includes(statusCode) ? undefined : `${expected.length}`;
          expect(response.fields.get('content-length')).toBe(length);
          expect(response.fields.get('connection')).toBe(
            i === last ? 'close' : answered[i]?.minor === 0 ? 'keep-alive' : undefined,
          );
          for (const [field, text] of fields) expect(response.fields.get(field.toLowerCase())).toBe(text);
          expect(response.fields.size).toBe(
            fields.length + 1 + (length === undefined ? 0 : 1) + (response.fields.has('connection') ? 1 : 0),
          );
        }
      }),
      { numRuns: 1500 },
    );
  });
});

/** @param number the number of the next response */
function answer(
  { codec, slot: { views } }: Engine,
  whole: PreparedParts,
  number: number | null,
  asked: { head: boolean; minor: number; keepAlive: boolean }[],
): string {
  const slot = new Slot(views, 0);
  slot.prepared.put(prepare(PREPARED_DEFAULT, whole));
  new BigInt64Array(views.bytes.buffer)[rowPointer(5) / 8] = BigInt((number ?? 1) - 1);
  const text = asked
    .map(
      ({ head, minor, keepAlive }) =>
        `${head ? 'HEAD' : 'GET'} / HTTP/1.${minor}\r\nHost: a\r\n${keepAlive ? 'Connection: keep-alive\r\n' : ''}\r\n`,
    )
    .join('');
  return converse({ codec, slot }, [text]).output;
}

describe('a response that can not be prepared:', () => {
  const good: PreparedParts = { statusCode: 200, fields: [], content: '' };
  test.each([
    ['a status that is none', { statusCode: 99 }, RangeError],
    ['an interim status', { statusCode: 100 }, RangeError],
    ['a status beyond', { statusCode: 600 }, RangeError],
    ['a broken status', { statusCode: 200.5 }, RangeError],
    ['content with 204', { statusCode: 204, content: 'x' }, RangeError],
    ['content with 205', { statusCode: 205, content: 'x' }, RangeError],
    ['a number with 304', { statusCode: 304, counter: 0 }, RangeError],
    ['content beyond Latin-1', { content: '\u0100' }, TypeError],
    ['an empty name', { fields: [['', 'x']] }, TypeError],
    ['a name with a colon', { fields: [['a:', 'x']] }, TypeError],
    ['a name with CRLF', { fields: [['a\r\nb', 'x']] }, TypeError],
    ['a name with a line end behind it', { fields: [['a\n', 'x']] }, TypeError],
    ['a value with CR', { fields: [['a', 'x\ry']] }, TypeError],
    ['a value with LF', { fields: [['a', 'x\ny: z']] }, TypeError],
    ['a value with a line end behind it', { fields: [['a', 'x\n']] }, TypeError],
    ['a value with NUL', { fields: [['a', 'x\0']] }, TypeError],
    ['a value with DEL', { fields: [['a', '\x7f']] }, TypeError],
    ['a value with white space around it', { fields: [['a', ' x']] }, TypeError],
    ['a value beyond Latin-1', { fields: [['a', '\u010a']] }, TypeError],
    ["the server's own length", { fields: [['Content-length', '1']] }, TypeError],
    ["the server's own coding", { fields: [['Transfer-Encoding', 'chunked']] }, TypeError],
    ["the server's own persistence", { fields: [['connection', 'close']] }, TypeError],
    ["the server's own date", { fields: [['Date', 'x']] }, TypeError],
  ] as [string, Partial<PreparedParts>, ErrorConstructor][])('%s', (_, wrong, error) => {
    expect(() => prepare(0, { ...good, ...wrong })).toThrow(error);
  });
});
