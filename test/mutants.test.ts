// The table of `npm run mutants` against the sources as they are. Trying the defects takes minutes.

import { expect, test } from 'vitest';
import { DEFECTS, tableErrors } from './mutants/table.ts';

test('every defect of the table still fits the sources, once', () => {
  expect(tableErrors()).toEqual([]);
  expect(DEFECTS.length).toBeGreaterThanOrEqual(50);
});
