// Results of load clients are read, and rejected if the load had errors.

import { describe, expect, it } from 'vitest';
import { readH2loadResult } from '../../bench/measure/http2.ts';
import { type LoadResult, readLoadResult } from '../../bench/measure/load.ts';
import { readAbResult } from '../../bench/measure/one-shot.ts';

const RESULT: LoadResult = {
  requests: 500,
  seconds: 1.5,
  errors: 0,
  latency: { p50: 100, p99: 200, p999: 300 },
  cpuMicros: 1_000_000,
};

const AB = `
Concurrency Level:      10
Time taken for tests:   0.093 seconds
Complete requests:      100
Failed requests:        0
Total transferred:      12692 bytes
Requests per second:    1076.06 [#/sec] (mean)
`;

const H2LOAD = `
TLS Protocol: TLSv1.3
Application protocol: h2

finished in 508.30ms, 13408.00 req/s, 631.93KB/s
requests: 6704 total, 6704 started, 6704 done, 6704 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 6704 2xx, 0 3xx, 0 4xx, 0 5xx
`;

describe('readLoadResult', () => {
  it('reads the last line', () => {
    expect(readLoadResult('wrk', `Running 1s test\n${JSON.stringify(RESULT)}\n`)).toEqual(RESULT);
  });

  it('rejects a load with errors', () => {
    const stdout = JSON.stringify({ ...RESULT, errors: 3 });
    expect(() => readLoadResult('wrk', stdout)).toThrow('wrk: 3 errors, 500 answers');
  });

  it('rejects a load without answers', () => {
    expect(() => readLoadResult('wrk', JSON.stringify({ ...RESULT, requests: 0 }))).toThrow('0 answers');
  });

  it('rejects text that is no result', () => {
    expect(() => readLoadResult('wrk', 'unable to connect\n')).toThrow();
    expect(() => readLoadResult('wrk', '')).toThrow();
  });
});

describe('readAbResult', () => {
  it('reads the figures', () => {
    expect(readAbResult(AB)).toEqual({ requests: 100, seconds: 0.093 });
  });

  it('rejects a load with errors', () => {
    expect(() => readAbResult(AB.replace('Failed requests:        0', 'Failed requests:        7'))).toThrow(
      '7 errors',
    );
    expect(() => readAbResult(`${AB}Non-2xx responses:      2\n`)).toThrow('2 errors');
  });

  it('rejects a load without answers', () => {
    expect(() => readAbResult('')).toThrow('0 answers');
  });
});

describe('readH2loadResult', () => {
  it('reads the figures, whatever the unit of the time', () => {
    expect(readH2loadResult(H2LOAD)).toEqual({ requests: 6704, seconds: 0.5083, errors: 0 });
    expect(readH2loadResult(H2LOAD.replace('508.30ms', '1.25s')).seconds).toBe(1.25);
  });

  it('rejects a load with errors', () => {
    const wrong = H2LOAD.replace('6704 2xx, 0 3xx, 0 4xx', '6700 2xx, 0 3xx, 4 4xx');
    expect(() => readH2loadResult(wrong)).toThrow('h2load: 4 errors, 6700 answers');
  });

  it('rejects a load without answers', () => {
    expect(() => readH2loadResult('')).toThrow('0 answers');
  });

  it('rejects a server that speaks HTTP/1.1', () => {
    const wrong = H2LOAD.replace('protocol: h2', 'protocol: http/1.1');
    expect(() => readH2loadResult(wrong)).toThrow('does not speak HTTP/2');
  });
});
