// The rings between threads and writer: whole lines in order, and no wait when there is no room.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogMemory, LINE_BYTES_MAX, LineRing, LineSource } from '../../src/logs/ring.ts';

const RING_BYTES = LINE_BYTES_MAX * 4;

/** Adds a line of this size that begins with its number. @returns whether there was room */
function add(ring: LineRing, number: number, size: number): boolean {
  const at = ring.begin();
  if (at < 0) return false;
  ring.bytes.fill(0x2e, at, at + size);
  ring.bytes.set(Buffer.from(`${number}`), at);
  ring.bytes[at + size - 1] = 0x0a;
  ring.commit(at + size);
  return true;
}

/** Takes as much as lies in one piece, or the first `bytesMax` bytes of it. */
function take(source: LineSource, bytesMax = Number.POSITIVE_INFINITY): string {
  const { lines } = source;
  const taken = Buffer.from(lines.subarray(0, Math.min(lines.length, bytesMax))).toString('latin1');
  source.take(taken.length);
  return taken;
}

test('lines come out whole and in order, however they are taken', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 10, max: LINE_BYTES_MAX }) }),
    fc.record({ take: fc.integer({ min: 1, max: RING_BYTES }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const memory = createLogMemory(2, RING_BYTES);
      let ring = new LineRing(memory, 1);
      const source = new LineSource(memory, 1);
      const added: number[] = [];
      let taken = '';
      steps.forEach((one, number) => {
        if ('add' in one) {
          if (add(ring, number, one.add)) added.push(number);
        } else taken += take(source, one.take);
        // A thread that dies is replaced; the line that it was building is lost.
        if (number % 7 === 6) {
          ring.begin();
          ring = new LineRing(memory, 1);
        }
      });
      while (!source.empty) taken += take(source);
      expect(
        taken
          .split('\n')
          .slice(0, -1)
          .map((line) => Number.parseInt(line, 10)),
      ).toEqual(added);
      expect(new LineSource(memory, 0).empty).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('a line without room is refused, and lines go on as soon as there is room', () => {
  const memory = createLogMemory(1, RING_BYTES);
  const ring = new LineRing(memory, 0);
  const source = new LineSource(memory, 0);
  let count = 0;
  while (add(ring, count, 1000)) count++;
  expect(count).toBeGreaterThan((RING_BYTES - 2 * LINE_BYTES_MAX) / 1000);
  expect(add(ring, count, 1000)).toBe(false);
  expect(take(source).split('\n')).toHaveLength(count + 1);
  expect(add(ring, count, 1000)).toBe(true);
  expect(take(source)).toMatch(new RegExp(`^${count}\\.+\n$`));
});
