// Defects of state that is kept: leases, the file of counters, the lock, the keeper.

import { type Defect, defectsOf } from './defect.ts';

const SCHEDULES = ['test/durable/schedules.test.ts'];
const FOLDER = ['test/durable/folder.test.ts'];
const FILE = ['test/durable/counters-file.test.ts'];
const LOCK = ['test/durable/lock.test.ts'];
const LEASES = ['test/durable/lease-renewer.test.ts'];
const KEEP = ['test/durable/keeper.test.ts'];
const END_TO_END = ['test/durable/end-to-end.test.ts'];
const SNAPSHOT = ['test/durable/snapshot.test.ts'];
const LIMITER_SNAPSHOT = ['test/state/limiter-snapshot.test.ts'];
const SERVE = ['test/durable/serve.test.ts'];
const DISK = 'while the disk fails';
const USAGE = 'wrong usage';

export const durableDefects: Defect[] = [
  ...defectsOf('assembly/state/lease.ts', SCHEDULES, [
    [
      'a lease is found before its base is there',
      'atomic.store<i64>(lease, base, LEASE_BASE);\n  atomic.store<i64>(lease, placeOf(block + 1, count), LEASE_BLOCK);',
      'atomic.store<i64>(lease, placeOf(block + 1, count), LEASE_BLOCK);\n  atomic.store<i64>(lease, base, LEASE_BASE);',
    ],
    [
      'the lease of the number handed out last is overwritten',
      'if (free - block > LEASE_AHEAD_MAX) return',
      'if (free - block > LEASE_AHEAD_MAX + 2) return',
    ],
    [
      'numbers come from a block without a lease',
      'if (first > more) return',
      'if (more >= 0 && first > more) return',
    ],
    ['more numbers come from a block than it has', 'if (first > more) return', 'if (more < 0) return'],
    [
      'two blocks that do not follow each other are taken for one',
      'nextBase == base + count',
      'nextBase != -5',
    ],
    [
      'the end of leasing takes an entry that is needed',
      'block + 2 * LEASE_COUNT - 1',
      'block + 2 * LEASE_COUNT',
    ],
    [
      'a value is read from the lease of another block',
      'while (atomic.load<i64>(counter, STATE_VALUE) != at);',
      'while (atomic.load<i64>(counter, STATE_VALUE) < at);',
    ],
    [
      'a count overwrites a concurrent count',
      'if (atomic.cmpxchg<i64>(counter, at, next, STATE_VALUE) != at) continue;',
      'atomic.store<i64>(counter, next, STATE_VALUE);',
    ],
    [
      'the end of leasing overwrites a concurrent count',
      'placeOf(last, 0), STATE_VALUE) != at)',
      'placeOf(last, 0), STATE_VALUE) < 0)',
    ],
    [
      'the ring of leases has less room than its size',
      'LEASE_AHEAD_MAX + 1 - <i32>',
      'LEASE_AHEAD_MAX + 2 - <i32>',
    ],
    ['leases behind the first block are overlooked', 'if (free == block) return 0;', 'return 0;'],
  ]),
  ...defectsOf('src/durable/counters-file.ts', FILE, [
    ['numbers are granted before they are written down', 'if (bases.size > 0) this.write(ends, false);', ''],
    [
      'a lease forgets counters that need no numbers',
      'const ends = new Map(this.ends);',
      'const ends = new Map<string, number>();',
    ],
    ['a stop forgets the names that were not used', 'new Map([...this.ends, ...last])', 'new Map(last)'],
    [
      'a clean stop is recorded like a crash',
      'this.write(new Map([...this.ends, ...last]), true)',
      'this.write(new Map([...this.ends, ...last]), false)',
    ],
    ['an end that is not a safe integer is accepted', '!Number.isSafeInteger(end) || end < 0', 'end < 0'],
    ['a lease goes beyond the safe integers', '!Number.isSafeInteger(base + count)', 'base < 0'],
    ['numbers that the memory has are leased once more', ', floorOf(name));', ');'],
    ['a stop lowers the end of a counter in the file', 'Math.max(end, all.get(name) ?? 0)', 'end'],
  ]),
  ...defectsOf('src/durable/files.ts', FILE, [
    ['a file is put in its place before it is durable', 'files.sync(descriptor);\n    });', '});'],
    ['a name is not made durable', 'syncFolder(files, dirname(path));', ''],
    ['the rest of a short write is lost', 'while (written < bytes.length)', 'if (written < bytes.length)'],
    ['a file that failed stays open', 'attempt(() => files.close(descriptor));', ''],
    [
      'any error is taken for no file',
      "(error as NodeJS.ErrnoException).code === 'ENOENT'",
      "(error as NodeJS.ErrnoException).code !== ''",
    ],
  ]),
  ...defectsOf('src/durable/lock.ts', FOLDER, [
    ['numbers grow without end', 'if (Number(number) <= NUMBER_MAX)', 'if (Number(number) < 1e99)'],
    ['a number is made that no start can have', 'if (number > NUMBER_MAX)', 'if (number < 0)'],
    ['a link is asked whether a server lives', '?.isSocket()) return', ') return'],
  ]),
  ...defectsOf('src/durable/files.ts', FOLDER, [
    ['all users may read the files', 'const OWNER_ONLY = 0o600;', 'const OWNER_ONLY = 0o644;'],
    ['a file is written where a link leads', 'unlinkSync(path);\n', ';\n'],
    ['a pipe is read', 'if (!stats.isFile())', 'if (stats.isDirectory())'],
    ['a file without an end is read', 'stats.size > bytesMax', 'stats.size < 0'],
    [
      'a file that others may write is read',
      '(stats.mode & WRITABLE_BY_GROUP_OR_OTHERS) !== 0',
      '(stats.mode & 0) !== 0',
    ],
  ]),
  ...defectsOf('src/durable/server-user.ts', FOLDER, [
    ['a folder that all may write to is used', '0o022', '0o020'],
    ['a folder that a group may write to is used', '0o022', '0o002'],
  ]),
  ...defectsOf('src/durable/folder.ts', FOLDER, [
    ['a folder that others may replace is used', '(mode & WRITABLE_BY_OTHERS) !== 0', 'mode < 0'],
    ['a folder below /tmp is refused', '&& (mode & STICKY) === 0', ''],
    [
      'a link is believed',
      'if (stats.isSymbolicLink()) yield* wayTo(resolve(realpathSync(above), readlinkSync(path)));',
      '',
    ],
  ]),
  ...defectsOf('src/durable/sealed-file.ts', FILE, [
    ['a checksum is not looked at', 'digestOf([rest]) !== sum', "digestOf([rest]) === ''"],
    ['a version to come is taken', 'Number(version) > newest', 'Number(version) > 9'],
    ['another file is taken', 'if (found !== kind)', "if (found === '')"],
  ]),
  ...defectsOf('src/durable/lock.ts', LOCK, [
    [
      'a server does not ask whether the lock holder lives',
      '(await sockets.answers(highest))',
      '(await sockets.answers(highest)) && highest < 0',
    ],
    [
      'a higher number is not looked for',
      'if ((await sockets.highest()) === own) return own;',
      'return own;',
    ],
    [
      'a server takes the lock number of a faster server',
      'if (!(await sockets.link(own))) continue;',
      'await sockets.link(own);',
    ],
    ['files of earlier lock holders stay', 'await tidy(folder, number);', ''],
    ['a path that is too long is tried', '> PATH_BYTES_MAX)', '> PATH_BYTES_MAX + 1000)'],
  ]),
  ...defectsOf('src/durable/lease-renewer.ts', LEASES, [
    ['all that is leased is leased for two blocks', 'Math.ceil(rate * aheadMs)', '0'],
    [
      'a client that is refused and asks again raises the rate',
      'if (failing && this.rate > 0)',
      'if (failing && this.rate < 0)',
    ],
    [
      'the size of a lease has no bound',
      'BLOCKS_MIN * this.size), NUMBERS_MAX)',
      'BLOCKS_MIN * this.size), 4 * NUMBERS_MAX)',
    ],
    ['the duration of a lease does not raise its size', 'AHEAD_MS + AHEAD_LEASES * this.leaseMs', 'AHEAD_MS'],
    ['the duration of a slow lease is forgotten at once', 'Math.max(ms, this.leaseMs * FORGET)', 'ms'],
    [
      'numbers that were wanted in vain are overlooked',
      'this.leased - left + this.exports.missedNumbers(this.counter)',
      'this.leased - left',
    ],
    ['a few numbers are a rate', 'gone >= this.size ? RATE_MIN_MS : RATE_MAX_MS', 'RATE_MIN_MS'],
    ['a lease is one block', 'Math.min(PARTS, this', 'Math.min(1, this'],
    [
      'a counter that is refused is asked for at once',
      'numbers > 0 && plan.trouble.leftMs(nowMs) === 0',
      'numbers > 0',
    ],
    ['a counter that is refused wakes the keeper', 'setFailing(this.views, plan.counter, true);', ''],
    [
      'each failure of a counter is noted',
      'if (plan.trouble.failed(message, this.now()))',
      'plan.trouble.failed(message, this.now());',
    ],
    ['leases are not taken back', 'if (number >= 0) last.set(name, number);', ''],
  ]),
  ...defectsOf('src/durable/repeated-failure.ts', LEASES, [
    ['a failure is tried again at once', 'Math.max(this.failedMs + this.pauseMs - nowMs, 0)', '0'],
    [
      'each failure is noted',
      'const fresh = !this.logged.has(reason);',
      'const fresh = reason !== undefined;',
    ],
    [
      'pauses grow without end',
      'Backoff(PAUSE_FIRST_MS, PAUSE_MAX_MS, 0)',
      'Backoff(PAUSE_FIRST_MS, 10 * PAUSE_MAX_MS, 0)',
    ],
  ]),
  ...defectsOf('src/durable/keeper.ts', KEEP, [
    [
      'a keeper that died is not replaced',
      'if (!this.stopping) this.replaceLater(cause, Date.now() - readyMs >= TIMES.healthyMs);',
      '',
    ],
    ['two keepers use one memory', '!beginKeeping(views)', 'beginKeeping(views) && false'],
    [
      'a folder is kept from others after a failed start',
      'await lock?.release();\n    throw error;',
      'throw error;',
    ],
    [
      'a keeper that failed to start keeps the memory',
      "tellNews(views, 'ended');\n    await lock",
      'await lock',
    ],
    ['leases of another size are gone on with', 'leaseSize(views) !== lease', 'leaseSize(views) === 0'],
  ]),
  ...defectsOf('src/durable/keeper-main.ts', END_TO_END, [
    ['a stop does not return unused numbers', 'await leases.end();', '', 'continues after a stop'],
    [
      'the keeper does not listen for requests for numbers',
      'else await bellRung(views, seen, leases.waitMs(ROUND_MS))',
      'else await pause(ROUND_MS * 60)',
      DISK,
    ],
  ]),
  ...defectsOf('src/app/dispatcher.ts', END_TO_END, [
    [
      'a handler without a number is an error',
      'if (isLeaseExhausted(error))',
      'if (isLeaseExhausted(exchange))',
      DISK,
    ],
  ]),
  ...defectsOf('src/app/fixed-responses.ts', SERVE, [
    [
      'a count without a number ends the thread',
      'exchange.answer(-ERROR_LEASE_EXHAUSTED);\n      return;',
      'throw error;',
    ],
  ]),
  ...defectsOf('src/state/counter.ts', SERVE, [
    ['more is added than a block has', 'if (n > this.#most)', 'if (n > 2 * this.#most)'],
  ]),
  ...defectsOf('src/option-kinds.ts', END_TO_END, [
    ['any lease is a power of two', '!Number.isInteger(Math.log2(size))', 'Number.isNaN(size)', USAGE],
  ]),
  ...defectsOf('src/read-options.ts', END_TO_END, [
    [
      "the tutorial's servers seem to keep state",
      'if (state === undefined && redis === undefined) {',
      "if ((state === undefined && redis === undefined) || model !== 'event-loop') {",
      USAGE,
    ],
  ]),
  ...defectsOf('src/durable/snapshot.ts', SNAPSHOT, [
    ['a snapshot is written without need', 'if (digest === this.written) return;', ''],
    ['a damaged snapshot stays', 'this.files.rename(this.path, join(this.options.folder, ASIDE));', ''],
    ['each failure of a snapshot is noted', 'if (!this.failed) this.options.note', 'this.options.note'],
    [
      'state that no thread has opened yet is lost from the snapshot',
      'content.unclaimed[part.name] = Object.fromEntries(unclaimed);',
      '',
    ],
    ['state that no thread opens stays in the snapshot for ever', ' || nowMs - sinceMs > UNCLAIMED_MS', ''],
    ['any number of names stays', 'oldestFirst.length - i > UNCLAIMED_MAX || ', ''],
    [
      'a clock that is set back makes a snapshot younger',
      'Math.max(nowMs, this.readFile(nowMs))',
      'this.readFile(nowMs) * 0 + nowMs',
    ],
    ['a keeper that goes on gives everything anew', 'if (!resumed) this.publish', 'this.publish'],
  ]),
  ...defectsOf('src/durable/json-with-bytes.ts', SNAPSHOT, [
    ['bytes lie elsewhere', 'const end = pieces.indexOf', 'const end = 1 + pieces.indexOf'],
    ['bytes that are not there are read', 'end + at + size <= pieces.length', 'true'],
  ]),
  ...defectsOf('src/durable/gauges.ts', SNAPSHOT, [
    [
      'a claimed gauge is taken for a used one',
      "takeSaved(this.state.memory, this.exports, 'gauge', name, row);",
      '',
    ],
  ]),
  ...defectsOf('src/durable/limiters.ts', SNAPSHOT, [
    ['a snapshot of limiters changes by itself', 'now.nowMs, this.since)', 'now.nowMs, now)'],
    ['clocks that are set are not noticed', '> APART_MS', '> 1e99'],
  ]),
  ...defectsOf('src/wasm/state/saved.ts', SNAPSHOT, [
    ['a gauge is restored from the state of a limiter', 'words[(entry + SAVED_KIND) >>> 2] === kind &&', ''],
    [
      'a name is restored from the state of another',
      'wanted.equals(bytes.subarray(place, place + STATE_NAME_BYTES))',
      'wanted.length > 0',
    ],
  ]),
  ...defectsOf('src/wasm/state/saved.ts', LIMITER_SNAPSHOT, [
    [
      'a limiter in use is overwritten by saved state',
      'Atomics.compareExchange(new Int32Array(memory.buffer), (row + STATE_EXTENT) >> 2, 0, table)',
      'Atomics.store(new Int32Array(memory.buffer), (row + STATE_EXTENT) >> 2, table)',
    ],
  ]),
  ...defectsOf('assembly/state/gauge.ts', SNAPSHOT, [
    [
      'a gauge set to 0 is overwritten by saved state',
      'bits == UNWRITTEN ? reinterpret<i64>(NaN) : bits',
      'bits',
    ],
  ]),
];
