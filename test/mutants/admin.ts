// Defects of the admin listener's content.

import { type Defect, defectsOf } from './defect.ts';

const TEXT = ['test/admin/exposition.test.ts'];
const METRICS = ['test/admin/metrics.test.ts'];

export const adminDefects: Defect[] = [
  ...defectsOf('src/admin/exposition.ts', TEXT, [
    ['a line end in a label breaks the line', 'replace(/[\\\\"\\n]/g', 'replace(/[\\\\"]/g'],
    ['a bound looks like an integer', '? `${bound}.0` :', '? `${bound}` :'],
    ['counters lack their ending', "counter: '_total'", "counter: ''"],
  ]),
  ...defectsOf('src/admin/accept.ts', TEXT, [
    [
      'a scraper that prefers text gets OpenMetrics',
      'openmetrics > 0 && openmetrics >= text',
      'openmetrics > 0',
    ],
    [
      'versions to come are OpenMetrics, too',
      '&& OPENMETRICS_VERSIONS.includes(version)',
      "&& version !== ''",
    ],
  ]),
  ...defectsOf('src/app/dispatcher.ts', METRICS, [
    [
      'routes take the place of fetch in the figures',
      'plane.slot.figures.cellsOf(FETCH_ROUTE);',
      'plane.noRouteCells;',
      'has the figures of all threads',
    ],
  ]),
];
