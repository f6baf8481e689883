// All suites, in the order of running and reporting.

import type { Suite } from '../suite.ts';
import { accept } from './accept.ts';
import { connections } from './connections.ts';
import { counter } from './counter.ts';
import { ladder } from './ladder.ts';
import { models } from './models.ts';
import { parse } from './parse.ts';
import { scale } from './scale.ts';
import { server } from './server.ts';
import { state } from './state.ts';
import { tls } from './tls.ts';
import { transfer } from './transfer.ts';

export const SUITES: readonly Suite[] = [
  parse,
  counter,
  state,
  server,
  accept,
  tls,
  transfer,
  ladder,
  scale,
  models,
  connections,
];
