// Records events for the log; twin of assembly/events.ts.

import { EVENTS_SINGLY } from '../../memory/codes.ts';
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
  EVENT_TARGET,
  EVENT_VERSION_MINOR,
  EVENTS,
  PREPARED,
  PREPARED_CELLS,
  PREPARED_ENTRY_BYTES,
  RECORD_METHOD_OFFSET,
  RECORD_TARGET_OFFSET,
  RECORD_VERSION_MINOR,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';

/** Discards the events of the previous serve(). */
export function beginEvents({ words }: Views, slot: number): void {
  words[(slot + CONTROL_EVENT_COUNT) >> 2] = 0;
}

/** Returns whether the caller must read the entries before serve() goes on. @param events one of EVENTS_* */
export function eventsFull({ words }: Views, slot: number, events: number): boolean {
  return words[(slot + CONTROL_EVENT_COUNT) >> 2] === (events === EVENTS_SINGLY ? 1 : EVENT_COUNT_MAX);
}

/** Begins the entry of the message whose head is in the record and starts at `start`. */
export function noteHead(views: Views, slot: number, record: number, start: number): void {
  const { words } = views;
  const event = addEvent(views, slot);
  words[(event + EVENT_HEAD) >> 2] = start;
  words[(event + EVENT_METHOD) >> 2] = words[(record + RECORD_METHOD_OFFSET) >> 2] as number;
  words[(event + EVENT_TARGET) >> 2] = words[(record + RECORD_TARGET_OFFSET) >> 2] as number;
  words[(event + EVENT_VERSION_MINOR) >> 2] = words[(record + RECORD_VERSION_MINOR) >> 2] as number;
}

/** Completes the entry of the message that prepared response `prepared`, built in [output, end), answers. */
export function noteResponse(
  views: Views,
  slot: number,
  prepared: number,
  output: number,
  end: number,
  error: number,
): void {
  const { words } = views;
  let event = lastEvent(views, slot);
  if (words[(slot + CONTROL_EVENT_COUNT) >> 2] === 0 || words[(event + EVENT_RESPONSE) >> 2] !== 0)
    event = addEvent(views, slot);
  words[(event + EVENT_RESPONSE) >> 2] = output;
  words[(event + EVENT_RESPONSE_BYTES) >> 2] = end - output;
  words[(event + EVENT_ERROR) >> 2] = error;
  const entry = slot + PREPARED + prepared * PREPARED_ENTRY_BYTES;
  words[(event + EVENT_CELLS) >> 2] = words[(entry + PREPARED_CELLS) >> 2] as number;
}

/** Records content that is rejected without a response, because its request has already been answered. */
export function noteRejection(views: Views, slot: number, error: number): void {
  views.words[(addEvent(views, slot) + EVENT_ERROR) >> 2] = error;
}

function addEvent(views: Views, slot: number): number {
  const { bytes, words } = views;
  words[(slot + CONTROL_EVENT_COUNT) >> 2] = (words[(slot + CONTROL_EVENT_COUNT) >> 2] as number) + 1;
  const event = lastEvent(views, slot);
  bytes.fill(0, event, event + EVENT_BYTES);
  return event;
}

function lastEvent({ words }: Views, slot: number): number {
  return slot + EVENTS + ((words[(slot + CONTROL_EVENT_COUNT) >> 2] as number) - 1) * EVENT_BYTES;
}
