// Gauges: which values they accept, and that no addition of any thread is lost.

import { beforeEach, describe, expect, test } from 'vitest';
import { counter } from '../../src/state/counter.ts';
import { gauge } from '../../src/state/gauge.ts';
import type { SharedState } from '../../src/state/shared.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { smallMemory } from '../support/memory.ts';
import { freshState, storm } from '../support/named-state.ts';
import { compileStepped, instantiateStepped } from '../support/stepped.ts';

let state: SharedState;
beforeEach(() => {
  state = freshState();
});

test('a gauge begins at 0, is set, and goes up and down', () => {
  const level = gauge('level');
  expect([level.name, level.value]).toEqual(['level', 0]);
  level.set(2.5);
  expect([level.add(), level.add(-7), level.add(0.25), level.value]).toEqual([3.5, -3.5, -3.25, -3.25]);
  expect(gauge('level').value).toBe(-3.25);
  level.set(-0);
  expect(level.value).toBe(-0);
});

test('a name is checked at once, and belongs to one kind', () => {
  expect(() => gauge('')).toThrow("a gauge's name is text");
  counter('hits').add();
  expect(() => gauge('hits').set(1)).toThrow("'hits' is a counter already, so it can't be a gauge");
});

describe('a value that is not finite is rejected:', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '1' as unknown as number])(
    '%s is refused',
    (value) => {
      const level = gauge('level');
      level.set(7);
      expect(() => level.set(value)).toThrow(`gauge 'level' is a finite number, not ${value}`);
      expect(() => level.add(value)).toThrow(RangeError);
      expect(level.value).toBe(7);
    },
  );

  test('as a sum, too', () => {
    const level = gauge('level');
    level.set(Number.MAX_VALUE);
    expect(() => level.add(Number.MAX_VALUE)).toThrow('not Infinity');
    expect(level.value).toBe(Number.MAX_VALUE);
  });
});

test('an addition before any step of another addition is not lost', async () => {
  const stepped = await compileStepped();
  const row = rowPointer(1);
  for (const stop of [0, 1]) {
    const memory = smallMemory();
    const other = instantiate(compileModule(), memory);
    let steps = 0;
    const one = instantiateStepped(stepped, memory, () => {
      if (steps++ === stop) other.gaugeAdd(row, 2);
    });
    expect([one.gaugeAdd(row, 1), other.gaugeValue(row)]).toEqual([3, 3]);
    expect(steps).toBeGreaterThan(1);
  }
});

test('4 threads add and subtract exactly', async () => {
  const rounds = 300_000;
  await storm(state, 4, 'add', { rounds });
  expect(gauge('level').value).toBe(4 * rounds * 2);
});
