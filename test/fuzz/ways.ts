// The ways to hand an engine the bytes of one connection, as connection.ts drives it: in one read or
// several, with Carry between them, one request at a time, and with an application behind it.

import { Carry } from '../../src/connection/carry.ts';
import {
  ERROR_INCOMPLETE,
  PREPARED_DEFAULT,
  PREPARED_NONE,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_MORE,
  VERDICT_REQUEST,
} from '../../src/memory/codes.ts';
import type { Outcome } from './outcome.ts';
import type { Subject } from './subject.ts';

/** The settings of a run, besides the bytes. */
export interface Way {
  cuts: readonly number[];
  draining: boolean;
  /** serve() returns after each response, and records events. */
  step: boolean;
  /** Every request is redirected. */
  redirects?: boolean;
  /** The kind of misleading bytes behind the end. */
  poison: number;
}

/** A message as the engine sees it; positions are offsets into the input. */
export interface Message {
  start: number;
  /** The position after the head; 0 if the head is incomplete; below 0 the error. */
  headEnd: number;
  /** The position after the bytes consumed of the message. */
  end: number;
  /** Whether the message was answered. */
  whole: boolean;
  error: number;
  /** Indexes among the turns of the outcome of two records: after the head, and after the whole message. */
  head: number;
  after: number;
}

/** Reads each part once. If the peer closes within a message, the engine learns of it. */
export function serveReads(subject: Subject, bytes: Buffer, way: Way, outcome: Outcome): void {
  outcome.reset();
  subject.begin(way.draining, way.step, way.redirects);
  const { codec, slot, output, watch } = subject;
  const { cuts } = way;
  let carry: Carry | undefined;
  for (let i = 0, from = 0; i <= cuts.length; i++) {
    const to = cuts[i] ?? bytes.length;
    const end = subject.lay(bytes, from, to, way.poison);
    const start = carry?.restore(to - from) ?? slot.readStart;
    watch.laid(start, end);
    let cursor = start;
    do {
      cursor = codec.serve(cursor, end, output);
      outcome.turn(subject);
    } while (slot.verdict === VERDICT_AGAIN);
    expectUnchanged(subject, bytes, start, end, to);
    outcome.consumed = to - (end - cursor);
    outcome.closed = slot.verdict === VERDICT_CLOSE;
    if (outcome.closed) return;
    if (cursor === end && !slot.record.unfinished) carry = undefined;
    else if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    subject.spoilRecord();
    if (i < cuts.length) subject.spoilInput(start, end);
    from = to;
  }
  outcome.unfinished = carry !== undefined;
  // A request that was redirected before its content is not answered again.
  if (!carry?.handedOver) endOfPeer(subject, carry, outcome);
}

/**
 * Reads each part once. The caller of serve() has to respond to requests for unknown paths: it reads the content piece
 * by piece, then responds as the engine would.
 */
export function serveHanded(subject: Subject, bytes: Buffer, way: Way, outcome: Outcome): void {
  const { slot } = subject;
  outcome.reset();
  subject.begin(way.draining, way.step);
  slot.prepared.fallback = PREPARED_NONE;
  try {
    serveHandedReads(subject, bytes, way, outcome);
  } finally {
    slot.prepared.fallback = PREPARED_DEFAULT;
  }
}

function serveHandedReads(subject: Subject, bytes: Buffer, way: Way, outcome: Outcome): void {
  const { codec, slot, output, watch } = subject;
  const { cuts } = way;
  let carry: Carry | undefined;
  let handed = false;
  for (let i = 0, from = 0; i <= cuts.length; i++) {
    const to = cuts[i] ?? bytes.length;
    const end = subject.lay(bytes, from, to, way.poison);
    const start = carry?.restore(to - from) ?? slot.readStart;
    watch.laid(start, end);
    let cursor = start;
    do {
      if (!handed) {
        cursor = codec.serve(cursor, end, output);
        outcome.turn(subject);
        outcome.closed = slot.verdict === VERDICT_CLOSE;
        handed = slot.verdict === VERDICT_REQUEST;
      }
      if (handed) {
        cursor = takeHanded(subject, cursor, end, outcome);
        handed = slot.record.unfinished && !outcome.closed;
      }
      outcome.consumed = to - (end - cursor);
      // Another turn may be needed. An unneeded one does no harm.
    } while (cursor < end && !outcome.closed && !handed && slot.verdict !== VERDICT_MORE);
    expectUnchanged(subject, bytes, start, end, to);
    if (outcome.closed) return;
    if (cursor === end && !slot.record.unfinished) carry = undefined;
    else if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    subject.spoilRecord();
    if (i < cuts.length) subject.spoilInput(start, end);
    from = to;
  }
  if (handed) outcome.unanswered();
  outcome.unfinished = carry !== undefined;
  endOfPeer(subject, carry, outcome);
}

