// Defects of testApp(): a test that doesn't meet what a server would do, or that leaves something behind.

import { type Defect, defectsOf } from './defect.ts';

const TESTING = ['test/testing/test-app.test.ts'];

export const testingDefects: Defect[] = [
  ...defectsOf('src/testing/memory-socket.ts', TESTING, [
    ['written bytes change when their memory is used again', 'Uint8Array.from(chunk)', 'chunk'],
    [
      'a client that is gone is not noticed',
      'if (!ended && !peer.destroyed)',
      'if (ended && !peer.destroyed)',
    ],
    ['a writer that waits goes on waiting', 'tookAll?.();', ''],
  ]),
  ...defectsOf('src/testing/test-app.ts', TESTING, [
    ['a closed test starts again', 'if (closing !== undefined) throw', 'if (closing === null) throw'],
    [
      'a body of known size is sent in chunks',
      '!(body instanceof ReadableStream)',
      '(body instanceof ReadableStream)',
    ],
  ]),
  ...defectsOf('src/models/in-thread.ts', TESTING, [
    ['a test keeps named state', 'if (start.passing) server.ended = leave;\n    else keep();', 'keep();'],
    ['a test keeps its process alive', 'if (start.passing) this.connections.plane.clock.unref();', ''],
  ]),
];
