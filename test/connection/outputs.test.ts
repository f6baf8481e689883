// The pool of output regions.

import { expect, test } from 'vitest';
import { type OutputRegion, Outputs } from '../../src/connection/outputs.ts';
import { createEngine } from '../support/engines.ts';

test('regions are lent, replaced, given back; the last one is copied instead', () => {
  const { slot } = createEngine('wasm');
  const outputs = new Outputs(slot);
  const lent: OutputRegion[] = [];
  while (outputs.spare > 0) {
    expect(outputs.take(10).byteOffset).toBe(outputs.pointer);
    lent.push(outputs.lend() as OutputRegion);
  }
  expect(new Set([...lent.map(({ pointer }) => pointer), outputs.pointer]).size).toBe(slot.outputs.length);
  const last = outputs.pointer;
  slot.views.bytes[last] = 1;
  const copy = outputs.take(10);
  slot.views.bytes[last] = 2;
  expect(copy.buffer).not.toBe(slot.views.bytes.buffer);
  expect(copy[0]).toBe(1);
  expect(outputs.lend()).toBe(undefined);
  expect(outputs.pointer).toBe(last);
  outputs.giveBack(lent.pop() as OutputRegion);
  expect(outputs.spare).toBe(1);
  expect(outputs.take(10).byteOffset).toBe(last);
});

test('a view of a usual size is made once for each region', () => {
  const { slot } = createEngine('wasm');
  const outputs = new Outputs(slot);
  const view = outputs.take(130);
  expect(outputs.take(130)).toBe(view);
  expect(outputs.take(131).length).toBe(131);
  outputs.lend();
  expect(outputs.take(130)).not.toBe(view);
  expect(outputs.take(65536).length).toBe(65536);
});
