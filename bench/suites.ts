// All suites, in the order in which they run and are reported.

import type { Suite } from './suite.ts';

export const SUITES: readonly Suite[] = [];
