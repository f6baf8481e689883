// Defects of limiters, of their table, and of what puts them in front of handlers.

import { type Defect, defectsOf } from './defect.ts';

const HASH = ['test/state/siphash.test.ts'];
const LIMITER = ['test/state/limiter.test.ts'];
const STEPS = ['test/state/limiter-steps.test.ts'];
const TABLES = ['test/state/limiter-tables.test.ts'];
const THREADS = ['test/state/limiter-threads.test.ts'];
const SNAPSHOT = ['test/state/limiter-snapshot.test.ts'];
const RATE_LIMIT = ['test/app/rate-limit.test.ts'];

export const limiterDefects: Defect[] = [
  ...defectsOf('assembly/state/siphash.ts', HASH, [
    ['a hash has two final rounds', 'FINAL_ROUNDS = 3', 'FINAL_ROUNDS = 2'],
    ['the length of a text is not hashed', ' | ((<i64>length) << 56)', ''],
    ['bytes behind a text are hashed', '(load<i64>(rest) & (((<i64>1) << bits) - 1))', 'load<i64>(rest)'],
    ['half of the seed is left out', 'load<i64>(seed, 8) ^ 0x646f72616e646f6d', '0x646f72616e646f6d'],
    ['a word is mixed in once', '    v0 ^= word;\n', ''],
  ]),
  ...defectsOf('assembly/state/limiter.ts', LIMITER, [
    [
      'a limiter allows one request less than its limit',
      'if (next > latest(table, nowMs))',
      'if (next >= latest(table, nowMs))',
    ],
    ['a take of a known key costs 1', '<i64>cost * windowMsOf(table)', 'windowMsOf(table)'],
    [
      'a key that rests saves up more than the limit',
      'max<i64>(tat, nowMs * limitOf(table)) + ',
      '(tat == 0 ? nowMs * limitOf(table) : tat) + ',
    ],
    [
      'waiting is rounded down',
      '(next - latest(table, nowMs) + limit - 1) / limit',
      '(next - latest(table, nowMs)) / limit',
    ],
    [
      'a cost beyond the limit is only refused',
      'if (cost > load<i32>(table, LIMITER_LIMIT)) return NEVER;',
      '',
    ],
    ['the key that has used most is forgotten', 'if (tat >= least) continue;', 'if (tat <= least) continue;'],
    [
      'one entry of a bucket is not used',
      'i < BUCKET_ENTRY_COUNT; i++) {\n    const entry',
      'i < BUCKET_ENTRY_COUNT - 1; i++) {\n    const entry',
    ],
    [
      'all keys go to one bucket',
      '<usize>(<i32>hash & load<i32>(table, LIMITER_BUCKET_MASK)) *',
      '<usize>0 *',
    ],
    [
      'earlier options are forgotten at once',
      'return nowMs * limitOf(table) + scaled',
      'return 0 * nowMs * limitOf(table) + <i64>0 * scaled',
    ],
    [
      'usage is carried over to new options without scaling',
      'scaled(tat - unused, fullOf(older), fullOf(table))',
      '(tat - unused)',
    ],
    [
      'expired options hide earlier options that still count',
      'if (thenMs <= madeMs + shiftMs(newerAheadMs, aheadMs) + windowMsOf(older)) {',
      'if (thenMs > madeMs + shiftMs(newerAheadMs, aheadMs) + windowMsOf(older)) return 0; else {',
    ],
    [
      'a key has another hash in another table',
      'current == 0 ? scratch + SCRATCH_TEXT : current + LIMITER_SEED',
      'scratch + SCRATCH_TEXT',
    ],
    ['an older generation brings its options back', 'if (isOlder(generation, theirs)) return IN_FORCE;', ''],
    ['another limit is the same options', 'load<i32>(table, LIMITER_LIMIT) == limit &&', ''],
    ['another window is the same options', 'load<u32>(table, LIMITER_WINDOW_MS) == windowMs &&', ''],
    [
      'a table has half of its buckets',
      '(1 << (32 - clz<i32>(full))) - 1',
      '(1 << (31 - clz<i32>(full))) - 1',
    ],
    [
      'options stay those of the generation that came first',
      'atomic.store<i32>(table, generation, LIMITER_GENERATION);',
      '',
    ],
  ]),
  ...defectsOf('assembly/state/tables.ts', LIMITER, [
    [
      'a table lies beyond its pages',
      'return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;',
      'return bytes / PAGE_BYTES;',
    ],
  ]),
  ...defectsOf('assembly/state/tables.ts', TABLES, [
    ['a table is used again while a thread reads it', '|| isPinned(table) ||', '||'],
    [
      'the table that a thread takes from may be used again',
      'if (atomic.load<usize>(page, SCRATCH_TABLE) == table) return true;',
      '',
    ],
    [
      'old entries of a table are still there',
      '  memory.fill(table + LIMITER_BUCKETS, 0, bytes - LIMITER_BUCKETS);\n',
      '',
    ],
    [
      'a table that a dead thread prepared is lost',
      'atomic.cmpxchg<i32>(table, owner, NOBODY, LIMITER_HOLDER);',
      ';',
    ],
  ]),
  ...defectsOf('assembly/state/limiter.ts', TABLES, [
    ['no table is reused', '  if (made != 0 && held) tidy(limiter, nowMs);\n', ''],
    [
      'tables that other limiters no longer need stay allocated',
      'if (aheadMs == 0) sweep(scratch, nowMs);',
      '',
    ],
    [
      'a limiter may have any number of earlier tables',
      'if (counts && count < LIMITER_TABLES_MAX) {',
      'if (counts) {',
    ],
    [
      'an earlier table that still counts is removed',
      'if (counts && count < LIMITER_TABLES_MAX) {',
      'if (false) {',
    ],
    [
      'no earlier table is removed when memory is full',
      'if (made == 0 && held && current != 0) {',
      'if (false) {',
    ],
    [
      'a generation that is being loaded is younger than the one in force',
      'theirs < 0 ? generation < 0 && generation > theirs : generation < theirs',
      'generation > 0 && generation < theirs',
    ],
    [
      'options with different clocks count as equal',
      ' &&\n    (aheadMsOf(table) == 0) == (aheadMs == 0);',
      ';',
    ],
    [
      'one generation may have two sets of options',
      'atomic.load<i32>(table, LIMITER_KEYS) == keys ? IN_FORCE : OTHERS',
      'atomic.load<i32>(table, LIMITER_KEYS) == keys ? IN_FORCE : NEW_OPTIONS',
    ],
  ]),
  ...defectsOf(
    'src/workers/generation.ts',
    ['test/state/reloads.test.ts'],
    [
      [
        'the options of threads that load are in force at once',
        'this.load = -newLoad(this.options.start.state);',
        'this.load = newLoad(this.options.start.state);',
      ],
    ],
  ),
  ...defectsOf('assembly/state/limiter.ts', STEPS, [
    [
      'a key pays for another that had its entry',
      ' || atomic.load<i64>(entry, ENTRY_HASH) != hash) return AGAIN;\n    const next',
      ') return AGAIN;\n    const next',
    ],
    ['an entry that changes hands can be taken from', 'if (tat == TAKEN || ', 'if ('],
    [
      'an entry is not marked before it changes hands',
      'least, TAKEN, ENTRY_TAT) != least',
      'least, least, ENTRY_TAT) != least',
    ],
    [
      'an entry that was taken from meanwhile changes hands',
      'if (atomic.cmpxchg<i64>(entry, least, TAKEN, ENTRY_TAT) != least) continue;',
      'atomic.store<i64>(entry, TAKEN, ENTRY_TAT);',
    ],
    [
      'a key that came meanwhile gets a second entry',
      'let entry = entryOf(bucket, hash);\n  let outcome',
      'let entry: usize = 0;\n  let outcome',
    ],
    [
      'a take under replaced options is not repeated under the new ones',
      'if (tableOf(limiter) != table) continue;',
      '',
    ],
    [
      'a taken entry counts as used by the options before',
      'if (tat > unused && atomic.load<i64>(entry, ENTRY_HASH) == hash)\n',
      'if ((tat > unused || tat == TAKEN) && atomic.load<i64>(entry, ENTRY_HASH) == hash)\n',
    ],
    [
      'a known key is charged without care',
      'if (atomic.cmpxchg<i64>(entry, tat, next, ENTRY_TAT) != tat) continue;',
      'atomic.store<i64>(entry, next, ENTRY_TAT);',
    ],
    ['a bucket stays held', '  releaseLatch(bucket + BUCKET_LATCH);\n', ''],
    ['a thread that ended keeps the latch of a bucket', '  releaseLatchOf(scratch);\n', ''],
  ]),
  ...defectsOf('assembly/state/limiter.ts', THREADS, [
    ['a thread that ended keeps its scratch page', '  leaveScratch(scratch);\n', ''],
  ]),
  ...defectsOf('assembly/state/latch.ts', STEPS, [
    ['a latch is taken from its holder', 'if (<i32>word == 0) {', 'if (true) {'],
    ['a latch is not recorded before it is taken', 'atomic.store<usize>(scratch, latch, SCRATCH_LATCH);', ''],
    [
      'the latch of another thread is released',
      ' && atomic.load<i32>(latch, LATCH_OWNER) == load<i32>(scratch, SCRATCH_OWNER)',
      '',
    ],
  ]),
  ...defectsOf('assembly/state/scratch.ts', THREADS, [
    [
      'a thread takes the page of another',
      'atomic.cmpxchg<i32>(page, NOBODY, owner, SCRATCH_OWNER) == NOBODY',
      'true',
    ],
    [
      'pages that were left are not found',
      'if (atomic.cmpxchg<i32>(page, NOBODY, owner, SCRATCH_OWNER) == NOBODY) return page;',
      '',
    ],
    ['an owner is given a second page', '  if (own != 0) return own;\n', ''],
    [
      'a page is not linked',
      'if (atomic.cmpxchg<usize>(HEADER_SCRATCH, before, page) != before) continue;',
      '',
    ],
  ]),
  ...defectsOf('src/wasm/state/scratch.ts', LIMITER, [
    ['a page above 2 GiB has a negative pointer', '.scratchFor(owner) >>> 0', '.scratchFor(owner)'],
    ['all text is written as if it were ASCII', 'if (unit > ASCII_MAX) return page.write(text);', ''],
    [
      'of a long text the beginning counts',
      "createHash('sha256').update(text).digest()",
      "createHash('sha256').update(text.slice(0, 1000)).digest()",
    ],
    [
      'of a text with large characters the beginning counts',
      'SCRATCH_TEXT_BYTES / UNIT_BYTES_MAX',
      'SCRATCH_TEXT_BYTES / 2',
    ],
  ]),
  ...defectsOf('src/wasm/state/limiter.ts', LIMITER, [
    [
      'a refusal reports that 0 requests remain',
      'remaining: -outcome - retryAfterMs * LIMIT_REMAINING_RANGE',
      'remaining: 0',
    ],
    [
      'a cost that exceeds the limit is allowed',
      'outcome === Number.POSITIVE_INFINITY',
      'outcome === Number.NEGATIVE_INFINITY',
    ],
  ]),
  ...defectsOf('src/state/limiter.ts', LIMITER, [
    ['a key may be anything', "if (typeof key !== 'string')", 'if (key === undefined)'],
    ['a cost may be a fraction', '!Number.isInteger(cost) || ', ''],
    ['a limit may be a fraction', '!Number.isInteger(value) || ', ''],
    ['a table without room is used', 'if (opened === 0) throw', 'if (opened === -1) throw'],
  ]),
  ...defectsOf('src/state/limiter.ts', TABLES, [
    ['a clock gives anything', "typeof nowMs !== 'number' || !(nowMs >= 0 && nowMs <= NOW_MS_MAX)", 'false'],
    [
      'the options of a generation that loads are in force',
      'if (generation > 0) {',
      'if (generation !== 0) {',
    ],
    ['a clock goes back', 'if (nowMs > lastMs) lastMs = nowMs;', 'lastMs = nowMs;'],
    ['each request has a handle of its own', '    handlesHere().set(name, this);\n', ''],
    ['options that disagree go unnoticed', 'if (opened === DISAGREES)', 'if (opened === -1)'],
  ]),
  ...defectsOf('assembly/state/limiter.ts', SNAPSHOT, [
    [
      'usage under older options comes back',
      'if (tat != 0) forgetBefore(limiter, scratch, table, hash);',
      '',
    ],
    ['the options of a snapshot stay in force', 'if (theirs == NOBODY) return NEW_OPTIONS;', ''],
    [
      'the clock of a snapshot is taken for that of the limiter',
      'fromAheadMs != 0 && toAheadMs != 0 ? 0 : toAheadMs - fromAheadMs',
      '0',
    ],
    ['a share is not exact', 'twice >= from ? near + 1 : twice < -from ? near - 1 : near', 'near'],
  ]),
  ...defectsOf('src/wasm/state/limiter-snapshot.ts', SNAPSHOT, [
    [
      'a snapshot holds expired usage',
      'if (high < unusedHigh || (high === unusedHigh && low <= unusedLow)) continue;',
      '',
    ],
    ['usage that has expired since the snapshot is restored', 'if (left > 0) see(', 'see('],
    [
      'a snapshot lacks usage under earlier options',
      'table = tables.word(table + LIMITER_PREVIOUS)',
      'table = 0',
    ],
    [
      'an old value is written over a new one',
      'if (words[hash] === low && words[hash + 1] === high) return;',
      '',
    ],
    [
      'the share is not that of the options now',
      'full === fullNow ? used : scaled(used, full, fullNow)',
      'used',
    ],
    ['a share is rounded down', '* 2n + BigInt(from)) / (BigInt(from) * 2n)', ') / BigInt(from)'],
    ['time stands still between two processes', 'Math.max(Math.floor(wallMs - snapshot.wallMs), 0)', '0'],
    [
      'a wall clock that was set back gives more than the limit',
      'const used = Math.min(left, full);',
      'const used = left;',
    ],
    ['keys get another seed', "this.bytes.set(Buffer.from(seed, 'hex'), pointer + LIMITER_SEED);", ''],
    ['all keys go to the first bucket', '(low & this.mask) * BUCKET_BYTES', '0 * BUCKET_BYTES'],
    [
      'a clock of the limiter is not looked at',
      '(BigInt(Math.floor(ms)) + aheadMs)',
      'BigInt(Math.floor(ms))',
    ],
    [
      'an earlier table is read by the clock of the one in force',
      'tables.long(table + LIMITER_AHEAD_MS)',
      'tables.long(current + LIMITER_AHEAD_MS)',
    ],
    ['a subtraction of 64 bits loses its borrow', ' - (low < beginningLow ? 1 : 0)', ''],
    [
      'the key that has used most is forgotten',
      'if (entryHigh > leastHigh || (entryHigh === leastHigh && entryLow >= leastLow)) continue;',
      'if (entryHigh + entryLow > 0) continue;',
    ],
    [
      'an invalid snapshot is accepted',
      "if (!fits) throw new TypeError('not a valid snapshot of a limiter');",
      '',
    ],
  ]),
  ...defectsOf('src/state/monotonic-clock.ts', LIMITER, [
    [
      'each thread has a clock of its own',
      'return performance.now() + offsetMs;',
      'return performance.now();',
    ],
  ]),
  ...defectsOf('src/app/rate-limit.ts', RATE_LIMIT, [
    [
      'a refused request reaches the handler',
      'if (!decision.allowed) return refusal(decision, limitFields);\n      addPendingFields',
      'addPendingFields',
    ],
    [
      'a request that the middleware of Hono must refuse goes on',
      'if (!decision.allowed) return refusal(decision, limitFields);\n    addPendingFields',
      'addPendingFields',
    ],
    ['seconds are rounded down', 'Math.ceil(ms / SECOND_MS)', 'Math.max(1, Math.floor(ms / SECOND_MS))'],
    [
      'the policy field does not follow changed options',
      'if (limit !== this.limit || windowMs !== this.windowMs) {',
      'if (this.policy === "") {',
    ],
    [
      'the response to an error has no fields',
      'addPendingFields(request, limitFields);\n      const response',
      'const response',
    ],
    ['a time is negative', 'Math.min(remaining, limit)', 'remaining'],
    ['each address is a client', 'ipv6Prefix = IPV6_PREFIX,', 'ipv6Prefix = 128,'],
    ['a key may be anything', "if (typeof given !== 'string') throw noKey(limiter, given);", ''],
    ['a name breaks out of its quotes', ".replace(/[\"\\\\]/g, '\\\\$&')", ''],
    ['a name is sent without encoding', '.replace(/[^ -~]/gu, encodeURIComponent)', ''],
    [
      'a promise of a response has no fields of the limit',
      '? Promise.resolve(response).then((response) => withFields(response, limitFields))',
      '? (response as unknown as Response)',
    ],
    [
      'a function that returns the cost is not called',
      "typeof cost === 'number' ? cost : cost(request, context)",
      "typeof cost === 'number' ? cost : 1",
    ],
    [
      'all requests without an address share one key',
      'const address = context?.remoteAddress;',
      "const address = context?.remoteAddress ?? 'nobody';",
    ],
    [
      'clients of a unix socket share one key',
      "if (address === '')",
      'if (address === undefined)',
      'never share',
    ],
  ]),
  ...defectsOf('src/app/pending-fields.ts', RATE_LIMIT, [
    [
      'the fields are put into the response of the handler',
      'native ? copyOf(response) :',
      'native ? (response as Response) :',
    ],
    ['a second limit hides the first', 'more.headers.append(name, value)', 'more.headers.set(name, value)'],
    ['the fields of a second limit are lost', '[...before, ...fields]', 'before'],
  ]),
  ...defectsOf(
    'src/protocol/client-key.ts',
    ['test/protocol/client-key.test.ts'],
    [
      [
        'a mapped address is another client',
        'if (MAPPED.every((group, i) => groups[i] === group)) return',
        'if (prefix < 0) return',
      ],
      ['link-local addresses of two links share one key', "zoneAt < 0 ? '' : address.slice(zoneAt)", "''"],
      ['an address with too few groups is valid', 'left !== 0 : left < 1', 'left < 0 : left < 1'],
    ],
  ),
];
