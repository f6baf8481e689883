// The record that a connection keeps between two turns.

import { describe, expect, test } from 'vitest';
import * as layout from '../../src/memory/layout.ts';
import { createEngine, ENGINE_NAMES, type Engine, latin1 } from '../support/engines.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n';
const { RECORD_FIELDS, FIELD_BYTES } = layout;

describe.each(ENGINE_NAMES)('%s: take() copies the record', (name) => {
  const engine = createEngine(name);

  test.each([
    ['nothing', '', undefined],
    ['before a request', '\r\n', 0],
    ['in a head', HEAD, 3],
    ['in a field line', HEAD.slice(0, -3), 2],
    ['before the content', `${HEAD}\r\n`, 0],
    ['in a chunk', `${HEAD}\r\n5\r\nHel`, 0],
    ['before the trailers', `${HEAD}\r\n5\r\nHello\r\n0\r`, 0],
    ['in the trailers', `${HEAD}\r\n5\r\nHello\r\n0\r\nA: b\r\nC: d\r\nE`, 2],
    ['behind a request', `${HEAD}\r\n0\r\n\r\n`, undefined],
  ])('%s', (_, input, fieldCount) => {
    serve(engine, input);
    const record = engine.slot.record.take();
    expect(record?.length).toBe(
      fieldCount === undefined ? undefined : RECORD_FIELDS + fieldCount * FIELD_BYTES,
    );
    expect(engine.slot.record.take()).toBeUndefined();
  });

  test('and restore() puts back all that the rest of a message needs', () => {
    const { slot } = engine;
    const { bytes } = slot.views;
    const parts = [`${HEAD}\r\n5\r\nHel`, 'lo\r\n0\r\n', 'A: b\r\nC', ': d\r\n\r\n'];
    let tail: Uint8Array = new Uint8Array(0);
    for (const [i, part] of parts.entries()) {
      const rest = serve(engine, part, tail);
      expect([slot.written > 0, slot.error]).toEqual([i === 3, 0]);
      tail = rest;
      const record = slot.record.take();
      expect(record === undefined).toBe(i === 3);
      bytes.fill(0xff, slot.pointer + layout.RECORD, slot.pointer + layout.RECORD + layout.RECORD_BYTES);
      if (record) slot.record.restore(record);
    }
    slot.record.drop();
  });
});

/** Serves a tail and the text of a read. Returns the bytes that are left. */
function serve({ codec, slot }: Engine, text: string, tail: Uint8Array = new Uint8Array(0)): Uint8Array {
  slot.read.set(latin1(text));
  const end = slot.readStart + text.length;
  const cursor = codec.serve(slot.layBefore(tail, 1), end, slot.outputs[0] as number);
  return slot.views.bytes.slice(cursor, end);
}
