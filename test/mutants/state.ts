// Defects of how threads come to the named state, and of what is left of it when a server fails to start.

import { type Defect, defectsOf } from './defect.ts';

const FAILED = ['test/state/failed-start.test.ts'];

export const stateDefects: Defect[] = [
  ...defectsOf('src/state/shared.ts', FAILED, [
    [
      'the named state of a server that failed stays',
      'if (globals[STATE_KEY] === processState) delete globals[STATE_KEY];',
      '',
      'there is no server',
    ],
    [
      'handles stay bound to state that is gone',
      'for (const unbind of processState.unbind ?? []) unbind();',
      '',
      'bind to the state of the next server',
    ],
    [
      'one of two servers that start removes the named state',
      'if (processState.starts !== undefined) processState.starts++;',
      'processState.starts = 1;',
      'the first to fail does not affect the other',
    ],
  ]),
  ...defectsOf('src/state/mutex.ts', FAILED, [
    [
      'a mutex that is held is forgotten',
      '(this.#stale && this.#queue.idle)',
      'this.#stale',
      'can be unlocked',
    ],
    [
      'a mutex stays where it was',
      '(this.#stale && this.#queue.idle)',
      'false',
      'bind to the state of the next server',
    ],
  ]),
  ...defectsOf('src/serve.ts', FAILED, [
    ['global names stay replaced', 'uninstall?.();', '', 'global names'],
  ]),
];
