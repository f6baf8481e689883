// Defects of the figures that metrics show.

import { type Defect, defectsOf } from './defect.ts';

const FIGURES = ['test/connection/figures.test.ts'];

export const figureDefects: Defect[] = [
  ...defectsOf('src/connection/measured-request.ts', FIGURES, [
    [
      'a response counts as often as it begins',
      '|| this.counted) return;',
      ') return;',
      'whose client has gone',
    ],
    ['a request without a response is not counted', 'this.counts(0);', '', 'whose client has gone'],
    [
      'a handler that waits has the time of its turn',
      'if (this.called) {',
      'if (this.counted) {',
      'as long as it waits',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', FIGURES, [
    [
      'a request whose content is refused counts as unanswered',
      'exchange?.refused(error);',
      '',
      'count refusals by reason',
    ],
  ]),
  ...defectsOf('src/app/dispatcher.ts', FIGURES, [
    [
      'the responses of fetch count as those of no route',
      'exchange.routeCells = this.fetchCells;',
      '',
      'count responses by route',
    ],
  ]),
  ...defectsOf('src/wasm/prepared-table.ts', FIGURES, [
    [
      'a 304 of the engine counts for another route',
      'index: unmodifiedIndex(index) }, cells);',
      'index: unmodifiedIndex(index) }, this.figures.cellsOf(NO_ROUTE));',
      'count responses by route',
    ],
  ]),
  ...defectsOf('src/wasm/route-names.ts', FIGURES, [
    [
      'routes that do not fit count as the last one that does',
      'const last = known.length === ROUTE_COUNT_MAX - 1;',
      'const last = false;',
      'keep the place of a route',
    ],
  ]),
  ...defectsOf('assembly/serve.ts', FIGURES, [
    [
      'all methods count as one',
      'cells + method * CELLS_OF_METHOD_BYTES',
      'cells + CELLS_OF_METHOD_BYTES',
      'count responses by route',
    ],
  ]),
];
