// Whole conversations, most of them attacks: the exact responses, at every split.

import { describe, expect, test } from 'vitest';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import type { ConversationCase } from '../cases/case.ts';
import { chunkSmugglingCases } from '../cases/chunk-smuggling.ts';
import { injectionCases } from '../cases/injection.ts';
import { oversizedCases } from '../cases/oversized.ts';
import { smugglingCases } from '../cases/smuggling.ts';
import { byteByByte, converse, everySplit } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES } from '../support/engines.ts';
import { readResponses, withoutInterim } from '../support/responses.ts';

const TABLES: Record<string, ConversationCase[]> = {
  smuggling: smugglingCases,
  'chunk smuggling': chunkSmugglingCases,
  injection: injectionCases,
  oversized: oversizedCases,
};

test('all cases have different names', () => {
  const names = Object.values(TABLES).flatMap((cases) => cases.map(({ name }) => name));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);
  const counters = new BigInt64Array(engine.slot.views.bytes.buffer);

  /** The results that must not depend on how the bytes arrived. */
  function answers(parts: string[]): { output: string; closed: boolean; unfinished: boolean } {
    counters[rowPointer(0) / 8] = 0n;
    const { output, closed, unfinished } = converse(engine, parts);
    return { output: withoutInterim(output), closed, unfinished };
  }

  for (const [table, cases] of Object.entries(TABLES))
    describe(table, () => {
      test.each(cases)('$name ($section)', ({ input, taken, misdirected, refused, end, heads }) => {
        const closed = refused !== undefined || end === 'closed';
        const [whole, ...others] = everySplit(input).map(answers);
        const responses = readResponses(whole?.output ?? '', new Set(heads));
        expect(responses.map(({ statusCode }) => statusCode)).toEqual([
          ...taken.map((_, i) => (misdirected?.includes(i) ? 421 : 200)),
          ...(refused === undefined ? [] : [refused]),
        ]);
        expect(whole).toMatchObject({ closed, unfinished: end === 'unfinished' });
        const closing = responses.map(({ fields }) => fields.get('connection') === 'close');
        expect(closing).toEqual(responses.map((_, i) => closed && i === responses.length - 1));
        // Compared as text, since there are many of them.
        const same = JSON.stringify(whole);
        for (const other of others) if (JSON.stringify(other) !== same) expect(other).toEqual(whole);

        engine.slot.recordsEvents = true;
        for (const parts of [[input], byteByByte(input)]) {
          const targets = converse(engine, parts).heads.map((line) => line.split(' ')[1]);
          expect(targets.slice(0, taken.length)).toEqual(taken);
          expect(targets.slice(taken.length)).not.toContain('/hidden');
        }
        engine.slot.recordsEvents = false;
        expect(guardsIntact(engine.slot.views, 0)).toBe(true);
      });
    });
});
