// Defects of a connection, from its reads to its close.

import { type Defect, defectsOf } from './defect.ts';

const UPGRADE = ['test/connection/upgrade.test.ts'];
const EVENTS = ['test/connection/response-events.test.ts'];
const ADDRESSES = ['test/connection/addresses.test.ts'];
const BREAK_OFF = ['test/connection/break-off.test.ts'];
const CONNECTION = ['test/connection/connection.test.ts'];
const WAITING_ROOM = ['test/connection/waiting-room.test.ts'];
const DEADLINES = ['test/connection/deadlines.test.ts'];
const LANDING = ['test/connection/landing.test.ts'];
const NEVER_EARLY = ['test/connection/never-early.test.ts'];
const LIMITS = ['test/connection/limits.test.ts'];
const CLOSING = ['test/connection/closing.test.ts'];
const HANDLE = ['test/connection/handle.test.ts'];
const READER = ['test/connection/reader.test.ts'];
const STALLED = ['test/connection/stalled.test.ts'];
const SERVE = ['test/protocol/serve.test.ts'];

const BURST = 'a slow reader of a large burst';
const FEW_WRITES = 'a peer that takes few writes';
const MANY_SLOW = 'more slow readers than output regions';

export const connectionDefects: Defect[] = [
  ...defectsOf('src/connection/carry.ts', SERVE, [
    ['carried bytes are lost when the carry grows', 'grown.set(this.bytes.subarray(0, this.length));', ''],
    ['new bytes overwrite carried bytes', 'subarray(start, end), this.length);', 'subarray(start, end), 0);'],
    ['the carry does not grow in length', 'this.length = length;', ''],
    [
      'the record is not put back',
      'if (this.record !== undefined) this.slot.record.restore(this.record);',
      '',
    ],
  ]),
  ...defectsOf('src/connection/carry.ts', CONNECTION, [
    [
      'bytes behind an empty line begin no request',
      'this.begun = length > EMPTY_LINE_BYTES || !this.slot.record.beforeRequest;',
      '',
      'half-closes within a head',
    ],
    [
      'an empty line begins a request',
      'EMPTY_LINE_BYTES = 2',
      'EMPTY_LINE_BYTES = 0',
      'an empty line behind a request',
    ],
  ]),
  ...defectsOf('src/connection/carry.ts', DEADLINES, [
    [
      'content has the timeout of a head',
      'this.inContent = slot.record.inContent;',
      'this.inContent = false;',
    ],
  ]),
  ...defectsOf('src/connection/deadlines.ts', NEVER_EARLY, [
    [
      'a timeout counts from the tick before',
      'this.setAt(nowMs + 1 + this.timeoutMs)',
      'this.setAt(nowMs - 249 + this.timeoutMs)',
    ],
    [
      'a deadline that was set anew has passed',
      'return this.timeoutMs === 0 && this.atMs',
      'return this.atMs',
    ],
  ]),
  ...defectsOf('src/connection/connections.ts', NEVER_EARLY, [
    [
      'deadlines expire before pending input is read',
      'if (passed) setImmediate(() => this.expire(nowMs));',
      'if (passed) this.expire(nowMs);',
    ],
    [
      'a drain closes a connection that has just sent a request',
      'await new Promise((resolve) => setImmediate(resolve));',
      '',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', BREAK_OFF, [
    [
      'a part of a content that the close ends looks like the whole',
      'if (this.endsContent && this.state !== ENDED && !this',
      'if (this.endsContent && this.state === ENDED && !this',
    ],
    [
      'a reset discards what is on its way',
      'if (!pending) this.host.deadline.resetSoon();',
      'if (!pending) this.destroy();',
    ],
    [
      'a reset does not wait for the kernel',
      'if (this.state === BROKEN) {\n      this.host.deadline.resetSoon();',
      'if (this.state === BROKEN) {',
    ],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', BREAK_OFF, [
    [
      'the application learns late of a stream without progress',
      'this.host.breakOff();\n      this.gone(reason);',
      'this.host.breakOff();',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', CONNECTION, [
    [
      'reading is not paused',
      'if (this.exchange === undefined) return !this.outflow.pending;',
      'if (this.exchange === undefined) return true;',
      FEW_WRITES,
    ],
    [
      'input received before a pause is not served after it',
      'else if (this.closing) this.close();\n    else this.resume();',
      'else if (this.closing) this.close();',
      FEW_WRITES,
    ],
    [
      'the next write does not wait for the last',
      '(slot.written === 0 && !outflow.flush())',
      '(slot.written === 0 && (outflow.flush(), false))',
      FEW_WRITES,
    ],
    [
      'a closing connection answers on',
      'this.inflow.discardRest();\n    if (!atOnce',
      'if (!atOnce',
      'requests behind a request that closes',
    ],
    [
      'half of a request at the end is passed over',
      'if (within) this.giveUp(ERROR_INCOMPLETE);\n      else this.close();',
      'this.close();',
      'half-closes within a head',
    ],
    [
      'an empty line at the end is half of a request',
      'if (this.inflow.begun && !this.inflow.handedOver)',
      'if (this.inflow.waits && !this.inflow.handedOver)',
      'an empty line behind a request',
    ],
    [
      'a peer that has read is not told that the server drains',
      'else if (this.plane.closesIdle && this.idle) this.close();',
      '',
      FEW_WRITES,
    ],
    [
      'a connection that writes counts as idle',
      'this.outflow.idle && this.exchange',
      'this.exchange',
      FEW_WRITES,
    ],
    [
      'a connection with an empty line does not count as idle',
      'return this.calm && !this.inflow.begun;',
      'return this.calm && !this.inflow.waits;',
      'draining: a connection with an empty line',
    ],
    [
      'a request before an empty line is the last one only when nothing follows',
      'else if (plane.closesIdle && this.idle) this.close();',
      '',
      'draining:',
    ],
    [
      'the refusal of an incomplete request lacks the method',
      'this.inflow.giveBack();\n    if (this.plane',
      'this.inflow.drop();\n    if (this.plane',
      'half-closes within a head',
    ],
    ['the events of the engine are not logged', 'requestLog?.served();', '', 'the log reports'],
  ]),
  ...defectsOf('src/connection/inflow.ts', CONNECTION, [
    ['reading is never resumed', 'this.socket.resume();', '', BURST],
    [
      'a peer that stopped again is read on',
      '!this.paused || !this.host.wantsInput()',
      '!this.paused',
      FEW_WRITES,
    ],
    [
      'an unfinished message without bytes is forgotten',
      'if (cursor === end && !slot.record.unfinished) this.carry = undefined;\n    else if (carry',
      'if (cursor === end) this.carry = undefined;\n    else if (carry',
      'contents of several clients',
    ],
    [
      'a carry is kept though it was answered',
      'else if (carry === undefined || cursor !== start) this.carry',
      'else if (carry === undefined) this.carry',
      'a pipeline larger than a read',
    ],
    [
      'discarded input has no bound',
      'if (this.discardedBytes > LINGER_BYTES_MAX) this.host.destroy();',
      '',
      'reads a bounded number of bytes',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', CONNECTION, [
    ['a lent region never comes home', 'this.returnRegions();\n    if (error', 'if (error', FEW_WRITES],
    ['a lent region comes home twice', 'this.lent = undefined;', '', FEW_WRITES],
    [
      'a lent region comes home at once',
      '(this.lent ??= []).push(region);',
      '(this.lent ??= []).push(region);\n    this.returnRegions();',
      MANY_SLOW,
    ],
    [
      'a region is not lent',
      'const region = this.host.plane.outputs.lend();',
      'const region = undefined as OutputRegion | undefined;',
      FEW_WRITES,
    ],
    [
      'a connection closes at once, without lingering',
      'this.socket.end();',
      'this.socket.destroy();',
      'ends when its peer closes',
    ],
    ['lingering has no end', 'this.host.deadline.linger();', '', 'ends when its peer closes'],
  ]),
  ...defectsOf('src/connection/deadlines.ts', DEADLINES, [
    ["a head's time begins again with each byte", '(awaited === HEAD && !anew)', 'false'],
    ['a pipelined head has the time of the head before it', ' && !anew)', ')'],
    ['an idle connection has its time from before', 'this.set(this.times.deadlines.idleTimeoutMs);', ''],
    ['the time of a content does not start', 'this.contentStartedMs = nowMs;', ''],
    ['earlier content buys time for the next content', 'this.contentBytes = 0;\n', '\n'],
    ['content buys no time', 'this.contentBytes += bytes;', ''],
    ['a write has no deadline of its own', 'this.set(this.times.deadlines.writeTimeoutMs);', ''],
    [
      'a new connection has the timeout of an idle one',
      'set(times.deadlines.headTimeoutMs);\n    this.waitsSince = times.waits++;\n    this.headSinceMs = times.clock.nowMs;\n  }\n\n  /** Gives',
      'set(times.deadlines.idleTimeoutMs);\n    this.waitsSince = times.waits++;\n    this.headSinceMs = times.clock.nowMs;\n  }\n\n  /** Gives',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', DEADLINES, [
    [
      'an empty line gets 408',
      'else this.giveUp(ERROR_TIMEOUT);',
      'else if (this.inflow.waits) this.refuse(ERROR_TIMEOUT);\n    else this.close();',
    ],
    [
      'after a slow reader there is no deadline',
      'if (!this.outflow.flush()) return;\n    this.awaitNext();',
      'if (!this.outflow.flush()) return;',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', DEADLINES, [
    [
      'a peer that must read its last answer has the time to linger only',
      'if (this.state !== IDLE) return;',
      '',
    ],
  ]),
  ...defectsOf('src/connection/writer.ts', CONNECTION, [
    ['a direct write counts as done', 'done = this.outstanding === 0;', 'done = true;', FEW_WRITES],
    ['a public write counts as done', '? socket.writableLength === 0 :', '? true :', FEW_WRITES],
    [
      'an earlier write ends the waiting',
      'if (this.outstanding > 0 || !this.waiting) return;',
      'if (!this.waiting) return;',
      FEW_WRITES,
    ],
    ['a flush is reported twice', 'this.waiting = false;', '', FEW_WRITES],
  ]),
  ...defectsOf('src/connection/reader.ts', UPGRADE, [
    ['bytes behind an upgrade are lost', 'if (unread !== undefined) socket.unshift(unread);', ''],
    [
      'a released socket flows before its owner listens',
      'readableFlowing = null;',
      'readableFlowing = true;',
    ],
  ]),
  ...defectsOf('src/connection/inflow.ts', UPGRADE, [
    ['bytes after an upgrade are not delivered', 'this.socket.push(slot.copy(slot.readStart, end))', 'true'],
    [
      'an owner that does not read is flooded',
      'return this.socket.push(slot.copy(slot.readStart, end));',
      '{\n      this.socket.push(slot.copy(slot.readStart, end));\n      return true;\n    }',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', UPGRADE, [
    ['an upgraded connection has a timeout', 'this.deadline.never();', ''],
    [
      "the half-close of an upgraded connection is the server's",
      'if (this.inflow.released) return;\n    const { exchange } = this;',
      'const { exchange } = this;',
    ],
    [
      'the head of an upgrade is gone',
      'if (this.inflow.released) detachRequest(exchange);\n      else releaseRequest(exchange);',
      'releaseRequest(exchange);',
    ],
  ]),
  ...defectsOf('src/connection/request-log.ts', EVENTS, [
    ['a response is logged with the request of another', 'this.request = undefined;', ''],
    [
      'a response in pieces has the size of its head',
      'answer.bytes += bytes;\n    this.responded',
      'this.responded',
    ],
  ]),
  ...defectsOf('src/connection/streamed-content.ts', EVENTS, [
    ['chunk sizes are not counted', 'this.sentBytes += text.length;', ''],
  ]),
  ...defectsOf('src/connection/reader.ts', CONNECTION, [
    ["a public reader doesn't pause", 'socket.pause();\n      const rest', 'const rest', FEW_WRITES],
    [
      'a public reader delivers twice',
      'if (receiver.received(part.length, false)) continue;',
      'if (receiver.received(part.length, false) && receiver.received(part.length, false)) continue;',
      'requests one after the other',
    ],
  ]),
  ...defectsOf('src/connection/reader.ts', READER, [
    [
      'content never lands in the memory of the application',
      'if (bytes === read.length) reader.next = receiver.room?.() ?? read;\n        else reader.next',
      'reader.next',
    ],
    [
      'content of small reads lands in the memory of the application',
      'if (bytes === read.length) reader.next',
      'if (bytes > 0) reader.next',
    ],
    [
      'memory that holds content is read into again',
      'else reader.next = buffer === read ? undefined : read;',
      'else reader.next = undefined;',
    ],
    ['the last memory of a content is read into again', 'receiver.room?.() ?? read;', 'receiver.room?.();'],
    [
      'content that landed in a buffer is read from the slot',
      'received(bytes, buffer !== read)',
      'received(bytes, false)',
    ],
    ['a direct reader does not pause', 'return goesOn;', 'return true;'],
    [
      'the first read of a socket lands where the last read of another one did',
      'this.next = this.slot.read;',
      '',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', CLOSING, [
    [
      'a connection is closed at once although more lies behind',
      'cursor === end && !record.persistent',
      '!record.persistent',
      'another request lies behind it',
    ],
    [
      'a connection that the server ends is closed at once',
      ' && !record.persistent',
      '',
      'the client did not say that it closes',
    ],
    [
      'a connection is closed at once although content is missing',
      ' && !record.unfinished',
      '',
      'half-closed after an answer before',
    ],
    [
      'a connection is closed at once although more came before a late answer',
      'exchange?.persistent === false && !this.inflow.waits',
      'exchange?.persistent === false',
      'bytes that come before a late answer',
    ],
    [
      'a late answer never closes at once',
      'exchange?.persistent === false',
      'false',
      'a late answer of an app',
    ],
    [
      'nothing closes at once',
      'const atOnce = last',
      'const atOnce = false',
      'answer of an application closes at once',
    ],
  ]),
  ...defectsOf('src/connection/inflow.ts', CLOSING, [
    [
      'a connection is closed at once although the kernel may hold more',
      'this.emptied && !this.paused',
      '!this.paused',
      'after a read that',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', CLOSING, [
    [
      'a connection is closed at once after a long answer',
      ' || sentBytes > FIRST_FLIGHT_BYTES',
      '',
      'longer than a first flight',
    ],
    [
      'a connection is closed at once before its answer has left',
      'this.state !== IDLE || sentBytes === 0',
      'sentBytes === 0',
      'has not taken',
    ],
  ]),
  ...defectsOf('src/connection/handle.ts', HANDLE, [
    ['a failure to accept has no code', ', { code });', ', {});'],
    [
      'a handle that could not be accepted is served',
      'if (error === 0) accept(handle);',
      'accept(handle);\n    if (error === 0) return;',
    ],
    ['the socket of a handle reads before it has an owner', ', pauseOnCreate: true', ''],
    ['connections are not without delay', 'listening.setNoDelay?.(true);', ''],
  ]),
  ...defectsOf('src/connection/inflow.ts', LANDING, [
    [
      'content in the slot replaces content that landed in a buffer',
      'if (place === LANDED) content.landed(cursor - start);\n    else if (pieceEnd',
      'if (pieceEnd',
      'a content of 3 MiB behind 100 Continue',
    ],
    [
      'the connection lends no buffer for content',
      'this.state === REQUESTS ? this.host.room() : undefined;',
      'undefined;',
      'a content of 3 MiB behind 100 Continue',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', STALLED, [
    ['a peer that reads slowly is cut', 'if (outflow.peerReads()) return;', ''],
  ]),
  ...defectsOf('src/connection/outflow.ts', STALLED, [
    [
      'a peer that once read enough has all the time',
      'this.startPeersTime();\n    return true;',
      'return true;',
    ],
    ['any byte that is read buys time', '< READ_BYTES_MIN', '< 1'],
    ['bytes that the peer read earlier buy time again', 'this.sentBytes = this.writer.sentBytes;', ''],
    [
      'more to write buys time',
      'if (this.state !== PENDING) this.startPeersTime();',
      'this.startPeersTime();',
    ],
  ]),
  ...defectsOf('src/connection/writer.ts', STALLED, [
    [
      'bytes that wait for the kernel count as sent',
      'return bytesWritten - writeQueueSize;',
      'return bytesWritten;',
    ],
  ]),
  ...defectsOf(
    'src/connection/outputs.ts',
    ['test/connection/outputs.test.ts'],
    [
      [
        'the last region is lent',
        'if (this.free.length === 0) return this.slot.copy(pointer, pointer + bytes);',
        '',
      ],
      ['a region that comes home is lost', 'this.free.push(region);', ''],
      ['the region at hand stays when it is lent', 'this.current = next;', ''],
      ['views of one region serve another', '(views[bytes] ??= ', '(this.free[0]!.views[bytes] ??= '],
    ],
  ),
  ...defectsOf('src/connection/connections.ts', LIMITS, [
    [
      'the server admits one connection more than the limit',
      'slot.statistics.openEverywhere < limits.connectionsMax) return',
      'slot.statistics.openEverywhere <= limits.connectionsMax) return',
    ],
    ['no idle connection makes room', ' && !this.makeRoom(true)) return false', ') return false'],
    [
      'a connection with an unread request makes room',
      'waitingRoom.size < limits.refusalsMax / 2',
      'waitingRoom.size < 0',
    ],
    [
      'a connection makes room right after the event loop was blocked',
      'this.lastTickMs = this.thisTickMs',
      'this.lastTickMs = nowMs',
    ],
    [
      'a thread without others waits for them',
      'if (slot.statistics.openEverywhere <= this.all.size - this.turnedAway.size) return false;',
      '',
    ],
    [
      'a connection cut for another makes room late',
      'this.connectionClosed(connection);\n    return true;',
      'return true;',
    ],
    [
      'no thread makes room for another',
      'slot.statistics.openEverywhere > enough &&',
      'slot.statistics.openEverywhere < 0 &&',
    ],
    [
      'a connection that has just begun to wait makes room for others',
      'this.makeRoom(true, before)',
      'this.makeRoom(true)',
    ],
    ['an address that is refused keeps a place', 'this.addresses?.leave(connection.addressEntry);', ''],
    [
      'refusals have no limit',
      'if (this.turnedAway.size >= this.plane.limits.refusalsMax)',
      'if (this.turnedAway.size < 0)',
    ],
    ['a refused connection frees the place of another', 'if (!this.turnedAway.delete(connection)) ', ''],
    [
      'out of descriptors, no connection makes room',
      "if (code === 'EMFILE' || code === 'ENFILE')",
      "if (code === '')",
    ],
    [
      'out of descriptors, no idle connection makes room',
      'this.makeRoom(false);',
      'this.makeRoom(false, 0);',
    ],
    ['the log is flooded', 'if (nowMs - this.acceptNotedMs < ACCEPT_NOTE_PAUSE_MS) return;', ''],
  ]),
  ...defectsOf('src/connection/longest-waiting.ts', LIMITS, [
    [
      'the connection that has waited least makes room',
      'other.deadline.waitsSince - one.deadline.waitsSince',
      'one.deadline.waitsSince - other.deadline.waitsSince',
    ],
    ['a head makes room for want of descriptors', '(unfinished || one.idle)', '(unfinished || !one.idle)'],
    ['in a flood every search looks at all connections', 'this.lookedAt += this.connections.size;', ''],
  ]),
  ...defectsOf('src/connection/waiting-room.ts', WAITING_ROOM, [
    [
      'waiting connections are judged before their input is read',
      'setImmediate(() => {',
      'queueMicrotask(() => {',
    ],
    ['a waiting connection is refused at once', 'waiter.ticks > 0 || this.door.askOthers()', 'false'],
    ['each tick asks other threads for another place', 'ticks % ASK_TICKS !== 0 ||', ''],
    ['a connection waits for ever', 'ticks < TICKS_MAX &&', ''],
    ['other threads are asked only once', '(ticks % ASK_TICKS !== 0 || this.door.askOthers())', 'true'],
    ['a connection that left the waiting room is admitted', 'this.waiters = [];\n    for', 'for'],
  ]),
  ...defectsOf('src/connection/addresses.ts', ADDRESSES, [
    ['an address is counted by its text', 'clientKey(address, IPV6_PREFIX)', 'address'],
    ['a place is never left', 'Atomics.sub(words, entry, 1)', 'Atomics.load(words, entry)'],
    ['a refused connection keeps its place', 'this.leave(entry);\n', ''],
    [
      'a thread that died keeps its places',
      'if (ownerOf(words, at) === slot)',
      'if (ownerOf(words, at) === slot + 512)',
    ],
  ]),
  ...defectsOf('src/connection/deadlines.ts', LIMITS, [
    ['slow clients take all places', 'nowMs - this.headSinceMs >= HEAD_GRACE_MS', 'nowMs < 0'],
    [
      'a new connection has no time for its request',
      'nowMs - this.headSinceMs >= HEAD_GRACE_MS',
      'nowMs > 0',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', LIMITS, [
    ['each turn may answer as many requests as a connection', 'this.requestsLeft = slot.requestsLeft;', ''],
    [
      'connections share the number of requests',
      'plane.turnBegins(outflow, this.requestsLeft,',
      'plane.turnBegins(outflow, slot.requestsLeft,',
    ],
  ]),
  ...defectsOf(
    'src/protocol/prepared.ts',
    ['test/protocol/response.test.ts'],
    [
      ['a field may end a head', 'if (!FIELD_VALUE.test(value))', "if (value === '\\n')"],
      ['a response may have two lengths', 'if (SERVER_FIELDS.has(name.toLowerCase()))', "if (name === '')"],
    ],
  ),
  ...defectsOf('src/connection/connections.ts', DEADLINES, [
    ['the gauge counts closed connections', 'this.plane.slot.statistics.closed();', ''],
    [
      'deadlines are not checked',
      'if (connection.deadline.passed(nowMs)) connection',
      'if (connection.deadline.passed(0)) connection',
    ],
  ]),
  ...defectsOf('src/connection/connections.ts', CONNECTION, [
    [
      'draining ends with the first connection',
      'if (this.all.size === 0) this.drained',
      'this.drained',
      'idle connections close at once',
    ],
    [
      'idle connections outlive the draining',
      'else if (closeIdle && connection.idle) connection.destroy();',
      '',
      'idle connections close at once',
    ],
    [
      'a busy connection is cut when the server drains',
      'else if (closeIdle && connection.idle)',
      'else if (closeIdle)',
      'idle connections close at once',
    ],
    [
      'the engine is not told to drain',
      'this.plane.slot.draining = true;',
      '',
      'idle connections close at once',
    ],
  ]),
  ...defectsOf(
    'src/connection/clock.ts',
    ['test/connection/clock.test.ts'],
    [
      ['the Date line is renewed with every tick', 'if (second !== this.second)', 'if (second > 0)'],
      [
        'the Date line is not renewed when the clock is set back',
        'if (second !== this.second)',
        'if (!(second <= this.second))',
      ],
      [
        'deadlines follow the wall clock',
        'this.nowMs = Math.floor(monotonicMs);',
        'this.nowMs = Math.floor(epochMs);',
      ],
    ],
  ),
  ...defectsOf('src/connection/deadlines.ts', DEADLINES, [
    [
      'silence in content is not bounded',
      'Math.min(nowMs + bodyTimeoutMs, startedMs',
      'Math.min(Number.POSITIVE_INFINITY, startedMs',
    ],
    ['content may trickle', '/ bodyRateMin) * 1000', '/ bodyRateMin) * 1000_000'],
  ]),
  ...defectsOf(
    'src/connection/selftest.ts',
    ['test/connection/selftest.test.ts'],
    [
      [
        'the self-test accepts any text',
        '(await textOf(client, timeoutMs)) === ANSWER',
        '(await textOf(client, timeoutMs)) !== undefined',
      ],
      [
        'direct ways that fail the self-test are used if they were asked for',
        "else if (choice === 'direct')",
        'else if (slot === undefined)',
      ],
    ],
  ),
];
