// Defects of mutexes, gauges and histograms, and of what is done when a thread has ended.

import { type Defect, defectsOf } from './defect.ts';

const SCHEDULES = ['test/state/mutex-schedules.test.ts'];
const MUTEX = ['test/state/mutex.test.ts'];
const GAUGE = ['test/state/gauge.test.ts'];
const HISTOGRAM = ['test/state/histogram.test.ts'];
const DEATH = ['test/state/death.test.ts'];
const COUNTER = ['test/state/counter.test.ts'];

export const mutexDefects: Defect[] = [
  ...defectsOf('assembly/state/mutex.ts', SCHEDULES, [
    [
      'it is taken from one that was woken',
      'mine = word == FREE || (woken &&',
      'mine = word == FREE || (true &&',
    ],
    [
      'one that was woken does not take it',
      '(woken && (word & HANDOFF) != 0)',
      '(woken && (word & HANDOFF) != HANDOFF)',
    ],
    ['those behind one that was woken are forgotten', '(word == FREE ? 0 : WAITED)', '0'],
    ['nobody says that somebody waits', 'next = !mine ? word | WAITED :', 'next = !mine ? word :'],
    [
      'who comes while it is handed on waits for ever',
      'if (word == (HANDOFF | WAITED)) atomic.cmpxchg<i32>(row, word, HANDOFF, STATE_MUTEX);\n  } while (word == (HANDOFF | WAITED));',
      '} while (word == 0);',
    ],
    ['nobody is woken', 'if (atomic.notify(row + STATE_MUTEX, 1) > 0) return;\n    word', 'word'],
    [
      'a lock that nobody wants is never free',
      'word = atomic.cmpxchg<i32>(row, HANDOFF, FREE, STATE_MUTEX);',
      'word = HANDOFF;',
    ],
    [
      'it is kept though others wait',
      'if (atomic.load<i32>(row, STATE_MUTEX) == held) return true;',
      'return true;',
    ],
    [
      'it is let go of with a store',
      'atomic.cmpxchg<i32>(row, held, FREE, STATE_MUTEX) == held) return false;',
      'atomic.xchg<i32>(row, FREE, STATE_MUTEX) == held) return false;',
    ],
    ['a dead thread keeps it', 'const died = word >> OWNER_SHIFT == owner;', 'const died = false;'],
    ['nobody is told of a death', 'if (died) atomic.store<i32>(row, 1, STATE_ABANDONED);', ''],
    ['everybody is told of a death', 'atomic.store<i32>(row, 0, STATE_ABANDONED);', ''],
    [
      'a death while it is handed on stops it',
      'if ((next & HANDOFF) != 0) handOn(row);',
      'if (word >> OWNER_SHIFT == owner) handOn(row);',
    ],
    [
      'who waits unseen when a thread dies is forgotten',
      '(word & HANDOFF) != 0 ? word : word | WAITED;',
      'word;',
    ],
    [
      'who waits for a free lock when a thread dies is forgotten',
      'died || word == FREE ? HANDOFF',
      'died ? HANDOFF',
    ],
    [
      'sleepers are not woken',
      'if (atomic.xchg<i32>(row, FREE, STATE_MUTEX) != SLEEPER) atomic.notify(row + STATE_MUTEX, 1);',
      'atomic.xchg<i32>(row, FREE, STATE_MUTEX);',
    ],
    [
      'sleepers take it as nobody else waited',
      'while (atomic.xchg<i32>(row, SLEEPER | WAITED, STATE_MUTEX) != FREE)',
      'while (atomic.cmpxchg<i32>(row, FREE, SLEEPER, STATE_MUTEX) != FREE)',
    ],
  ]),
  ...defectsOf('assembly/state/mutex.ts', MUTEX, [
    [
      'one that has no time for it keeps the others',
      'if (now && before) atomic.notify(row + STATE_MUTEX, 1);',
      '',
      'that is busy does not block',
    ],
    [
      'a free lock is never free to try',
      'STATE_MUTEX) != FREE) return MUTEX_BUSY;',
      'STATE_MUTEX) != HANDOFF) return MUTEX_BUSY;',
      'in one thread',
    ],
  ]),
  ...defectsOf('assembly/state/counter.ts', COUNTER, [
    ['nobody waits for the mutex of a counter', '  sleepUntilLocked(counter);\n', ''],
  ]),
  ...defectsOf('src/state/mutex-queue.ts', MUTEX, [
    [
      'who tries passes those who wait here',
      'this.held || this.waiting.length > 0',
      'this.held',
      'as if no thread waited',
    ],
    [
      'who waits is served last come first',
      'this.waiting.shift()?.(HELD)',
      'this.waiting.pop()?.(HELD)',
      'in the order in which they ask',
    ],
    ['a mutex can be unlocked by who has it not', 'if (!this.held) return false;', '', 'two copies'],
    [
      'nobody asks for those who wait when it is handed on',
      'if (wanted) void this.ask();',
      '',
      'only the mutex protects',
    ],
    [
      'a thread that waits is not kept',
      'const reminder = setInterval(() => {\n      stalled = exports.mutexRemind(this.pointer, stalled);\n    }, REMIND_MS);',
      'const reminder = setInterval(() => {\n      stalled = exports.mutexRemind(this.pointer, stalled);\n    }, REMIND_MS).unref();',
      'nothing but wait stays alive',
    ],
    [
      'a thread that has got it is kept for ever',
      'clearInterval(reminder);',
      '',
      'nothing but wait stays alive',
    ],
    ['each handle has turns of its own', 'queuesHere.set(pointer, turns);', '', 'until it is unlocked'],
    [
      'a death is not told to who waited',
      '(got === MUTEX_ACQUIRED ? HELD : ABANDONED)',
      '(HELD)',
      'the next holder learns of it',
    ],
  ]),
  ...defectsOf('src/state/mutex.ts', MUTEX, [
    [
      'a function that fails keeps the mutex',
      '} finally {\n      this.unlock();\n    }',
      '} finally {\n    }',
      'always unlocks',
    ],
    ['a function is not waited for', 'return await act(hold);', 'return act(hold);', 'only one of many'],
  ]),
  ...defectsOf('src/workers/started-thread.ts', DEATH, [
    ['what a thread held ends with it', 'threadEnded(this.thread.id);', ''],
  ]),
  ...defectsOf('src/workers/thread.ts', DEATH, [
    ['who has ended is not known', 'this.id = this.worker.threadId;', 'this.id = -1;'],
  ]),
  ...defectsOf('assembly/state/death.ts', HISTOGRAM, [
    [
      'the buckets of a dead thread are lost',
      'histogramOwnerDied(row, owner);',
      '{}',
      'the next thread gets its buckets',
    ],
  ]),
  ...defectsOf('assembly/state/gauge.ts', GAUGE, [
    ['an addition does not look whether another came first', '} while (found != bits);', '} while (false);'],
    ['a gauge becomes infinite', 'if (!isFinite(sum)) return sum;', ''],
  ]),
  ...defectsOf('src/state/gauge.ts', GAUGE, [
    ['NaN is a value', 'if (!Number.isFinite(value))', 'if (value === Infinity)'],
    ['a sum that is none is given back', 'this.#check(sum);\n', ''],
  ]),
  ...defectsOf('assembly/state/histogram.ts', HISTOGRAM, [
    [
      'all threads write the same buckets',
      'atomic.cmpxchg<i32>(buckets, 0, owner, HISTOGRAM_OWNER) == 0',
      'owner != 0',
    ],
    ['a second thread takes the place of the first', 'store<usize>(buckets, next, HISTOGRAM_NEXT);', ''],
    ['the least value stays', 'if (value < load<f64>(buckets, HISTOGRAM_MIN)) ', 'if (false) '],
    ['values below the first bucket lie before it', 'min(max(index, 0), LAST)', 'min(index, LAST)'],
    ['values behind the last bucket lie behind it', 'min(max(index, 0), LAST)', 'max(index, 0)'],
    ['a sum keeps the last value only', 'load<f64>(buckets, HISTOGRAM_SUM) + value', 'value'],
  ]),
  ...defectsOf('src/wasm/state/histogram.ts', HISTOGRAM, [
    [
      'only one thread is read',
      'extent !== 0; extent = (words[(extent + HISTOGRAM_NEXT) >>> 2] as number) >>> 0',
      'extent !== 0; extent = 0',
    ],
    ['the end of a bucket stands for it', ' + 0.5) / perPower', ' + 1) / perPower'],
    ['0 is not 0', 'if (bucket === 0) return 0;', '', 'without a bucket of their own'],
  ]),
  ...defectsOf('src/state/histogram.ts', HISTOGRAM, [
    ['ranks are rounded down', 'Math.ceil((p * count) / 100)', 'Math.floor((p * count) / 100)'],
    [
      'what is in the middle of a bucket may be beyond all values',
      'Math.min(max, Math.max(min, middleOf(bucket)))',
      'middleOf(bucket)',
    ],
    ['no memory is memory at 0', 'if (this.#buckets === 0)', 'if (this.#buckets === -1)'],
  ]),
];
