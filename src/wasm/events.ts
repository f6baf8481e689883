// The events of the last serve(), as the log reads them: assembly/events.ts records them.

import {
  CONTROL_EVENT_COUNT,
  EVENT_BYTES,
  EVENT_ERROR,
  EVENT_HEAD,
  EVENT_METHOD,
  EVENT_RESPONSE,
  EVENT_RESPONSE_BYTES,
  EVENT_TARGET,
  EVENT_VERSION_MINOR,
  EVENTS,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';

/** The work of serve() on one message. */
export interface MessageEvent {
  /** The request, when this serve() has parsed its head. */
  request: RequestLine | undefined;
  /** The error that the message was rejected for, one of ERROR_*, or 0. */
  error: number;
  /** The final response, when this serve() has built it; valid until the output region is used again. */
  response: Uint8Array | undefined;
}

/** The parts of a request line (RFC 9112 3), Latin-1. */
export interface RequestLine {
  method: string;
  target: string;
  versionMinor: number;
}

/**
 * Reads the events of the last serve(), in order. Call it before the input and the output region are used again.
 * @param slot pointer of the slot
 */
export function readEvents(views: Views, slot: number): MessageEvent[] {
  const { bytes, words } = views;
  const count = words[(slot + CONTROL_EVENT_COUNT) >> 2] as number;
  return Array.from({ length: count }, (_, i) => {
    const event = slot + EVENTS + i * EVENT_BYTES;
    const head = words[(event + EVENT_HEAD) >> 2] as number;
    const response = words[(event + EVENT_RESPONSE) >> 2] as number;
    const responseBytes = words[(event + EVENT_RESPONSE_BYTES) >> 2] as number;
    return {
      request:
        head === 0
          ? undefined
          : {
              method: spanText(views, head, event + EVENT_METHOD),
              target: spanText(views, head, event + EVENT_TARGET),
              versionMinor: words[(event + EVENT_VERSION_MINOR) >> 2] as number,
            },
      error: words[(event + EVENT_ERROR) >> 2] as number,
      response: response === 0 ? undefined : bytes.subarray(response, response + responseBytes),
    };
  });
}

/** @param span pointer of an offset from the head and a size, u16 each */
function spanText({ bytes, halves }: Views, head: number, span: number): string {
  const start = head + (halves[span >> 1] as number);
  return String.fromCharCode(...bytes.subarray(start, start + (halves[(span + 2) >> 1] as number)));
}
