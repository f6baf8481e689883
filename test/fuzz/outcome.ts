// The outcome of a connection, kept in buffers that are reused, since comparing two outcomes has to be cheap.

import { FLAG_CHUNKED, FLAG_CONTENT_LENGTH, FLAG_HOST, VERDICT_REQUEST } from '../../src/memory/codes.ts';
import {
  CONTROL_BYTES,
  CONTROL_EVENT_COUNT,
  EVENT_BYTES,
  EVENTS,
  FIELD_BYTES,
  FIELD_COUNT_MAX,
  RECORD_CONTENT_BYTES,
  RECORD_CONTENT_LENGTH,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_FLAGS,
  RECORD_HOST_OFFSET,
  RECORD_NAME_OFFSET,
} from '../../src/memory/layout.ts';
import type { Subject } from './subject.ts';

const KEPT_BYTES = 1 << 21;
const SHORT_BYTES = 256;

/** Bytes that grow at their end. */
class Tape {
  readonly bytes = Buffer.alloc(KEPT_BYTES);
  length = 0;

  append(from: Buffer, start: number, end: number): void {
    if (this.length + end - start > KEPT_BYTES) throw new Error('more came out than can have');
    // Most texts are short: a loop is faster than a call.
    if (end - start > SHORT_BYTES) this.length += from.copy(this.bytes, this.length, start, end);
    else while (start < end) this.bytes[this.length++] = from[start++] as number;
  }

  equals(other: Tape): boolean {
    return (
      this.length === other.length && this.bytes.compare(other.bytes, 0, this.length, 0, this.length) === 0
    );
  }
}

/** A request that the engine left to its caller. */
export interface Handed {
  /** Its index among all messages. */
  message: number;
  /** Size of its content. */
  start: number;
  end: number;
}

export class Outcome {
  /** All response bytes. */
  readonly output = new Tape();
  /** Record, control words and events after each turn, as the engine left them: all engines must agree. */
  readonly turns = new Tape();
  /** Where the last turn's record begins among them. */
  turnRecord = 0;
  /** The content of the record for each answered message: it must not depend on how the bytes arrived. */
  readonly history = new Tape();
  /** The contents of the requests handed over, one after the other, and the position of each. */
  readonly content = new Tape();
  readonly handed: Handed[] = [];
  /** Bytes of requests answered or refused, content included as far as it came. */
  consumed = 0;
  closed = false;
  unfinished = false;
  error = 0;
  requests = 0;
  refused = 0;

  reset(): void {
    this.output.length = this.turns.length = this.history.length = this.content.length = 0;
    this.handed.length = 0;
    this.consumed = this.error = this.requests = this.refused = 0;
    this.closed = this.unfinished = false;
  }

  /** Adds one turn of serve(): output, record, control words, and the message if it was answered. */
  turn(subject: Subject): void {
    this.takeOutput(subject);
    this.turnRecord = this.takeRecord(subject);
    const { bytes, slot } = subject;
    this.turns.append(bytes, slot.pointer, slot.pointer + CONTROL_BYTES);
    if (slot.recordsEvents) {
      const events = slot.pointer + EVENTS;
      const count = bytes.readInt32LE(slot.pointer + CONTROL_EVENT_COUNT);
      this.turns.append(bytes, events, events + count * EVENT_BYTES);
    }
    this.error = subject.slot.error;
    const { requests } = subject;
    if (subject.slot.verdict === VERDICT_REQUEST) {
      const start = this.content.length;
      this.handed.push({ message: requests - 1, start, end: start });
    } else if (requests !== this.requests) this.takeHistory(subject);
    this.requests = requests;
    this.refused = subject.refused;
  }

  /** Adds a piece of the content of the request handed over last; the piece ends at `end`. */
  piece(subject: Subject, end: number): void {
    this.takeRecord(subject);
    this.content.append(subject.bytes, end - subject.slot.record.pieceBytes, end);
    (this.handed.at(-1) as Handed).end = this.content.length;
  }

