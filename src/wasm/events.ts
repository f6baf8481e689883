// The events of the last serve(), as the log reads them: assembly/events.ts records them.

import {
  CONTROL_EVENT_COUNT,
  EVENT_BYTES,
  EVENT_CELLS,
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

/** The events of the last serve(), read in place, one after the other. */
export class EventCursor {
  private event = 0;
  private readonly first: number;
  private readonly countWord: number;
  private readonly words: Int32Array;
  private readonly halves: Uint16Array;

  /** @param slot pointer of the slot */
  constructor({ halves, words }: Views, slot: number) {
    this.words = words;
    this.halves = halves;
    this.first = slot + EVENTS;
    this.countWord = (slot + CONTROL_EVENT_COUNT) >> 2;
  }

  get count(): number {
    return this.words[this.countWord] as number;
  }

  /** Goes to an event. @param index from 0 to count - 1 */
  goTo(index: number): void {
    this.event = this.first + index * EVENT_BYTES;
  }

  /** Pointer of the head, or 0 if this serve() has not parsed it. */
  get head(): number {
    return this.words[(this.event + EVENT_HEAD) >> 2] as number;
  }

  get methodStart(): number {
    return this.head + (this.halves[(this.event + EVENT_METHOD) >> 1] as number);
  }

  get methodBytes(): number {
    return this.halves[(this.event + EVENT_METHOD + 2) >> 1] as number;
  }

  get targetStart(): number {
    return this.head + (this.halves[(this.event + EVENT_TARGET) >> 1] as number);
  }

  get targetBytes(): number {
    return this.halves[(this.event + EVENT_TARGET + 2) >> 1] as number;
  }

  get versionMinor(): number {
    return this.words[(this.event + EVENT_VERSION_MINOR) >> 2] as number;
  }

  /** Pointer of the final response, or 0 if this serve() has built none. */
  get response(): number {
    return this.words[(this.event + EVENT_RESPONSE) >> 2] as number;
  }

  get responseBytes(): number {
    return this.words[(this.event + EVENT_RESPONSE_BYTES) >> 2] as number;
  }

  /** The error that the message was rejected for, one of ERROR_*, or 0. */
  get error(): number {
    return this.words[(this.event + EVENT_ERROR) >> 2] as number;
  }

  /** Pointer of the figures of the route that has answered. */
  get cells(): number {
    return this.words[(this.event + EVENT_CELLS) >> 2] as number;
  }
}
