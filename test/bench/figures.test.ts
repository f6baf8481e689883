import { describe, expect, it } from 'vitest';
import { figure, heading, scaleFor, spreadText, times } from '../../bench/report/figures.ts';
import { summarize } from '../../bench/report/statistics.ts';

describe('figure', () => {
  it.each([
    [0, '0'],
    [0.000012345, '0.0000123'],
    [0.12345, '0.123'],
    [1.2, '1.20'],
    [44.12, '44.1'],
    [99.96, '100'],
    [123.4, '123'],
    [61_234.5, '61,235'],
    [1e21, '1,000,000,000,000,000,000,000'],
  ])('writes %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('times', () => {
  it('has fewer decimals the larger it is', () => {
    expect([1.5, 12.345, 123.45].map(times)).toEqual(['1.50x', '12.3x', '123x']);
  });
});

describe('scaleFor', () => {
  it('chooses the largest unit in which all values are at least 1', () => {
    expect(scaleFor('nanoseconds', [44, 12_000]).unit).toBe('ns');
    expect(scaleFor('nanoseconds', [4_400, 12_000]).unit).toBe('µs');
    expect(scaleFor('bytesPerSecond', [4.5e9])).toEqual({ unit: 'GB/s', per: 1e9 });
    expect(scaleFor('peakBytes', [52 * 2 ** 20, 2 ** 31]).unit).toBe('MiB');
  });

  it('ignores zeros, and accepts no values', () => {
    expect(scaleFor('peakBytes', [0, 2 ** 20]).unit).toBe('MiB');
    expect(scaleFor('peakBytes', [0]).unit).toBe('B');
    expect(scaleFor('peakBytes', []).unit).toBe('B');
  });

  it('keeps a unit that has no multiples', () => {
    expect(scaleFor('serverBusy', [0.97])).toEqual({ unit: 'cores', per: 1 });
    expect(scaleFor('updatesLost', [0.4])).toEqual({ unit: '%', per: 0.01 });
  });
});

it('writes ratios with significant digits', () => {
  expect([0.0044, 0.45, 1, 2.222, 22.22, 1736.6].map(times)).toEqual([
    '0.0044x',
    '0.45x',
    '1.00x',
    '2.22x',
    '22.2x',
    '1737x',
  ]);
});

it('writes no spread for one round', () => {
  expect(spreadText(summarize([1, 2, 3], 'lower'))).toBe('100%');
  expect(spreadText(summarize([5, 5], 'lower'))).toBe('0%');
  expect(spreadText(summarize([5], 'lower'))).toBe('-');
});

it('writes headings with their unit', () => {
  expect(heading('cpuMicros', { unit: 'µs', per: 1 })).toBe('server CPU a request, µs');
  expect(heading('requestsPerSecond', { unit: '1/s', per: 1 })).toBe('requests a second');
});
