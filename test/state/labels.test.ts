// Labels of named state, what an administrator sees of it, and its metrics.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFamilies } from '../../src/admin/exposition.ts';
import { stateFamilies } from '../../src/admin/state-families.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { counter } from '../../src/state/counter.ts';
import { gauge } from '../../src/state/gauge.ts';
import { histogram } from '../../src/state/histogram.ts';
import { findState, forgetState, listState, resetState } from '../../src/state/inspect.ts';
import { partsOf } from '../../src/state/labels.ts';
import { limiter } from '../../src/state/limiter.ts';
import { mutex } from '../../src/state/mutex.ts';
import { bucketOf, middleOf } from '../../src/wasm/state/histogram.ts';
import { leaseCounters } from '../../src/wasm/state/leasing.ts';
import { beginGeneration, forgetState as dropState, freshState } from '../support/named-state.ts';
import { type ParsedFamily, parseOpenMetrics, sampleOf } from '../support/openmetrics.ts';

beforeEach(() => void freshState());
afterEach(dropState);

const ODD = 'q"uo\\te\nline';

function metrics(): Map<string, ParsedFamily> {
  return parseOpenMetrics(writeFamilies(stateFamilies(listState()), 'openmetrics'));
}

describe('labels', () => {
  test('make the same name in any order', () => {
    const one = counter('logins', { method: 'sso', admin: true });
    expect(one.name).toBe('logins{admin="true",method="sso"}');
    expect(one.add()).toBe(1);
    expect(counter('logins', { admin: true, method: 'sso' }).add()).toBe(2);
    expect(counter('logins{admin="true",method="sso"}').add()).toBe(3);
    expect(counter('logins').value).toBe(0);
    expect(counter('logins', {}).name).toBe('logins');
    expect(counter('logins', { method: '' }).name).toBe('logins');
    expect(gauge('a', { b: 1 }).name).toBe('a{b="1"}');
    expect(histogram('a', { b: 1 }).name).toBe('a{b="1"}');
    expect(limiter('a', { limit: 1, windowMs: 1 }, { b: 1 }).name).toBe('a{b="1"}');
  });

  test('are read again from the name', () => {
    const { name } = counter('a b', { z: ODD, c: '=,}{' });
    expect(name).toBe('a b{c="=,}{",z="q\\"uo\\\\te\\nline"}');
    expect(partsOf(name)).toEqual({ name: 'a b', labels: { c: '=,}{', z: ODD } });
    for (const plain of ['a', 'a{', 'a{}', 'a{b}', 'a{b="c"', 'a{b=""}', 'a{c="1",b="2"}', 'a{le="1"}'])
      expect(partsOf(plain)).toEqual({ name: plain, labels: {} });
  });

  test.each([
    [{ 'a b': '1' }, `counter "hits": a label's name has letters, digits and _`],
    [{ '1a': '1' }, '"1a" can\'t be one'],
    [{ __a: '1' }, '"__a" can\'t be one'],
    [{ le: '1' }, '"le" can\'t be one'],
    [{ a: null }, 'the value of label a must be text, a number or a boolean'],
    [['a'], 'labels are an object'],
    [null, 'labels are an object'],
    ['a', 'labels are an object'],
  ])('%j are rejected', (labels, message) => {
    expect(() => counter('hits', labels as never)).toThrow(TypeError);
    expect(() => counter('hits', labels as never)).toThrow(message);
  });

  test('are rejected with a name that seems to have some, and when they are too long', () => {
    expect(() => counter('a{b="c"}', { d: 'e' })).toThrow(`a name with labels is text without '{'`);
    expect(() => counter('a', { b: 'c'.repeat(111) })).toThrow('at most 111 bytes');
  });
});

