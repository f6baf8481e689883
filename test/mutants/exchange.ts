// Defects of a request that the application has: its content, its response, and the connection meanwhile.

import { type Defect, defectsOf } from './defect.ts';

const RECEIVED = ['test/connection/received-content.test.ts'];
const RESPONSE_HEAD = ['test/connection/response-head.test.ts'];
const EXCHANGE = ['test/connection/exchange.test.ts'];
const OWN_MEMORY = ['test/app/own-memory.test.ts'];
const IN_PLACE = ['test/app/body-in-place.test.ts'];
const UTF_8 = ['test/connection/utf-8.test.ts'];
const TURNS = ['test/connection/turns.test.ts'];
const PIPELINING = ['test/connection/pipelining.test.ts'];
const CONTENT = ['test/connection/content.test.ts'];
const ABORT = ['test/connection/abort.test.ts'];
const STALLED = ['test/connection/stalled.test.ts'];
const EVENTS = ['test/connection/exchange-events.test.ts'];

export const exchangeDefects: Defect[] = [
  ...defectsOf('src/connection/received-content.ts', RECEIVED, [
    [
      'the last of several pieces counts as the whole',
      'if (first !== undefined || waiting.length > 1) return this.gather().bytes;',
      '',
    ],
    [
      'incomplete content counts as the whole',
      'this.begun || this.unfinished || this.broken',
      'this.begun || this.broken',
    ],
    ['content is delivered twice', 'if (this.begun || this', 'if (this'],
    ['incomplete content is decoded', 'this.unfinished || this.waiting', 'this.waiting'],
    [
      'the first bytes alone are decoded',
      ' || this.waiting !== undefined) return undefined;',
      ') return undefined;',
    ],
    ['content that was read stays in the queue', 'this.waitingBytes -= piece.length + PIECE_BYTES;', ''],
    [
      'the reader of a piece gets no more pieces',
      'this.waitingBytes -= piece.length + PIECE_BYTES;\n      this.source.contentWanted();',
      'this.waitingBytes -= piece.length + PIECE_BYTES;',
    ],
    ['content that broke off seems to wait', 'if (broken !== undefined) return Promise.reject(broken);', ''],
    ['content that broke off is whole', 'if (broken !== undefined) throw broken;', ''],
    ['content that broke off seems to have ended', 'reject?.(reason);', ''],
    [
      'a waiting reader does not learn of the end',
      'this.trailers = trailers;\n    this.settle(undefined);',
      'this.trailers = trailers;',
    ],
    ['trailers are lost', 'this.trailers = trailers;', ''],
    ['the window has no limit', 'return this.waitingBytes < WINDOW_BYTES;', 'return true;'],
    ['single bytes cost nothing', 'const PIECE_BYTES = 128;', 'const PIECE_BYTES = 0;'],
    ['the bytes behind the head cost nothing', 'this.waitingBytes = end - start + PIECE_BYTES;', ''],
    [
      'content lies where the next read comes',
      'this.pass(copyOf(bytes, start, end));',
      'this.pass(bytes.subarray(start, end));',
    ],
    [
      'content without a reader is kept',
      'if (this.cancelled) return;\n    if (this.whole !== undefined) {',
      'if (this.whole !== undefined) {',
    ],
    ['content without a reader is not read', 'if (!this.expectsContinue) this.source.contentWanted();', ''],
    ['content without a reader is asked for', 'if (!this.expectsContinue) this.source', 'this.source'],
    [
      'content that has ended breaks off',
      'if (!this.unfinished || this.failure !== undefined) return;',
      'if (this.failure !== undefined) return;',
    ],
    [
      'content that has come is asked for',
      'this.expectsContinue = false;\n    this.receivedBytes',
      'this.receivedBytes',
    ],
    [
      'earlier pieces are no part of the whole',
      'for (const piece of this.waiting ?? []) whole.add(piece, 0, piece.length);',
      '',
    ],
    ['earlier pieces are delivered again', 'this.drop();\n    return whole;', 'return whole;'],
    [
      'the reader of the whole gets its first piece',
      'if (this.whole !== undefined) {',
      'if (this.whole !== undefined && this.resolve === undefined) {',
    ],
    ['content without a reader lands in a buffer', '!this.begun || this.cancelled ||', 'this.cancelled ||'],
    ['a buffer is lent for content without a reader', '!this.begun || this.cancelled ||', '!this.begun ||'],
    [
      'memory is lent after the end',
      'this.cancelled || !this.unfinished) return undefined;',
      'this.cancelled) return undefined;',
    ],
    [
      'lent memory exceeds the content',
      'Math.min(this.length - this.receivedBytes, ROOM_BYTES_MAX)',
      'ROOM_BYTES_MAX',
    ],
    [
      'lent memory has no limit',
      'Math.min(this.length - this.receivedBytes, ROOM_BYTES_MAX)',
      'this.length - this.receivedBytes',
    ],
    ['received bytes are not counted', 'this.receivedBytes += bytes;', ''],
    ['lent memory is lent again', 'this.piece = undefined;\n    this.arrived', 'this.arrived'],
    ['bytes that land without a reader are kept', 'if (this.cancelled) return;\n    if (piece', 'if (piece'],
    [
      'bytes that land are no part of the whole',
      'if (piece === undefined) this.whole?.landed(bytes);',
      'if (piece === undefined) return;',
    ],
    [
      'memory that was lent earlier is no part of the whole',
      'else if (this.whole !== undefined) this.whole.add(piece, 0, bytes);',
      '',
    ],
    [
      'a piece is as large as the memory lent for it',
      'bytes < piece.length ? copyOf(piece, 0, bytes) : piece',
      'piece',
    ],
  ]),
  ...defectsOf('src/connection/whole-content.ts', RECEIVED, [
    [
      'the whole has the size that was made room for',
      'this.size === this.room.length ? ',
      'this.size >= 0 ? ',
    ],
    ['earlier bytes are lost when the buffer grows', 'grown.set(this.room.subarray(0, this.size));', ''],
    [
      'a piece overwrites the piece before',
      'return this.room.subarray(this.size, size);',
      'return this.room.subarray(0, bytes);',
    ],
    [
      'the announced length is allocated at once',
      'Math.min(length ?? UNKNOWN_BYTES_FIRST, BYTES_FIRST_MAX)',
      'length ?? UNKNOWN_BYTES_FIRST',
    ],
  ]),
  ...defectsOf('src/connection/received-content.ts', RECEIVED, [
    [
      'content that came with the head is handed out where it lies',
      'return copyOf(first, this.firstStart, this.firstEnd);',
      'return first.subarray(this.firstStart, this.firstEnd);',
    ],
    [
      'content that came with the head is taken with the bytes behind it',
      'return copyOf(first, this.firstStart, this.firstEnd);',
      'return copyOf(first, this.firstStart, first.length);',
    ],
    [
      'a detached content has the bytes before it',
      'first.copy(copy, 0, firstStart, firstEnd);',
      'first.copy(copy, 0, 0, firstEnd);',
    ],
    [
      'bytes behind the head are no part of the whole',
      'if (this.first !== undefined) whole.add(this.first, this.firstStart, this.firstEnd);',
      '',
    ],
    ['content that is gone seems to have ended', 'if (this.unread) this.failure ??= unreadError();', ''],
    [
      'trailers of content that is gone are waited for',
      'if (this.tellBroken !== undefined) this.tellBroken(this.broken as Error);',
      '',
    ],
  ]),
  ...defectsOf('src/connection/request-memory.ts', IN_PLACE, [
    ['content is not copied for an asynchronous handler', 'content?.detach();', '', 'in every way'],
    [
      'content that is read after the response shows the bytes of another request',
      'content?.release();',
      '',
      'a request that is kept and read after its response',
    ],
  ]),
  ...defectsOf('src/connection/utf-8.ts', UTF_8, [
    ['a byte order mark is a part of the text', 'marked ? start + BYTE_ORDER_MARK.length : start', 'start'],
    ['half a byte order mark is removed', 'end - start >= BYTE_ORDER_MARK.length && ', ''],
    [
      'a character that begins as a byte order mark does is removed',
      'bytes[start] === BYTE_ORDER_MARK[0] && isMarked(bytes, start, end)',
      'bytes[start] === BYTE_ORDER_MARK[0]',
    ],
  ]),
  ...defectsOf('src/connection/received-content.ts', OWN_MEMORY, [
    ['a piece shows memory that was never written', 'copyOf(piece, 0, bytes)', 'piece.subarray(0, bytes)'],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', EXCHANGE, [
    [
      'a request is answered twice',
      "if (this.state !== WAITING) throw new Error('a request is answered once');\n    const headBytes",
      'const headBytes',
    ],
    ['204 has a Content-Length', 'bare ? LENGTH_UNTOLD : bytes)', 'bytes)'],
    ['HEAD gets content', 'if (this.headOnly || bare || bytes === 0)', 'if (bare || bytes === 0)'],
    ['204 gets content', 'if (this.headOnly || bare || bytes === 0)', 'if (this.headOnly || bytes === 0)'],
    ['characters count as bytes', 'Buffer.byteLength(content)', 'content.length'],
    ['content without a length has no end', 'if (this.stream.endsWithClose) this.close = true;', ''],
    [
      'an empty piece is the last chunk',
      'if (size > 0) {\n      if (this.state',
      'if (size >= 0) {\n      if (this.state',
    ],
    [
      'content that is too short passes',
      'if (stream.short) {\n      this.cut();',
      'if (stream.short) {\n      this.finish();',
    ],
    [
      'a head waits for content that is late',
      'this.release(this.stream);\n      this.host.outflow.flush();',
      '',
    ],
    ['a large text goes out as Latin-1', 'Buffer.from(content)', "Buffer.from(content, 'latin1')"],
    [
      'fields may have any size',
      'if (bytes > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);\n  return bytes;',
      'return bytes;',
    ],
    [
      'a response can not ask for the close',
      'if (close) this.close = true;\n    this.buildHead',
      'this.buildHead',
    ],
    ['a stream can not ask for the close', 'if (close) this.close = true;\n    this.stream', 'this.stream'],
    [
      'a prepared response answers a request for the second time',
      'if (this.state !== WAITING) return;\n    this.close',
      'this.close',
    ],
    [
      'content that broke off ends with the last chunk',
      'if (this.state >= BEGUN) this.cut();',
      "if (this.state >= BEGUN) this.end('');",
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', EXCHANGE, [
    ['UTF-8 goes out as Latin-1', 'else if (bytes === content.length)', 'else if (bytes >= content.length)'],
    [
      'a head is built without looking for room',
      'if (this.host.plane.outputs.room < bytes + HEAD_END_BYTES_MAX) this.flush();',
      '',
    ],
    [
      'a piece is copied without looking for room',
      'if (outputs.room < size + CHUNK_FRAME_BYTES_MAX) this.flush();',
      '',
    ],
  ]),
  ...defectsOf('src/connection/streamed-content.ts', EXCHANGE, [
    ['HTTP/1.0 gets chunks', '(contentless || versionMinor === 0 ? LENGTH', '(contentless ? LENGTH'],
    ['HEAD gets Transfer-Encoding', '(contentless || versionMinor === 0 ?', '(versionMinor === 0 ?'],
    ['a HEAD of unknown length closes', '= !contentless && untold', '= untold'],
    [
      'more content goes out than Content-Length announces',
      'if (size > this.left) throw',
      'if (size > this.left + 1) throw',
    ],
    ['written bytes are not counted', 'this.left -= size;', ''],
    ['the size of a chunk is decimal', 'size.toString(16)', 'size.toString()'],
    ['a large chunk has no end', "this.chunkOpen ? CRLF : ''}${size", "''}${size"],
    ['a large last chunk has no end', "this.chunkOpen ? CRLF : ''}${LAST", "''}${LAST"],
    ['chunks have no end', '{LAST_CHUNK}$', "{''}$"],
    ['trailers are not sent', '{trailers}', "{''}"],
    [
      'a response that ends at once is chunked',
      'this.length = this.held?.length ?? 0;\n      this.left = 0;',
      '',
    ],
    ['a held piece is lost', 'this.writePiece(outflow, held, true);', ''],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', ABORT, [
    [
      'a writer that waits for room does not learn that the client has gone',
      'listeners?.gone();\n    this.tellDrained();',
      'listeners?.gone();',
    ],
    [
      'a prepared response does not close',
      'this.close = this.closesAfter();\n    this.buildPrepared',
      'this.buildPrepared',
    ],
    ['a handler does not learn that its client is gone', 'this.onGone?.();', ''],
    ['a handler does not learn that its client has aborted', 'this.onAbort?.(reason);', ''],
    [
      'a handler learns of an abort twice',
      'if (this.aborted !== undefined) return;\n    this.aborted',
      'this.aborted',
    ],
    ['content goes out after an abort', 'this.content?.fail(reason);', ''],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', STALLED, [
    [
      'a writer does not learn that there is room again',
      'this.onDrain?.();\n    listeners?.drain();',
      'listeners?.drain();',
    ],
    ['a large content is never over', 'if (this.state === SENDING) this.finish();\n    else', ''],
    [
      'a large content is over before it has gone',
      'if (outflow.send(isText ? Buffer.from(content) : content)) this.finish();',
      'outflow.send(isText ? Buffer.from(content) : content);\n      this.finish();',
    ],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', CONTENT, [
    [
      'content is read on behind the answer',
      'if (this.content?.unfinished)\n      this.content.fail',
      'if (this.close)\n      this.content?.fail',
    ],
  ]),
  ...defectsOf('src/connection/response-head.ts', RESPONSE_HEAD, [
    ['a response has the status of an earlier one', 'start.statusCode === statusCode && start', 'start'],
    ['a response has the fields of an earlier one', ' && start.fields === fields) {', ') {'],
    ['a head that is replaced is sent', '    start.bytes = undefined;\n', ''],
    ['a reason phrase is replaced', 'parts === undefined\n', 'parts?.date === undefined\n'],
  ]),
  ...defectsOf('src/wasm/slot.ts', RESPONSE_HEAD, [
    ['the last bytes of a head are missing', '(text.length + 3) >> 2', 'text.length >> 2'],
    ['a head ends with its last word', 'return at + size;', 'return at + 4 * words.length;'],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', TURNS, [
    [
      'a response that failed before its head is cut',
      'if (this.state >= BEGUN) this.cut();',
      'if (this.state >= WAITING) this.cut();',
    ],
    [
      'earlier responses are cut, too',
      'this.host.outflow.flush();\n    this.state = CUT;',
      'this.state = CUT;',
    ],
    [
      'an answer is built among those of another connection',
      'outflow.takeRegion();\n    outflow.reserve(headBytes',
      'outflow.reserve(headBytes',
    ],
    [
      'a piece is built among the answers of another connection',
      'outflow.takeRegion();\n      this.release(stream);\n      stream.writePiece',
      'this.release(stream);\n      stream.writePiece',
    ],
    [
      'an end is built among the answers of another connection',
      'this.host.outflow.takeRegion();\n    this.release(stream);\n    stream.writeEnd',
      'this.release(stream);\n    stream.writeEnd',
    ],
    [
      'a prepared answer is built among those of another connection',
      'this.host.outflow.takeRegion();\n    this.host.outflow.reserve(slot.prepared',
      'this.host.outflow.reserve(slot.prepared',
    ],
  ]),
  ...defectsOf('src/connection/carry.ts', TURNS, [
    ['content that the application has read is delivered again', 'this.length = 0;', ''],
    [
      'content of an answered request is refused when it ends',
      'this.inContent = slot.record.inContent;\n    this.handedOver = slot.record.handedOver;',
      'this.inContent = slot.record.inContent;\n    this.handedOver = false;',
    ],
    [
      'content of an answered request is refused when it has grown',
      'this.inContent = this.slot.record.inContent;\n    this.handedOver = this.slot.record.handedOver;',
      'this.inContent = this.slot.record.inContent;\n    this.handedOver = false;',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', PIPELINING, [
    [
      'the next request is begun before the answer',
      'else if (this.exchange === undefined && outflow.idle && ',
      'else if (outflow.idle && ',
    ],
    ['trailers take the place of the fields', 'if (content.length === undefined) head.detach();', ''],
    [
      'a request pipelined behind a response waits for ever',
      'else if (this.plane.turn === undefined) this.resume();',
      'else if (this.plane.turn === undefined) this.outflow.flush();',
    ],
  ]),
  ...defectsOf('src/connection/request-memory.ts', PIPELINING, [
    ['the head is not kept for an asynchronous handler', 'head.detach();', ''],
  ]),
  ...defectsOf('src/connection/request-memory.ts', TURNS, [
    ['a head is read though its slot has been reused', 'head.release();', ''],
  ]),
  ...defectsOf('src/connection/inflow.ts', PIPELINING, [
    [
      'any number of requests waits behind an answer',
      'return this.carry !== undefined && this.carry.size > PIPELINED_BYTES_MAX;',
      'return false;',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', TURNS, [
    ['an answer that closes is not the last', 'if (exchange.close) this.closing = true;', ''],
    ['a thrown error is not logged', "this.plane.log.failed('The application failed', error);", ''],
    ['a handler that throws leaves its client waiting', 'exchange.breakOff();', ''],
    [
      'a request pipelined before the half-close does not learn of it',
      'if (this.inflow.ended) exchange.abort(halfClosedError());',
      '',
    ],
    [
      "requests are served within another connection's turn",
      'else if (this.plane.turn === undefined) this.resume();',
      'else if (this.requestsLeft >= 0) this.resume();',
    ],
    [
      "a request pipelined behind a response in another connection's turn waits for ever",
      'setImmediate(() => this.resumeLater());',
      '',
    ],
    [
      'a response loses the deadline of the request content',
      'if (this.exchange !== undefined) this.awaitNext();',
      '',
    ],
    [
      'pipelined bytes buy the application time',
      'inflow.keepPipelined(fresh, end);',
      'inflow.keepPipelined(fresh, end);\n      this.awaitNext();',
    ],
    [
      'the record of content without a reader stays',
      'record.drop();\n      this.close(last);',
      'this.close(last);',
    ],
    ['a request that was answered is refused as well', ' && !this.inflow.handedOver)', ')'],
  ]),
  ...defectsOf('src/connection/inflow.ts', TURNS, [
    [
      'content that will never come is waited for',
      'if (slot.record.unfinished && this.state === ENDED) return ERROR_INCOMPLETE;',
      '',
    ],
    ['chunks stay where they lie', 'pieceEnd = slot.move(from, next, pieceEnd);', 'pieceEnd = next;'],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', TURNS, [
    [
      'a late application is refused though it responds to the abort',
      'if (this.answering) return;\n    this.close = true;',
      'this.close = true;',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', TURNS, [
    [
      'the turn of another connection is ignored',
      'if (turn !== undefined && turn !== this) turn.flush();',
      '',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', CONTENT, [
    [
      'content that broke off is refused without its method',
      'inflow.giveBack();\n      this.contentBroke(exchange.content, ERROR_TIMEOUT);',
      'this.contentBroke(exchange.content, ERROR_TIMEOUT);',
    ],
    [
      'the record of content that broke off stays',
      'exchange?.gone(reason);\n    }\n    this.plane.slot.record.drop();',
      'exchange?.gone(reason);\n    }',
    ],
    [
      'bytes behind content that broke off are served as requests',
      'exchange.close = true;\n      this.inflow.discardRest();',
      'exchange.close = true;',
    ],
    [
      'a response under way is refused when its content breaks off',
      'if (exchange?.answering) {',
      'if (exchange?.over) {',
    ],
    ['a handler does not learn that content broke off', 'exchange?.gone(reason);', ''],
    [
      'a pause in content counts against the application',
      'exchange?.content !== undefined && exchange.awaitsContent && inflow',
      'exchange?.content !== undefined && exchange.over && inflow',
    ],
    [
      'a late reader has the deadline of the application',
      'if (this.deadline.awaitsApplication) this.awaitNext();',
      '',
    ],
    [
      'content is received though no reader takes it',
      'return content?.unfinished ? content.hungry :',
      'return content?.unfinished ? true :',
    ],
    [
      'content that ends too early seems to be late',
      'if (exchange.content?.unfinished && within) {\n      this.inflow.giveBack();\n      this.contentBroke(exchange.content, ERROR_INCOMPLETE, reason);\n    }\n    if (this.exchange === undefined) return;',
      'if (exchange.content?.unfinished && within) return;',
    ],
  ]),
  ...defectsOf('src/connection/inflow.ts', CONTENT, [
    [
      'trailers are not delivered',
      'content.length === undefined ? slot.record.trailers(cursor) : undefined',
      '',
    ],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', CONTENT, [
    ['content is not asked for', "if (content?.expectsContinue) this.inform(100, '');", ''],
    [
      'content is asked for twice',
      'if (statusCode === 100 && this.content !== undefined) this.content.expectsContinue = false;',
      '',
    ],
    [
      'content is asked for within the response',
      'if (this.versionMinor === 0 || this.begun) return false;',
      'if (this.versionMinor === 0) return false;',
    ],
    [
      'a connection persists although unasked content may follow',
      'return draining || content.expectsContinue || (content',
      'return draining || (content',
    ],
    [
      'any content is read for nothing',
      'content.expectsContinue || (content.length ?? 0) > LINGER_BYTES_MAX;',
      'content.expectsContinue;',
    ],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', ABORT, [
    [
      'an application does not close when the server drains',
      'return draining && !host.hasMore;',
      'return false;',
    ],
    [
      'pipelined requests are lost when the server drains',
      'return draining && !host.hasMore;',
      'return draining;',
    ],
    [
      'the client of a late application gets no response',
      'this.buildPrepared(-ERROR_HANDLER_TIMEOUT, false);\n    this.finish();',
      '',
    ],
    [
      'a late stream goes on',
      'if (this.begun) {\n      this.abort(reason);\n      this.host.breakOff();\n      this.gone(reason);\n      return;\n    }',
      '',
    ],
    [
      'a late stream learns that its peer is gone',
      'this.abort(reason);\n      this.host.breakOff();\n      this.gone(reason);',
      'this.host.breakOff();',
    ],
    ['a late application counts as no refusal', 'slot.statistics.refused();', ''],
    [
      'a late application does not learn of its timeout',
      'slot.figures.refused(ERROR_HANDLER_TIMEOUT);\n    this.abort(reason);',
      'slot.figures.refused(ERROR_HANDLER_TIMEOUT);',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', ABORT, [
    [
      'requests pipelined behind a synchronous response are lost when the server drains',
      'return this.serving ? this.pipelined : this.inflow.begun;',
      'return this.inflow.begun;',
    ],
    ['a stream that moves is cut', 'if (!this.serving && this.exchange !== undefined) this.awaitNext();', ''],
    [
      'a connection that waits for the application counts as idle',
      'this.outflow.idle && this.exchange === undefined;',
      'this.outflow.idle;',
    ],
    [
      'an application does not learn that its peer is gone',
      "exchange?.gone(abortError('ERR_CLIENT_GONE', 'the client closed the connection'));",
      '',
    ],
    [
      'an application does not learn that its peer has closed its side',
      'this.awaitNext();\n    exchange.abort(reason);',
      'this.awaitNext();',
    ],
  ]),
  ...defectsOf('src/connection/deadlines.ts', ABORT, [
    [
      'the handler timeout has no effect',
      '(departed ? LINGER_MS : this.times.deadlines.handlerTimeoutMs)',
      '(Number.POSITIVE_INFINITY)',
    ],
    [
      'a stream waits long for a peer that has closed its side',
      '(departed ? LINGER_MS : this.times.deadlines.handlerTimeoutMs)',
      '(this.times.deadlines.handlerTimeoutMs)',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', STALLED, [
    [
      'requests are begun though no response can be written',
      'this.exchange === undefined && outflow.idle && ',
      'this.exchange === undefined && ',
    ],
    ['a stream does not learn that it may continue', 'this.exchange.drained();', ''],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', EVENTS, [
    [
      'an informational response is sent to HTTP/1.0',
      'if (this.versionMinor === 0 || this.begun) return false;',
      'if (this.begun) return false;',
      'is not sent to HTTP/1.0',
    ],
    [
      'an informational response waits for the final one',
      'outflow.flush();\n    return true;',
      'return true;',
      'is sent at once',
    ],
    [
      'any status is informational',
      'if (!(statusCode >= 100 && statusCode < 200) || statusCode === 101)',
      'if (statusCode < 100)',
      'is refused for another status',
    ],
    [
      'a response counts as sent when it is built',
      'this.host.outflow.whenTaken(left);',
      'tellLater(() => left());',
      'when the client vanishes before',
    ],
    [
      'left is not emitted for a response that is not complete',
      'if (listeners !== undefined) tellLater((error) => listeners.left(error), this.aborted);',
      '',
      'when it is not completed',
    ],
    ['listeners of gone are not called', 'listeners?.gone();', '', 'any number of listeners'],
    ['listeners of drain are not called', 'listeners?.drain();\n  }', '}', 'any number of listeners'],
    ['listeners of abort are not called', 'this.listeners?.abort(reason);', '', 'any number of listeners'],
    [
      'a callback of a write is called before the kernel has taken the bytes',
      'outflow.whenTaken(written);',
      'tellLater(written);',
      'waits until a slow client',
    ],
    [
      'a callback of a late write is not called',
      'if (written !== undefined) tellLater(written, this.unwritten);',
      '',
      'gets an error when',
    ],
  ]),
  ...defectsOf('src/connection/exchange.ts', EVENTS, [
    [
      'a Date may have any length',
      '/^[\\x20-\\x7e]{29}$/.test(date)',
      '/^[\\x20-\\x7e]+$/.test(date)',
      'is refused for',
    ],
    [
      'a reason phrase may have a line end',
      'isReasonPhrase(reasonPhrase)',
      "reasonPhrase !== ''",
      'is refused for',
    ],
  ]),
  ...defectsOf('src/connection/streamed-content.ts', EVENTS, [
    [
      'the callback of a piece that was held back is not called',
      'if (heldWritten !== undefined) outflow.whenTaken(heldWritten);',
      '',
      'is called for a single piece',
    ],
    [
      'the callback of a piece that was withdrawn is not called',
      'if (heldWritten !== undefined) tellLater(heldWritten, reason);',
      '',
      'gets an error when',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', EVENTS, [
    [
      'bytes that a vanished client did not read count as sent',
      'tellLater(told, goneError());\n  }\n\n  private returnRegions',
      'tellLater(told);\n  }\n\n  private returnRegions',
      'when the client vanishes before',
    ],
    [
      'callbacks are not called when the kernel takes bytes late',
      'if (this.waiters !== undefined) this.tellWaiters();\n    if (this.state === BROKEN)',
      'if (this.state === BROKEN)',
      'events wait for bytes',
    ],
    [
      'callbacks are called within the turn',
      'queueMicrotask(() => told(error));',
      'told(error);',
      'not within the call',
    ],
  ]),
];
