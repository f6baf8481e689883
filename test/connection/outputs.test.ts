// The pool of output regions.

import { expect, test } from 'vitest';
import { type OutputRegion, Outputs } from '../../src/connection/outputs.ts';
import { createEngine } from '../support/engines.ts';

test('regions are lent, replaced and returned; the last region is copied instead of lent', () => {
  const { slot } = createEngine('wasm');
  const outputs = new Outputs(slot);
  const lent: OutputRegion[] = [];
  while (outputs.spare > 0) {
    expect(take(outputs, 10).byteOffset).toBe(outputs.pointer);
    lent.push(outputs.lend() as OutputRegion);
    expect(outputs.position).toBe(outputs.pointer);
  }
  expect(new Set([...lent.map(({ pointer }) => pointer), outputs.pointer]).size).toBe(slot.outputs.length);
  const last = outputs.pointer;
  slot.views.bytes[last] = 1;
  const copy = take(outputs, 10);
  slot.views.bytes[last] = 2;
  expect(copy.buffer).not.toBe(slot.views.bytes.buffer);
  expect(copy[0]).toBe(1);
  expect(outputs.lend()).toBe(undefined);
  expect(outputs.pointer).toBe(last);
  outputs.giveBack(lent.pop() as OutputRegion);
  expect(outputs.spare).toBe(1);
  expect(take(outputs, 10).byteOffset).toBe(last);
});

test('take() returns the bytes that were built, and empties the region', () => {
  const { slot } = createEngine('wasm');
  const outputs = new Outputs(slot);
  expect(outputs.room).toBe(65536);
  outputs.position += 100;
  expect(outputs.room).toBe(65436);
  expect(outputs.take().length).toBe(100);
  expect(outputs.room).toBe(65536);
  expect(outputs.take().length).toBe(0);
});

test('a view of a usual size is made once for each region', () => {
  const { slot } = createEngine('wasm');
  const outputs = new Outputs(slot);
  const view = take(outputs, 130);
  expect(take(outputs, 130)).toBe(view);
  expect(take(outputs, 131).length).toBe(131);
  outputs.lend();
  expect(take(outputs, 130)).not.toBe(view);
  expect(take(outputs, 65536).length).toBe(65536);
});

function take(outputs: Outputs, bytes: number): Uint8Array {
  outputs.position += bytes;
  return outputs.take();
}
