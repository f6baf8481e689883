// Records events for the log: one entry for each message that serve() handles, in order. An entry begins with the head of
// the message, and the response completes it. If an earlier serve() parsed the head, the entry begins with the response.
// Positions are pointers into the slot, so the caller must read the entries before it uses the slot again.

import { EVENTS_SINGLY } from '../src/memory/codes';
import {
  CONTROL_EVENT_COUNT,
  EVENT_BYTES,
  EVENT_CELLS,
  EVENT_COUNT_MAX,
  EVENT_ERROR,
  EVENT_HEAD,
  EVENT_METHOD,
  EVENT_RESPONSE,
  EVENT_RESPONSE_BYTES,
  EVENT_VERSION_MINOR,
  EVENTS,
  PREPARED,
  PREPARED_CELLS,
  PREPARED_ENTRY_BYTES,
  RECORD_METHOD_OFFSET,
  RECORD_VERSION_MINOR,
} from '../src/memory/layout';

/** Discards the events of the previous serve(). */
export function beginEvents(slot: usize): void {
  store<i32>(slot, 0, CONTROL_EVENT_COUNT);
}

/** Returns whether the caller must read the entries before serve() goes on. @param events one of EVENTS_* */
export function eventsFull(slot: usize, events: i32): bool {
  return load<i32>(slot, CONTROL_EVENT_COUNT) == (events == EVENTS_SINGLY ? 1 : EVENT_COUNT_MAX);
}

/** Begins the entry of the message whose head is in the record and starts at `start`. */
export function noteHead(slot: usize, record: usize, start: usize): void {
  const event = addEvent(slot);
  store<i32>(event, <i32>start, EVENT_HEAD);
  // The spans of method and target are adjacent in the record.
  store<u64>(event, load<u64>(record, RECORD_METHOD_OFFSET), EVENT_METHOD);
  store<i32>(event, load<i32>(record, RECORD_VERSION_MINOR), EVENT_VERSION_MINOR);
}

/** Completes the entry of the message that prepared response `prepared`, built in [output, end), answers. */
export function noteResponse(slot: usize, prepared: i32, output: usize, end: usize, error: i32): void {
  let event = lastEvent(slot);
  if (load<i32>(slot, CONTROL_EVENT_COUNT) == 0 || load<i32>(event, EVENT_RESPONSE) != 0)
    event = addEvent(slot);
  store<i32>(event, <i32>output, EVENT_RESPONSE);
  store<i32>(event, <i32>(end - output), EVENT_RESPONSE_BYTES);
  store<i32>(event, error, EVENT_ERROR);
  const entry = slot + PREPARED + prepared * PREPARED_ENTRY_BYTES;
  store<i32>(event, load<i32>(entry, PREPARED_CELLS), EVENT_CELLS);
}

/** Records content that is rejected without a response, because its request has already been answered. */
export function noteRejection(slot: usize, error: i32): void {
  store<i32>(addEvent(slot), error, EVENT_ERROR);
}

function addEvent(slot: usize): usize {
  const count = load<i32>(slot, CONTROL_EVENT_COUNT) + 1;
  store<i32>(slot, count, CONTROL_EVENT_COUNT);
  const event = lastEvent(slot);
  memory.fill(event, 0, EVENT_BYTES);
  return event;
}

function lastEvent(slot: usize): usize {
  return slot + EVENTS + (load<i32>(slot, CONTROL_EVENT_COUNT) - 1) * EVENT_BYTES;
}