  /** Notes that the request handed over last has been answered or rejected, up to `end`. */
  answered(subject: Subject, end: number, error: number): void {
    const { bytes, output, watch } = subject;
    this.output.append(bytes, output, end);
    watch.built(end);
    this.takeRecord(subject);
    this.error = error;
    this.refused = subject.refused;
    if (error === 0) this.takeHistory(subject);
    else this.unanswered();
  }

  /** Notes that the request handed over last was not answered, so it doesn't count here. */
  unanswered(): void {
    this.handed.pop();
    this.requests--;
  }

  takeOutput({ bytes, slot, output, watch }: Subject): void {
    this.output.append(bytes, output, output + slot.written);
    watch.built(output + slot.written);
  }

  /** Adds the record, including its meaningless parts, up to one field too many. Returns its position. */
  takeRecord({ bytes, record }: Subject): number {
    const count = bytes.readInt32LE(record + RECORD_FIELD_COUNT);
    const fields = count < 0 ? 0 : Math.min(count + 1, FIELD_COUNT_MAX);
    const at = this.turns.length;
    this.turns.append(bytes, record, record + RECORD_FIELDS + fields * FIELD_BYTES);
    return at;
  }

  private takeHistory({ bytes, record }: Subject): void {
    const flags = bytes.readInt32LE(record + RECORD_FLAGS);
    const fields = bytes.readInt32LE(record + RECORD_FIELD_COUNT);
    this.history.append(bytes, record + RECORD_FIELD_COUNT, record + RECORD_HOST_OFFSET);
    if (flags & FLAG_HOST)
      this.history.append(bytes, record + RECORD_HOST_OFFSET, record + RECORD_NAME_OFFSET);
    if (flags & FLAG_CONTENT_LENGTH)
      this.history.append(bytes, record + RECORD_CONTENT_LENGTH, record + RECORD_CONTENT_LENGTH + 8);
    if (flags & FLAG_CHUNKED)
      this.history.append(bytes, record + RECORD_CONTENT_BYTES, record + RECORD_CONTENT_BYTES + 12);
    // The fields of a head remain in the record when its content arrives in parts (request-record.ts, take()). After chunks
    // these are the trailers.
    const length = flags & FLAG_CONTENT_LENGTH ? bytes.readDoubleLE(record + RECORD_CONTENT_LENGTH) : 0;
    if (length === 0)
      this.history.append(bytes, record + RECORD_FIELDS, record + RECORD_FIELDS + fields * FIELD_BYTES);
  }
}

/** Describes how the outcomes of two engines differ that received the same bytes in the same way, or returns ''. */
export function differenceOfEngines(a: Outcome, b: Outcome): string {
  if (!a.output.equals(b.output)) return 'output';
  if (!a.content.equals(b.content)) return 'content';
  return differenceOfEnds(a, b) || (a.turns.equals(b.turns) ? '' : 'record');
}

/** Describes how the outcomes of one engine differ that received the same bytes in two ways, or returns ''. */
export function differenceOfWays(a: Outcome, b: Outcome): string {
  if (!a.output.equals(b.output) && finalText(a) !== finalText(b)) return 'output';
  return differenceOfEnds(a, b);
}

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** Removes interim responses from the output: whether the server sends them depends on the bytes that have arrived. */
export function finalText({ output }: Outcome): string {
  return output.bytes.toString('latin1', 0, output.length).replaceAll(CONTINUE, '');
}

function differenceOfEnds(a: Outcome, b: Outcome): string {
  if (a.closed !== b.closed) return 'closed';
  if (a.error !== b.error) return 'error';
  if (a.requests !== b.requests) return 'requests';
  if (a.refused !== b.refused) return 'refused';
  if (a.unfinished !== b.unfinished) return 'unfinished';
  // After a refusal the cursor has no meaning, since the server reads nothing more.
  return a.error === 0 && a.consumed !== b.consumed ? 'consumed' : '';
}
