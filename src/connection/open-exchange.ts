// An exchange that is open: its request has been handed to the application, its response is not complete.
//
//   WAITING   nothing of the response is known
//   HELD      its head is, perhaps a first piece of content: they wait a moment for what comes, since content
//             that ends at once goes out as a whole, with its length
//   BEGUN     its head has been built
//   SENDING   all of it has been built, and is more than the kernel takes at once
//   OVER      all of it has been built, or nobody wants it any more
//   CUT       it can't be completed: the connection is about to close

import { LENGTH_CHUNKED, LENGTH_UNTOLD } from '../memory/codes.ts';
import { answeredError } from '../protocol/request-errors.ts';
import { isBare, statusLine } from '../protocol/status.ts';
import { copyBytes } from '../wasm/copy.ts';
import type { RecordHead } from '../wasm/head.ts';
import type { Connection } from './connection.ts';
import { type Exchange, FIELDS_BYTES_MAX, FIELDS_TOO_LARGE, type HeadParts } from './exchange.ts';
import type { Plane } from './plane.ts';
import type { ReceivedContent } from './received-content.ts';

const WAITING = 0;
const HELD = 1;
const BEGUN = 2;
const SENDING = 3;
const OVER = 4;
const CUT = 5;

/** Date, Connection, framing and the empty line together take less. */
const HEAD_END_BYTES_MAX = 192;
/** The size of a chunk and its line ends take less. */
const CHUNK_FRAME_BYTES_MAX = 32;
/** Characters of a path in the log. */
const SUMMARY_LENGTH_MAX = 80;
/** Content up to here is copied next to its head; more goes out from where it lies. */
const COPIED_BYTES_MAX = 16_384;

const LAST_CHUNK = '0\r\n';
const CRLF = '\r\n';