/** Reads the available content, and responds at its end. Returns the position after it. */
function takeHanded(subject: Subject, cursor: number, end: number, outcome: Outcome): number {
  const { codec, slot, output } = subject;
  while (slot.record.unfinished && cursor < end) {
    const next = codec.consume(cursor, end);
    if (next < 0) {
      codec.refuse(next, output);
      outcome.closed = true;
      outcome.answered(subject, output + slot.written, next);
      return cursor;
    }
    outcome.piece(subject, next);
    cursor = next;
    // The bytes are the beginning of a trailer section: wait for its end.
    if (slot.record.pieceBytes === 0 && slot.record.unfinished) return cursor;
  }
  if (slot.record.unfinished) return cursor;
  const close = !slot.record.persistent || (slot.draining && cursor === end);
  const to = codec.answer(
    PREPARED_DEFAULT,
    output,
    close,
    slot.record.versionMinor === 0,
    slot.record.headOnly,
  );
  outcome.closed = close;
  outcome.answered(subject, to, 0);
  return cursor;
}

/** Handles the end of the peer's half of the connection. */
function endOfPeer(subject: Subject, carry: Carry | undefined, outcome: Outcome): void {
  if (!carry?.begun) return;
  subject.watch.laid(carry.restore(0), subject.slot.readEnd);
  subject.codec.refuse(ERROR_INCOMPLETE, subject.output);
  outcome.takeOutput(subject);
}

/** Runs each request alone, in one read: its head by parse(), then head and content by serve(). */
export function serveSteps(subject: Subject, bytes: Buffer, way: Way, outcome: Outcome): Message[] {
  outcome.reset();
  subject.begin(way.draining, true);
  const { codec, slot, output } = subject;
  const messages: Message[] = [];
  const start = slot.readStart;
  const end = subject.lay(bytes, 0, bytes.length, way.poison);
  let cursor = start;
  do {
    const began = cursor;
    subject.spoilRecord();
    const result = codec.parse(began, end);
    const head = outcome.takeRecord(subject);
    subject.spoilRecord();
    cursor = codec.serve(began, end, output);
    const answered = outcome.requests;
    outcome.turn(subject);
    if (result < 0 ? slot.error !== result : slot.head !== (result > 0 ? began : 0))
      throw new Error(`parse() gave ${result}, serve() error ${slot.error}, head ${slot.head}`);
    messages.push({
      start: began - start,
      headEnd: result > 0 ? result - start : result,
      end: cursor - start,
      whole: outcome.requests > answered,
      error: slot.error,
      head,
      after: outcome.turnRecord,
    });
  } while (slot.verdict === VERDICT_AGAIN);
  expectUnchanged(subject, bytes, start, end, bytes.length);
  outcome.consumed = cursor - start;
  outcome.closed = slot.verdict === VERDICT_CLOSE;
  outcome.unfinished = !outcome.closed && (cursor < end || slot.record.unfinished);
  if (outcome.unfinished) endOfPeer(subject, new Carry(slot, cursor, end), outcome);
  return messages;
}

/** Checks that the input [start, end), which ends with byte `to` of the bytes, still holds them. */
function expectUnchanged(subject: Subject, bytes: Buffer, start: number, end: number, to: number): void {
  if (subject.bytes.compare(bytes, to - (end - start), to, start, end) !== 0)
    throw new Error('the engine has written into its input');
}
