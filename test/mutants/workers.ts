// Defects of the threads, their replacement and their end.

import { type Defect, defectsOf } from './defect.ts';

const POOL = ['test/workers/pool.test.ts'];
const CLI = ['test/cli.test.ts'];

export const workerDefects: Defect[] = [
  ...defectsOf('src/workers/generation.ts', POOL, [
    [
      'the slot of a dead thread is not reclaimed',
      'reclaimSlot(viewsOf(this.options.start.memory), slot);',
      '',
    ],
    ['two threads share a slot', 'this.slotFirst + ordinal', 'this.slotFirst'],
    ['a burst of deaths is replaced without a pause', 'this.earlyDeaths < 2 ?', 'this.earlyDeaths < 200 ?'],
    [
      'a replacement that fails is not tried again',
      '.catch((error: Error) => this.replaceLater(ordinal, startedMs, error))',
      '.catch(() => {})',
    ],
    [
      'a thread that drained is replaced',
      'if (this.draining) return;\n    this.earlyDeaths',
      'this.earlyDeaths',
    ],
    [
      'a thread that never listened leaves its starter waiting',
      "else reject(cause ?? new Error('a worker thread ended before it listened'));",
      '',
    ],
    ['a dead thread is drained', 'this.threads[ordinal] = undefined;', ''],
    ['why a thread died is forgotten', 'cause = error as Error;', ''],
  ]),
  ...defectsOf('src/workers/generation.ts', CLI, [
    ['draining has no end', '}, timeoutMs);', '}, 10 * timeoutMs + 20_000);', 'the drain timeout ends'],
    ['threads that had to be ended are not counted', 'late++;', '', 'the drain timeout ends'],
  ]),
  ...defectsOf('src/workers/worker.ts', POOL, [
    ['a thread ends before its connections do', 'await plane.drain({ closeIdle });', ''],
    ['a draining thread goes on accepting', 'draining = true;\n  listener?.close();', 'draining = true;'],
  ]),
  ...defectsOf('src/connection/plane.ts', POOL, [
    ['the clock of a drained plane goes on', 'this.clock.stop();', ''],
  ]),
  ...defectsOf('src/supervisor.ts', CLI, [
    [
      'a signal passed on by npm is a second one',
      'now - this.stoppedMs > SAME_SIGNAL_MS',
      'now - this.stoppedMs >= 0',
      'signals',
    ],
    [
      'a second signal is ignored',
      'now - this.stoppedMs > SAME_SIGNAL_MS',
      'now - this.stoppedMs > 100_000',
      'a second one stops at once',
    ],
    [
      'the port stays open while the server stops',
      'this.bound.close();\n      this.tell',
      'this.tell',
      'is refused',
    ],
    [
      'a server process that was healthy is not started again',
      'this.failure === undefined && healthy',
      'this.failure === undefined && !healthy',
      'is started again',
    ],
  ]),
];
