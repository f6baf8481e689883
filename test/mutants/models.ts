// Defects of the tutorial's servers.

import { type Defect, defectsOf } from './defect.ts';

const MODELS = ['test/models/models.test.ts'];
const AT_ONCE = '30 connections at once';
const VANISH = 'clients that vanish';
const SO_MANY = 'a limited number is served at a time';

export const modelDefects: Defect[] = [
  ...defectsOf('src/models/queue.ts', MODELS, [
    [
      'one connection more than the limit is served',
      'this.serving < servedMax',
      'this.serving <= servedMax',
      SO_MANY,
    ],
    ['a waiting connection is never served', 'next = this.waiting.shift()', 'next = undefined', SO_MANY],
    ['any number may wait', 'this.waiting.length < waitingMax', 'servedMax > 0', SO_MANY],
    ['a closed connection counts as served', 'this.serving--;', '', AT_ONCE],
  ]),
  ...defectsOf('src/models/process.ts', MODELS, [
    ['a number that was not used is lost', 'if (!used) unused.push(number);', '', VANISH],
    ['a number that was used is given out again', 'if (!used) unused', 'unused', AT_ONCE],
  ]),
  ...defectsOf('src/models/process-main.ts', MODELS, [
    [
      'a process outlives its parent',
      "process.on('disconnect', () => process.exit());",
      "process.on('disconnect', () => {});",
      'takes its children with it',
    ],
    ['a process shows the number after its own', 'number - 1', 'number', 'a conversation'],
    ['a process does not learn that it must finish', 'void connections.drain();', '{}', 'a stop finishes'],
  ]),
  ...defectsOf('src/models/thread.ts', MODELS, [
    ['a slot is not given back', 'freeSlots.push(slot);', '', AT_ONCE],
    [
      'a thread does not learn that it must finish',
      'for (const thread of living) thread.drain();',
      '',
      'a stop finishes',
    ],
  ]),
  ...defectsOf('src/models/thread-main.ts', MODELS, [
    ['the thread of a connection does not end', 'port.close();', '', AT_ONCE],
  ]),
  ...defectsOf('src/models/sequential.ts', MODELS, [
    ['the next connection is never served', 'if (connection === served) over();', '', AT_ONCE],
  ]),
];
