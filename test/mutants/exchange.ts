// Defects of a request that the application has: its content, its response, and the connection meanwhile.

import { type Defect, defectsOf } from './defect.ts';

const EXCHANGE = ['test/connection/connection.test.ts'];

export const exchangeDefects: Defect[] = [
  ...defectsOf('src/connection/received-content.ts', EXCHANGE, [
    ['the last of several pieces is the whole', ' || this.waiting.length > 1)', ')'],
    ['what has not all come is the whole', 'this.begun || this.unfinished ||', 'this.begun ||'],
    ['content is given twice', 'if (this.begun || this', 'if (this'],
    ['what has been read still waits', 'this.waitingBytes -= piece.length;', ''],
    [
      'who takes a piece gets no more',
      'this.waitingBytes -= piece.length;\n      this.source.contentWanted(this);',
      'this.waitingBytes -= piece.length;',
    ],
    [
      'content that broke off seems to wait',
      'if (this.failure !== undefined) return Promise.reject(this.failure);',
      '',
    ],
    ['content that broke off seems to have ended', 'reject?.(reason);', ''],
    [
      'who waits is not told of the end',
      'this.trailers = trailers;\n    this.settle(undefined);',
      'this.trailers = trailers;',
    ],
    ['trailers are lost', 'this.trailers = trailers;', ''],
    ['the window has no end', 'return this.waitingBytes < WINDOW_BYTES;', 'return true;'],
    ['what nobody wants is kept', 'if (this.cancelled) return;', ''],
    [
      'content that nobody wants is not read',
      'this.settle(undefined);\n    this.source.contentWanted(this);',
      'this.settle(undefined);',
    ],
    [
      'content that has ended breaks off',
      'if (!this.unfinished || this.failure !== undefined) return;',
      'if (this.failure !== undefined) return;',
    ],
    [
      'content that has come is asked for',
      'this.expectsContinue = false;\n    if (this.cancelled)',
      'if (this.cancelled)',
    ],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', EXCHANGE, [
    [
      'a request is answered twice',
      "if (this.state !== WAITING) throw new Error('a request is answered once');\n    checkFields(fields);\n    const { outputs",
      'checkFields(fields);\n    const { outputs',
    ],
    ['204 tells a length', 'bare ? LENGTH_UNTOLD : bytes)', 'bytes)'],
    ['HEAD gets content', 'if (this.headOnly || bare || bytes === 0) {', 'if (bare || bytes === 0) {'],
    ['characters count as bytes', 'Buffer.byteLength(content)', 'content.length'],
    ['UTF-8 goes out as Latin-1', 'else if (bytes === content.length)', 'else if (bytes >= content.length)'],
    [
      'HTTP/1.0 gets chunks',
      '(length ?? (this.versionMinor === 0 ? LENGTH_UNTOLD : LENGTH_CHUNKED))',
      '(length ?? LENGTH_CHUNKED)',
    ],
    [
      'nothing ends a content without a length',
      'if (!bare && length === undefined && this.versionMinor === 0) this.close = true;',
      '',
    ],
    ['more content goes out than was told', 'if (size > this.left) throw', 'if (size > this.left + 1) throw'],
    ['what was written is not counted', 'this.left -= size;', ''],
    ['an empty piece is the last chunk', 'if (size === 0) return true;', ''],
    ['the size of a chunk is decimal', 'size.toString(16)', 'size.toString()'],
    ['a large chunk has no end', "this.chunkOpen ? CRLF : ''}${size", "''}${size"],
    ['a large last chunk has no end', "this.chunkOpen ? CRLF : ''}${LAST", "''}${LAST"],
    ['chunks have no end', '{LAST_CHUNK}$', "{''}$"],
    ['trailers are not sent', '{trailers}', "{''}"],
    ['content that is too short passes', 'this.breakOff();\n      return;', 'this.finish();\n      return;'],
    ['a head waits for content that is late', 'this.release();\n      this.connection.flush();', ''],
    [
      'a head is built without looking for room',
      'if (this.plane.outputs.room < bytes + HEAD_END_BYTES_MAX) this.connection.flush();',
      '',
    ],
    [
      'a piece is copied without looking for room',
      'if (outputs.room < size + CHUNK_FRAME_BYTES_MAX) this.connection.flush();',
      '',
    ],
    ['who answers is not told that nobody can hear', 'this.onGone?.();', ''],
    ['who answers is not told that nobody waits', 'this.onAbort?.(reason);', ''],
    [
      'who answers is told twice',
      'if (this.aborted !== undefined) return;\n    this.aborted',
      'this.aborted',
    ],
    ['content is read on behind the answer', 'this.content?.fail(ANSWERED);', ''],
    ['who streams is not told to go on', 'else this.onDrain?.();', ''],
    ['the rest of a large content is lost', 'if (this.rest !== undefined) this.sendRest();\n    else', ''],
    ['fields may have any size', 'if (fields.length > HEAD_BYTES_MAX)', 'if (fields.length < 0)'],
    [
      'a response can not ask for the close',
      'if (close) this.close = true;\n    this.buildHead',
      'this.buildHead',
    ],
    ['a prepared response does not close', 'this.close = close;\n    this.finish();', 'this.finish();'],
  ]),
  ...defectsOf('src/connection/connection.ts', EXCHANGE, [
    [
      'the next request is begun before the answer',
      'else if (this.exchange === undefined && this.writing === WRITING_IDLE) continue;',
      'else if (this.writing === WRITING_IDLE) continue;',
    ],
    [
      'requests are begun though nothing can be written',
      'else if (this.exchange === undefined && this.writing === WRITING_IDLE) continue;',
      'else if (this.exchange === undefined) continue;',
    ],
    ['trailers take the place of the fields', 'if (content.length === undefined) head.detach();', ''],
    [
      'the head of a promise is not kept',
      '} else if (content === undefined || content.length !== undefined) head.detach();',
      '}',
    ],
    ['a head is read though it is gone', 'head.release();', ''],
    ['an answer that closes is not the last', 'if (exchange.close) this.closing = true;', ''],
    [
      'content lies where the next read comes',
      'slot.copy(next - pieceBytes, next)',
      'slot.views.bytes.subarray(next - pieceBytes, next)',
    ],
    ['trailers are not told', 'content.length === undefined ? slot.trailers(cursor) : []', '[]'],
    [
      'behind content that broke off come requests',
      'exchange.close = true;\n      this.reading = READING_DISCARDING;',
      'exchange.close = true;',
    ],
    ['who answers is not told that content broke off', 'exchange?.gone(new Error(refusalText(error)));', ''],
    ['content is not asked for', 'this.sendBytes(CONTINUE);', ''],
    [
      'content is asked for within the response',
      'if (content.expectsContinue && !this.exchange.begun) {',
      'if (content.expectsContinue) {',
    ],
    [
      'a connection goes on that may or may not bring content',
      'if (content.expectsContinue || (content',
      'if ((content',
    ],
    [
      'any content is read for nothing',
      'if (content.expectsContinue || (content.length ?? 0) > LINGER_BYTES_MAX) return true;',
      'if (content.expectsContinue) return true;',
    ],
    [
      'an application does not close when the server drains',
      'return this.plane.slot.draining && !(this.serving ? this.pipelined : this.carry?.begun);',
      'return false;',
    ],
    [
      'what is pipelined is lost when the server drains',
      'return this.plane.slot.draining && !(this.serving ? this.pipelined : this.carry?.begun);',
      'return this.plane.slot.draining;',
    ],
    [
      'what is pipelined behind an answer waits for ever',
      'else if (this.writing === WRITING_PENDING) this.flush();\n    else this.resume();',
      'else if (this.writing === WRITING_PENDING) this.flush();',
    ],
    [
      'a late application is not answered for',
      'if (!exchange.over) exchange.refuse(ERROR_HANDLER_TIMEOUT);',
      '',
    ],
    [
      'a late stream gets another head',
      'if (exchange.begun) {\n      this.destroy();\n      return;\n    }',
      '',
    ],
    ['a late application counts as no refusal', 'this.plane.slot.refused();', ''],
    ['a late application is not told', 'exchange.abort(reason);\n', ''],
    [
      'an application may take its time',
      'this.deadlineMs = nowMs + (left ? LINGER_MS : deadlines.handlerTimeoutMs);',
      '',
    ],
    [
      'a stream waits long for a peer that has closed its side',
      '(left ? LINGER_MS : deadlines.handlerTimeoutMs)',
      'deadlines.handlerTimeoutMs',
    ],
    [
      'silence in content that is read is the application’s',
      'if (content !== undefined && this.waitsFor() === WAITING_CONTENT) {',
      'if (content !== undefined && this.waitsFor() < 0) {',
    ],
    [
      'any number of requests waits behind an answer',
      'return this.carry === undefined || this.carry.size <= PIPELINED_BYTES_MAX;',
      'return true;',
    ],
    ['content is read that nobody takes', 'return content.hungry;', 'return true;'],
    ['who waits for an application is idle', 'this.exchange === undefined &&\n', ''],
    [
      'an application is not told that its peer is gone',
      "exchange?.gone(new Error('the peer is gone'));",
      '',
    ],
    [
      'an application is not told that its peer has closed its side',
      'exchange.abort(new Error(PEER_ENDED));\n      this.setDeadline(0, true);',
      'this.setDeadline(0, true);',
    ],
    ['a stream is not told to go on', 'this.exchange.drained();', ''],
    [
      'content that ends too early seems to be late',
      'this.contentBroke(exchange.content, ERROR_INCOMPLETE);',
      '',
    ],
    [
      'the record of content that broke off stays',
      'this.carry = undefined;\n        slot.takeRecord();',
      'this.carry = undefined;',
    ],
  ]),
];
