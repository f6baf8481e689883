// Defects of the admin listener's content.

import { type Defect, defectsOf } from './defect.ts';

const TEXT = ['test/admin/exposition.test.ts'];
const STATE = ['test/state/labels.test.ts'];
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
  ...defectsOf('src/admin/state-families.ts', STATE, [
    [
      'two kinds of state share a family',
      'this.taken.has(free + ending)',
      'this.taken.has(free)',
      'two families',
    ],
    [
      'a series changes when another name is mapped alike',
      'valid === name ? {}',
      'valid !== "" ? {}',
      'kept apart',
    ],
    ['metrics of the application hide those of the server', '? `app_${valid}`', '? valid', 'two families'],
  ]),
  ...defectsOf('src/state/labels.ts', STATE, [
    [
      'the order of labels makes another name',
      '.sort(([a], [b]) => (a < b ? -1 : 1))\n',
      '\n',
      'in any order',
    ],
    ['quotes in a label end it', 'value.replace(/[\\\\"\\n]/g, escaped)', 'value', 'read again'],
  ]),
  ...defectsOf('src/state/inspect.ts', STATE, [
    [
      'a durable number is handed out twice',
      'if (row.code === KIND_COUNTER_LEASED)\n        throw',
      'if (row.code === 0)\n        throw',
      'refused',
    ],
  ]),
  ...defectsOf('src/wasm/state/limiter-keys.ts', STATE, [
    [
      'usage comes back from the table of older options',
      'older !== 0; older = before(older)) clear(words, longs, older)',
      'older !== 0; older = before(older)) clear(words, longs, table)',
      'forgets one key, or all',
    ],
  ]),
  ...defectsOf('assembly/state/limiter.ts', STATE, [
    [
      'a refused take counts as allowed',
      'countTake(limiter, scratch, outcome >= 0)',
      'countTake(limiter, scratch, true)',
      'have the names and labels',
    ],
    [
      'a key is forgotten only where it came last',
      'forgetBefore(limiter, scratch, table, hash);\n    const entry',
      'const entry',
      'forgets one key, or all',
    ],
  ]),
  ...defectsOf(
    'src/wasm/statistics.ts',
    ['test/admin/exact.test.ts'],
    [
      [
        'the requests of threads that have ended vanish',
        'addResponses(responses, views, figures);',
        'if (words[(figures + FIGURES_LIVE) >> 2] === 1) addResponses(responses, views, figures);',
      ],
    ],
  ),
  ...defectsOf('src/app/dispatcher.ts', METRICS, [
    [
      'routes take the place of fetch in the figures',
      'plane.slot.figures.cellsOf(FETCH_ROUTE);',
      'plane.noRouteCells;',
      'has the figures of all threads',
    ],
  ]),
];
