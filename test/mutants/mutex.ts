// Defects of mutexes, gauges and histograms, and of what is done when a thread has ended.

import { type Defect, defectsOf } from './defect.ts';

const SCHEDULES = ['test/state/mutex-schedules.test.ts'];
const MUTEX = ['test/state/mutex.test.ts'];
const GAUGE = ['test/state/gauge.test.ts'];
const HISTOGRAM = ['test/state/histogram.test.ts'];
const DEATH = ['test/state/death.test.ts'];

export const mutexDefects: Defect[] = [
  ...defectsOf('assembly/state/mutex.ts', SCHEDULES, [
    [
      'a thread takes the mutex that is handed on to a woken thread',
      'mine = word == FREE || (woken &&',
      'mine = word == FREE || (true &&',
    ],
    [
      'a woken thread does not take the mutex',
      '(woken && (word & HANDOFF) != 0)',
      '(woken && (word & HANDOFF) != HANDOFF)',
    ],
    ['threads that wait behind a woken thread are forgotten', '(word == FREE ? 0 : WAITED)', '0'],
    [
      'a waiting thread does not mark the mutex as waited for',
      'next = !mine ? word | WAITED :',
      'next = !mine ? word :',
    ],
    [
      'a thread that asks during a handoff waits for ever',
      'if (word == (HANDOFF | WAITED)) atomic.cmpxchg<i32>(row, word, HANDOFF, STATE_MUTEX);\n  } while (word == (HANDOFF | WAITED));',
      '} while (word == 0);',
    ],
    ['an unlock wakes no thread', 'if (atomic.notify(row + STATE_MUTEX, 1) > 0) return;\n    word', 'word'],
    [
      'a mutex without waiting threads never becomes free',
      'word = atomic.cmpxchg<i32>(row, HANDOFF, FREE, STATE_MUTEX);',
      'word = HANDOFF;',
    ],
    [
      'an unlock keeps the mutex though other threads wait',
      'if (atomic.load<i32>(row, STATE_MUTEX) == held) return true;',
      'return true;',
    ],
    [
      'an unlock overwrites the mark of a waiting thread',
      'atomic.cmpxchg<i32>(row, held, FREE, STATE_MUTEX) == held) return false;',
      'atomic.xchg<i32>(row, FREE, STATE_MUTEX) == held) return false;',
    ],
    ['a dead thread keeps the mutex', 'const died = word >> OWNER_SHIFT == owner;', 'const died = false;'],
    [
      'the next holder does not learn of a death',
      'if (died) atomic.store<i32>(row, 1, STATE_ABANDONED);',
      '',
    ],
    ['every later holder learns of a death', 'atomic.store<i32>(row, 0, STATE_ABANDONED);', ''],
    [
      'a death during a handoff stops the handoff',
      'if ((next & HANDOFF) != 0) handOn(row);',
      'if (word >> OWNER_SHIFT == owner) handOn(row);',
    ],
    [
      'a thread that waits without a mark is forgotten when another dies',
      '(word & HANDOFF) != 0 ? word : word | WAITED;',
      'word;',
      'two of four',
    ],
    [
      'a thread that waits for a free mutex is forgotten when another dies',
      'died || word == FREE ? HANDOFF',
      'died ? HANDOFF',
    ],
    [
      'sleeping threads are not woken',
      'if (atomic.xchg<i32>(row, FREE, STATE_MUTEX) != SLEEPER) atomic.notify(row + STATE_MUTEX, 1);',
      'atomic.xchg<i32>(row, FREE, STATE_MUTEX);',
    ],
    [
      'a sleeping thread takes the mutex as if no other thread waited',
      'while (atomic.xchg<i32>(row, SLEEPER | WAITED, STATE_MUTEX) != FREE)',
      'while (atomic.cmpxchg<i32>(row, FREE, SLEEPER, STATE_MUTEX) != FREE && atomic.cmpxchg<i32>(row, SLEEPER, SLEEPER | WAITED, STATE_MUTEX) != FREE)',
    ],
  ]),
  ...defectsOf('assembly/state/mutex.ts', MUTEX, [
    [
      'a busy thread that is handed the mutex blocks other threads',
      'if (now && before) atomic.notify(row + STATE_MUTEX, 1);',
      '',
      'that is busy does not block',
    ],
    [
      'tryLock() never acquires a free mutex',
      'STATE_MUTEX) != FREE) return MUTEX_BUSY;',
      'STATE_MUTEX) != HANDOFF) return MUTEX_BUSY;',
      'in one thread',
    ],
  ]),
  ...defectsOf('src/state/mutex-queue.ts', MUTEX, [
    [
      'tryLock() overtakes waiting callers of the same thread',
      'this.held || this.waiting.length > 0',
      'this.held',
      'as if no thread waited',
    ],
    [
      'the caller that asked last gets the mutex first',
      'this.waiting.shift()?.(HELD)',
      'this.waiting.pop()?.(HELD)',
      'in the order of their requests',
    ],
    ['a copy that does not hold the mutex can unlock it', 'if (!this.held) return false;', '', 'two copies'],
    [
      'a thread does not ask again for its waiting callers',
      'if (wanted) void this.ask();',
      '',
      'only the mutex protects',
    ],
    [
      'a waiting thread does not stay alive',
      'const reminder = setInterval(() => {\n      stalled = exports.mutexRemind(this.pointer, stalled);\n    }, REMIND_MS);',
      'const reminder = setInterval(() => {\n      stalled = exports.mutexRemind(this.pointer, stalled);\n    }, REMIND_MS).unref();',
      'only waits for the mutex stays alive',
    ],
    [
      'a thread stays alive after it acquired the mutex',
      'clearInterval(reminder);',
      '',
      'only waits for the mutex stays alive',
    ],
    ['each handle has its own queue', 'queuesHere.set(pointer, turns);', '', 'until it is unlocked'],
    [
      'a caller that waited does not learn of a death',
      '(got === MUTEX_ACQUIRED ? HELD : ABANDONED)',
      '(HELD)',
      'only the next holder is notified',
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
    ['state held by a dead thread stays held', 'threadEnded(this.thread.id);', ''],
  ]),
  ...defectsOf('src/workers/thread.ts', DEATH, [
    ['the id of a thread that ended is unknown', 'this.id = this.worker.threadId;', 'this.id = -1;'],
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
    [
      'an addition overwrites a concurrent addition',
      '} while (found != bits);',
      '} while (false);',
      'before any step of another',
    ],
    ['a gauge becomes infinite', 'if (!isFinite(sum)) return sum;', ''],
  ]),
  ...defectsOf('src/state/gauge.ts', GAUGE, [
    ['NaN is a value', 'if (!Number.isFinite(value))', 'if (value === Infinity)'],
    ['a sum that is not a number is returned', 'this.#check(sum);\n', ''],
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
    [
      '0 is reported as the middle of its bucket',
      'if (bucket === 0) return 0;',
      '',
      'without a bucket of their own',
    ],
  ]),
  ...defectsOf('src/state/histogram.ts', HISTOGRAM, [
    ['ranks are rounded down', 'Math.ceil((p * count) / 100)', 'Math.floor((p * count) / 100)'],
    [
      'a percentile may lie beyond all recorded values',
      'Math.min(max, Math.max(min, middleOf(bucket)))',
      'middleOf(bucket)',
    ],
    ['address 0 counts as allocated memory', 'if (this.#buckets === 0)', 'if (this.#buckets === -1)'],
  ]),
];
