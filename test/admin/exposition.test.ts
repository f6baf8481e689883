// The text of metrics, and which format a scraper gets.

import { describe, expect, test } from 'vitest';
import { formatFor } from '../../src/admin/accept.ts';
import { writeFamilies } from '../../src/admin/exposition.ts';
import { type Family, family, histogram, single } from '../../src/admin/families.ts';
import { parseOpenMetrics, sampleOf } from '../support/openmetrics.ts';

const ODD = 'a "b" \\ c\nd é 💩';

const FAMILIES: Family[] = [
  single('counter', 'a_bytes', 'Bytes', 7),
  family('gauge', 'b', ODD, [{ labels: { odd: ODD, other: '' }, value: -0.5 }]),
  family('info', 'c', 'Info', [{ labels: { version: '1' }, value: 1 }]),
  single('gauge', 'd', 'No limit', Number.POSITIVE_INFINITY),
  histogram('e_seconds', 'Times', [
    { labels: { worker: '0' }, value: { buckets: [{ le: 0.1, count: 1 }], count: 3, sum: 4.5 } },
  ]),
  family('counter', 'nothing', 'No series', []),
];

test('the text format of Prometheus', () => {
  expect(writeFamilies(FAMILIES, 'prometheus')).toBe(`# HELP a_bytes_total Bytes
# TYPE a_bytes_total counter
a_bytes_total 7
# HELP b a "b" \\\\ c\\nd é 💩
# TYPE b gauge
b{odd="a \\"b\\" \\\\ c\\nd é 💩",other=""} -0.5
# HELP c_info Info
# TYPE c_info gauge
c_info{version="1"} 1
# HELP d No limit
# TYPE d gauge
d +Inf
# HELP e_seconds Times
# TYPE e_seconds histogram
e_seconds_bucket{worker="0",le="0.1"} 1
e_seconds_bucket{worker="0",le="+Inf"} 3
e_seconds_count{worker="0"} 3
e_seconds_sum{worker="0"} 4.5
`);
});

test('OpenMetrics', () => {
  const text = writeFamilies(FAMILIES, 'openmetrics');
  expect(text).toMatch(
    /^# HELP a_bytes Bytes\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 7\n/,
  );
  expect(text).toMatch(/\n# TYPE c info\nc_info\{version="1"\} 1\n/);
  expect(text).toMatch(/\n# EOF\n$/);
  const families = parseOpenMetrics(text);
  expect([...families.keys()]).toEqual(['a_bytes', 'b', 'c', 'd', 'e_seconds']);
  expect(families.get('b')).toMatchObject({ help: ODD, samples: [{ labels: { odd: ODD, other: '' } }] });
  expect(sampleOf(families, 'd')).toBe(Number.POSITIVE_INFINITY);
  expect(writeFamilies([], 'openmetrics')).toBe('# EOF\n');
});

test('bounds are written as Go does', () => {
  const bounds = [1e-6, 2.5e-5, 1e-4, 0.025, 0.1, 1, 2.5, 10, 100, 100_000, 999_999, 1e6, 2.5e6, 1e9, 1e21];
  const value = { buckets: bounds.map((le) => ({ le, count: 0 })), count: 0, sum: 0 };
  const text = writeFamilies([histogram('a', 'A', [{ labels: {}, value }])], 'openmetrics');
  expect([...text.matchAll(/le="(.*?)"/g)].map(([, le]) => le)).toEqual(
    '1e-06 2.5e-05 0.0001 0.025 0.1 1.0 2.5 10.0 100.0 100000.0 999999.0 1e+06 2.5e+06 1e+09 1e+21 +Inf'.split(
      ' ',
    ),
  );
});

describe('Accept', () => {
  test.each([
    [null, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html, */*;q=0.8', 'prometheus'],
    ['text/plain', 'prometheus'],
    ['image/png', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text; Version=1.0.0', 'openmetrics'],
    ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text;version=2.0.0', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=0.5, text/plain', 'prometheus'],
    ['application/openmetrics-text;q=0.5, text/plain;q=0.4', 'openmetrics'],
    ['application/openmetrics-text;q=x, */*', 'prometheus'],
    // Prometheus 2.42, then 3.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    [
      'text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.1',
      'prometheus',
    ],
  ])('%s: %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });
});

describe('parseOpenMetrics() rejects', () => {
  test.each([
    ['# TYPE a gauge\na 1\n', 'must end'],
    ['# TYPE a gauge\n\na 1\n# EOF\n', 'no sample'],
    ['# TYPE a counter\na 1\n# EOF\n', 'wrong ending'],
    ['# TYPE a counter\na_total -1\n# EOF\n', 'below 0'],
    ['# TYPE a gauge\na 1\na 2\n# EOF\n', 'twice'],
    ['# TYPE a gauge\na{b="c"d} 1\n# EOF\n', 'labels'],
    ['# TYPE a gauge\na{b="c",b="d"} 1\n# EOF\n', 'labels'],
    ['# TYPE a gauge\na{b="\\c"} 1\n# EOF\n', 'labels'],
    ['# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n', 'in two places'],
    ['# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 1\n# EOF\n', 'same names'],
    ['# TYPE a histogram\na_bucket{le="1.0"} 1\na_count 1\na_sum 1\n# EOF\n', 'bucket of all'],
    [
      '# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
      'go back',
    ],
    ['# TYPE a histogram\na_bucket{le="+Inf"} 2\na_count 1\na_sum 1\n# EOF\n', 'count or sum'],
  ])('%j', (text, why) => {
    expect(() => parseOpenMetrics(text)).toThrow(why);
  });
});