describe('metrics of named state', () => {
  test('have the names and labels of the application', () => {
    counter('hits').add(3);
    counter('logins', { method: ODD }).add(2);
    gauge('temperature').set(-1.5);
    for (const cost of [1, 4, 5]) limiter('calls', { limit: 5, windowMs: 3_600_000 }).take('ada', cost);
    mutex('door').tryLock();
    const families = metrics();
    expect(sampleOf(families, 'hits_total')).toBe(3);
    expect(sampleOf(families, 'logins_total', { method: ODD })).toBe(2);
    expect(sampleOf(families, 'temperature')).toBe(-1.5);
    expect(sampleOf(families, 'calls_keys')).toBe(1);
    expect(sampleOf(families, 'calls_allowed_total')).toBe(2);
    expect(sampleOf(families, 'calls_refused_total')).toBe(1);
    expect(sampleOf(families, 'calls_limit')).toBe(5);
    expect(sampleOf(families, 'door_locked')).toBe(1);
    expect(sampleOf(families, 'door_contended')).toBe(0);
    expect([...families.keys()].some((name) => name.includes('hello'))).toBe(false);
  });

  test('names that are mapped alike are kept apart', () => {
    counter('tickets sold').add(1);
    counter('tickets-sold').add(2);
    counter('tickets_sold').add(3);
    counter('tickets_sold_total').add(4);
    counter('a.b', { name: 'x' }).add(5);
    const families = metrics();
    expect(sampleOf(families, 'tickets_sold_total', { name: 'tickets sold' })).toBe(1);
    expect(sampleOf(families, 'tickets_sold_total', { name: 'tickets-sold' })).toBe(2);
    expect(sampleOf(families, 'tickets_sold_total', { name: 'tickets_sold_total' })).toBe(4);
    expect(families.get('tickets_sold')?.samples.find(({ labels }) => !('name' in labels))?.value).toBe(3);
    expect(families.get('a_b')?.samples[0]?.labels).toEqual({ name: 'x', name_: 'a.b' });
  });

  test('of two kinds with one name are two families', () => {
    gauge('a').set(1);
    counter('a', { b: 1 }).add(2);
    histogram('a', { b: 2 }).record(3);
    gauge('a_total').set(4);
    gauge('a_2_count').set(5);
    counter('c_count').add();
    histogram('c').record(1);
    gauge('hotpath_requests').set(6);
    gauge('process_open_fds').set(7);
    gauge('9 lives').set(9);
    const families = metrics();
    expect(families.get('a')?.type).toBe('counter');
    expect(families.get('a_2')?.type).toBe('histogram');
    expect(families.get('a_3')?.type).toBe('gauge');
    expect(families.get('c_2')?.type).toBe('histogram');
    expect(sampleOf(families, 'app_hotpath_requests')).toBe(6);
    expect(sampleOf(families, 'app_process_open_fds')).toBe(7);
    expect(sampleOf(families, '_9_lives')).toBe(9);
  });

  test('a histogram counts by bounds that are always the same', () => {
    for (const value of [0, 0.001, 1, 2.5, 5, 5.1, 10, 1e12]) histogram('values').record(value);
    const families = metrics();
    const atMost = (le: string): number | undefined => sampleOf(families, 'values_bucket', { le });
    expect([atMost('1e-06'), atMost('0.001'), atMost('1.0'), atMost('2.5')]).toEqual([1, 2, 3, 4]);
    // A bucket is 3 % wide.
    expect([atMost('5.0'), atMost('10.0'), atMost('1e+09'), atMost('+Inf')]).toEqual([6, 7, 7, 8]);
    expect(sampleOf(families, 'values_count')).toBe(8);
    for (const bucket of [1, 2047, 2048, 2080, 6143]) expect(bucketOf(middleOf(bucket))).toBe(bucket);
    expect([bucketOf(0), bucketOf(1e-300), bucketOf(1e300)]).toEqual([0, 0, 6143]);
  });

  test('leased counters show their leases', () => {
    const { memory } = freshState();
    leaseCounters(viewsOf(memory), 16);
    expect(() => counter('tickets').add()).toThrow('tickets');
    const families = metrics();
    expect(sampleOf(families, 'tickets_total')).toBe(0);
    expect(sampleOf(families, 'tickets_leased_numbers')).toBe(0);
    expect(sampleOf(families, 'tickets_missed_numbers_total')).toBe(1);
  });
});

describe('changes', () => {
  test('a reset counter or gauge begins again', () => {
    const hits = counter('hits');
    hits.add(5);
    gauge('inside').set(5);
    expect([resetState('hits'), resetState('inside'), resetState('other')]).toEqual([true, true, false]);
    expect([hits.value, hits.add(), gauge('inside').value]).toEqual([0, 1, 0]);
  });

  test('a limiter forgets one key, or all, and what they used under options before', () => {
    const calls = limiter('calls', { limit: 10, windowMs: 3_600_000 });
    for (const key of ['ada', 'bob', 'eve']) calls.take(key, 10);
    expect(findState('calls')).toMatchObject({ value: { limit: 10, windowMs: 3_600_000, keys: 3 } });
    expect(forgetState('calls', 'ada')).toBe(true);
    expect(calls.take('ada', 10).allowed).toBe(true);
    expect(calls.take('bob').allowed).toBe(false);
    beginGeneration();
    const more = limiter('calls', { limit: 20, windowMs: 3_600_000 });
    expect(more.take('bob').allowed).toBe(false);
    expect(forgetState('calls', 'eve')).toBe(true);
    expect(more.take('eve', 20).allowed).toBe(true);
    expect(resetState('calls')).toBe(true);
    expect(['ada', 'bob', 'eve'].map((key) => more.take(key, 20).allowed)).toEqual([true, true, true]);
  });

  test('what would break a promise is refused', () => {
    histogram('times').record(1);
    mutex('door').tryLock();
    counter('hits').add();
    expect(() => resetState('times')).toThrow('compare two snapshots');
    expect(() => resetState('door')).toThrow('is released by its holder');
    expect(() => forgetState('hits', undefined)).toThrow('keeps its place until the server restarts');
    expect(() => forgetState('hits', 'ada')).toThrow('has no keys');
    const { memory } = freshState();
    leaseCounters(viewsOf(memory), 16);
    expect(() => counter('tickets').add()).toThrow('tickets');
    expect(() => resetState('tickets')).toThrow('would hand its numbers out twice');
  });

  test('without a server there is nothing', () => {
    dropState();
    expect([listState(), findState('a'), resetState('a')]).toEqual([[], undefined, false]);
  });
});
