// Mutated cases, cut anywhere: the engines must answer them alike, and as if they had come whole.
// FUZZ_SECONDS makes it longer than the moment it takes in a test run.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkSmugglingCases } from '../cases/chunk-smuggling.ts';
import { contentCases } from '../cases/content.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { injectionCases } from '../cases/injection.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { smugglingCases } from '../cases/smuggling.ts';
import { converse } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES } from '../support/engines.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const FIXED = process.env.FUZZ_SECONDS === undefined;
const BATCH = 500;
/** A piece longer than this would make every step slow and find nothing more. */
const PIECE_BYTES_MAX = 1500;

const MESSAGES = [
  ...[...requestLineCases, ...fieldCases, ...framingCases].map(({ input }) => input),
  ...[...smugglingCases, ...chunkSmugglingCases, ...injectionCases].map(({ input }) => input),
  ...contentCases.map(({ fields, content }) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`),
].filter((message) => message.length <= PIECE_BYTES_MAX);

const byte = fc.oneof(
  fc.constantFrom(...'\r\n\t \0:;,0159afAFxX\x7f\x80\xff/[]', '\r\n', '\r\n\r\n', '\r\n0\r\n\r\n'),
  fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
);
const mutation = fc.record({
  at: fc.nat(),
  remove: fc.constantFrom(0, 0, 1, 1, 2, 16),
  insert: fc.oneof(fc.constant(''), byte, byte),
});
const conversation = fc.record({
  messages: fc.array(fc.constantFrom(...MESSAGES), { minLength: 1, maxLength: 4 }),
  mutations: fc.array(mutation, { maxLength: 5 }),
  cuts: fc.array(fc.nat(), { maxLength: 8 }),
  draining: fc.boolean(),
});

function mutate(text: string, mutations: { at: number; remove: number; insert: string }[]): string {
  for (const { at, remove, insert } of mutations) {
    const place = at % (text.length + 1);
    text = text.slice(0, place) + insert + text.slice(place + remove);
  }
  return text;
}

function cut(text: string, places: number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted]
    .map((from, i) => text.slice(from, sorted[i] ?? text.length))
    .filter((part) => part.length > 0);
}

test(`mutated messages, for ${SECONDS} s`, { timeout: (SECONDS + 60) * 1000 }, () => {
  const engines = ENGINE_NAMES.map((name) => createEngine(name));
  const endMs = Date.now() + SECONDS * 1000;
  let inputs = 0;
  while (Date.now() < endMs) {
    fc.assert(
      fc.property(conversation, ({ messages, mutations, cuts, draining }) => {
        const text = mutate(messages.join(''), mutations);
        if (text === '') return;
        const outcomes = engines.map((engine) => {
          engine.slot.draining = draining;
          const whole = converse(engine, [text]);
          // 100 Continue depends on what has come already, and a draining close on what else has.
          const parts = /expect/i.test(text) || draining ? whole : converse(engine, cut(text, cuts));
          const { output, closed, left, unfinished } = whole;
          expect(numberless(parts.output)).toBe(numberless(output));
          expect([parts.closed, parts.unfinished]).toEqual([closed, unfinished]);
          return { output: numberless(output), closed, left, unfinished };
        });
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
      // A test run repeats itself; a longer one looks elsewhere each time.
      { numRuns: BATCH, seed: FIXED ? inputs : Date.now() },
    );
    inputs += BATCH;
  }
  expect(inputs).toBeGreaterThan(0);
});

/** The engines count for themselves; numbers of different lengths change Content-Length, too. */
function numberless(output: string): string {
  return output.replace(/(200 OK[\s\S]*?)Content-Length: \d+(\r\n\r\n)(Hello\d+)?/g, '$1$2');
}