export class OpenExchange implements Exchange {
  aborted: Error | undefined = undefined;
  onAbort: ((reason: Error) => void) | undefined = undefined;
  onGone: (() => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  headParts: HeadParts | undefined = undefined;
  /** After the response the connection closes. */
  close: boolean;
  private state = WAITING;
  private statusCode = 0;
  private fields = '';
  /** Of the content, as the head tells it; LENGTH_CHUNKED or LENGTH_UNTOLD. */
  private length = 0;
  private left = 0;
  /** Neither length nor chunks say where the content ends, so the close does. */
  private endsWithClose = false;
  /** The CRLF of the last chunk is still to be written. */
  private chunkOpen = false;
  /** The first piece, while it waits with the head. */
  private held: Uint8Array | undefined = undefined;
  private holding: NodeJS.Immediate | undefined = undefined;

  constructor(
    private readonly connection: Connection,
    private readonly plane: Plane,
    readonly head: RecordHead,
    readonly content: ReceivedContent | undefined,
    private readonly headOnly: boolean,
    private readonly versionMinor: number,
    last: boolean,
  ) {
    this.close = last;
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  /** Method and path for the log: a query may hold secrets. Undefined when the head is no longer there. */
  get summary(): string | undefined {
    try {
      const { method, target } = this.head;
      const path = target.replace(/\?.*/, '');
      return `${method} ${path.length > SUMMARY_LENGTH_MAX ? `${path.slice(0, SUMMARY_LENGTH_MAX)}…` : path}`;
    } catch {
      return undefined;
    }
  }

  /** Closes the connection in the middle of the response. */
  destroy(): void {
    this.connection.destroy();
  }

  /** The response is complete. */
  get over(): boolean {
    return this.state === OVER;
  }

  /** The application has begun to answer. */
  get answering(): boolean {
    return this.state !== WAITING;
  }

  /** Something of the response may have gone out. */
  get begun(): boolean {
    return this.state >= BEGUN;
  }

  respond(statusCode: number, fields: string, content: string | Uint8Array, close: boolean): void {
    if (this.aborted !== undefined && this.state === OVER) return;
    if (this.state !== WAITING) throw new Error('a request is answered once');
    const headBytes = this.checkHead(fields);
    const { outputs, slot } = this.plane;
    const isText = typeof content === 'string';
    const bytes = isText ? Buffer.byteLength(content) : content.length;
    const bare = isBare(statusCode);
    this.connection.takeRegion();
    this.reserve(headBytes + (bytes <= COPIED_BYTES_MAX ? bytes : 0));
    if (close) this.close = true;
    this.buildHead(statusCode, fields, bare ? LENGTH_UNTOLD : bytes);
    if (this.plane.log.requests) this.connection.logAnswer(statusCode, content);

    if (this.headOnly || bare || bytes === 0) {
      this.finish();
    } else if (bytes <= outputs.room) {
      const at = outputs.position;
      if (!isText) {
        copyBytes(content, slot.views.bytes, at);
        outputs.position = at + bytes;
      } else if (bytes === content.length) outputs.position = slot.writeLatin1(content, at);
      else outputs.position = slot.writeUtf8(content, at, bytes);
      this.finish();
    } else {
      this.state = SENDING;
      if (this.connection.sendBytes(isText ? Buffer.from(content) : content)) this.finish();
    }
  }

  begin(statusCode: number, fields: string, length: number | undefined, close: boolean): boolean {
    if (this.aborted !== undefined && this.state === OVER) return true;
    if (this.state !== WAITING) throw new Error('a request is answered once');
    this.checkHead(fields);
    const bare = isBare(statusCode);
    if (close) this.close = true;
    const contentless = this.headOnly || bare;
    const untold = bare || length === undefined;
    // Without a length or chunks, only the close ends a response (RFC 9112 6.3).
    this.endsWithClose = !contentless && untold && this.versionMinor === 0;
    if (this.endsWithClose) this.close = true;
    this.statusCode = statusCode;
    this.fields = fields;
    this.left = contentless ? 0 : (length ?? Number.POSITIVE_INFINITY);
    this.length = untold ? (contentless || this.versionMinor === 0 ? LENGTH_UNTOLD : LENGTH_CHUNKED) : length;
    this.state = HELD;
    if (contentless) return false;
    this.holding = setImmediate(() => {
      if (this.state !== HELD) return;
      this.release();
      this.connection.flush();
    });
    return true;
  }

  write(bytes: Uint8Array, lasting = false): boolean {
    if (this.state >= OVER) return true;
    if (this.state !== HELD && this.state !== BEGUN)
      throw new Error('write() comes between begin() and end()');
    const size = bytes.length;
    if (size > this.left) throw new RangeError('more content than was told');
    if (size === 0) return true;
    this.left -= size;
    if (this.state === HELD && this.held === undefined && this.length < 0) {
      this.held = lasting ? bytes : Buffer.from(bytes);
      return true;
    }
    this.connection.takeRegion();
    this.release();
    this.writePiece(bytes, lasting);
    return this.connection.flush();
  }

  end(trailers: string): void {
    if (this.state >= OVER) return;
    if (this.state !== HELD && this.state !== BEGUN) throw new Error('end() comes after begin()');
    if (trailers.length > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
    if (this.state === HELD && this.length === LENGTH_CHUNKED && trailers === '' && !this.headOnly) {
      this.length = this.held?.length ?? 0;
      this.left = 0;
    }
    if (this.length >= 0 && this.left > 0) {
      this.cut();
      return;
    }
    this.connection.takeRegion();
    this.release();
    if (this.length === LENGTH_CHUNKED && !this.headOnly) {
      this.reserve(trailers.length);
      this.writeText(`${this.chunkOpen ? CRLF : ''}${LAST_CHUNK}${trailers}\r\n`);
    }
    this.finish();
  }

  withdraw(): boolean {
    if (this.state !== HELD) return false;
    clearImmediate(this.holding);
    this.held = undefined;
    this.headParts = undefined;
    this.onGone = undefined;
    this.onDrain = undefined;
    this.state = WAITING;
    return true;
  }

  breakOff(): void {
    if (this.state >= OVER) return;
    if (this.state >= BEGUN) {
      this.cut();
      return;
    }
    // Nothing has gone out: that it failed can still be said.
    this.withdraw();
    this.respond(500, '', '', true);
  }

  /** Answers with what is prepared for an error of the application's, and closes. */
  refuse(error: number): void {
    this.close = true;
    this.buildPrepared(-error, false);
    this.finish();
  }

  /** Answers with prepared response `index`, as the engine would have. */
  answer(index: number): void {
    if (this.state !== WAITING) return;
    this.close = this.connection.closesAfter(this);
    this.buildPrepared(index, this.versionMinor === 0);
    this.finish();
  }

  /** The peer has got everything so far. */
  drained(): void {
    if (this.state === SENDING) this.finish();
    else this.onDrain?.();
  }

  /** The peer seems to be gone, or has waited too long. What it is sent all the same goes out. */
  abort(reason: Error): void {
    if (this.aborted !== undefined) return;
    this.aborted = reason;
    this.content?.fail(reason);
    this.onAbort?.(reason);
  }

  /** Nothing can be sent any more. */
  gone(reason: Error): void {
    if (this.state === OVER) return;
    this.state = OVER;
    this.held = undefined;
    clearImmediate(this.holding);
    this.abort(reason);
    this.onGone?.();
    this.onDrain?.();
  }

  private cut(): void {
    this.connection.takeRegion();
    // Earlier responses are whole.
    this.connection.flush();
    this.state = CUT;
    this.connection.breakOff();
  }

  private finish(): void {
    this.state = OVER;
    clearImmediate(this.holding);
    if (this.content?.unfinished)
      this.content.fail(answeredError('the request has been answered before its content was read'));
    this.connection.exchangeOver();
  }

  /** Builds the head that was held back. */
  private release(): void {
    if (this.state !== HELD) return;
    this.reserve(this.checkHead(this.fields));
    this.buildHead(this.statusCode, this.fields, this.length);
    if (this.plane.log.requests) this.connection.logAnswer(this.statusCode, undefined);
    this.state = BEGUN;
    if (this.endsWithClose) this.connection.closeEndsContent();
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.writePiece(held, true);
  }

  private writePiece(bytes: Uint8Array, lasting: boolean): void {
    if (this.length !== LENGTH_CHUNKED) {
      this.put(bytes, lasting);
      return;
    }
    const size = bytes.length;
    this.reserve(0);
    this.writeText(`${this.chunkOpen ? CRLF : ''}${size.toString(16)}\r\n`);
    this.put(bytes, lasting);
    // The end of a large chunk travels with what comes next.
    this.chunkOpen = size > COPIED_BYTES_MAX;
    if (!this.chunkOpen) this.writeText(CRLF);
  }

  private buildPrepared(index: number, sayPersistent: boolean): void {
    const { codec, outputs, log } = this.plane;
    this.connection.takeRegion();
    this.reserve(COPIED_BYTES_MAX);
    const at = outputs.position;
    outputs.position = codec.answer(index, at, this.close, sayPersistent, this.headOnly);
    if (log.requests) this.connection.logSent(outputs.position - at);
  }

  private buildHead(statusCode: number, fields: string, length: number): void {
    const { codec, outputs, slot } = this.plane;
    const { headParts } = this;
    const close = this.connection.closesAfter(this);
    this.close = close;
    const line = statusLine(statusCode, headParts?.reasonPhrase);
    const at = slot.writeLatin1(line + fields, outputs.position);
    outputs.position = codec.finishHead(at, length, close, this.versionMinor === 0);
    // The engine's Date comes first, and all have the same length.
    if (headParts?.date !== undefined) slot.writeLatin1(`Date: ${headParts.date}\r\n`, at);
  }

  /** @returns what status line and fields have together @throws RangeError when that is too much */
  private checkHead(fields: string): number {
    const bytes = fields.length + (this.headParts?.reasonPhrase?.length ?? 0);
    if (bytes <= FIELDS_BYTES_MAX) return bytes;
    // They are not for the response that takes its place.
    this.headParts = undefined;
    throw new RangeError(FIELDS_TOO_LARGE);
  }

  /** Makes room for a head, or what is smaller, and so many bytes. */
  private reserve(bytes: number): void {
    if (this.plane.outputs.room < bytes + HEAD_END_BYTES_MAX) this.connection.flush();
  }

  private writeText(text: string): void {
    const { outputs, slot } = this.plane;
    outputs.position = slot.writeLatin1(text, outputs.position);
  }

  /** A piece of content is copied as far as it is small, so that it leaves with what is around it. */
  private put(bytes: Uint8Array, lasting: boolean): void {
    const { outputs, slot } = this.plane;
    const size = Math.min(bytes.length, COPIED_BYTES_MAX);
    if (outputs.room < size + CHUNK_FRAME_BYTES_MAX) this.connection.flush();
    copyBytes(size < bytes.length ? bytes.subarray(0, size) : bytes, slot.views.bytes, outputs.position);
    outputs.position += size;
    if (size === bytes.length) return;
    const rest = bytes.subarray(size);
    // Whether the kernel takes all of it at once is known only when it has it.
    this.connection.sendBytes(lasting ? rest : Buffer.from(rest));
  }
}
