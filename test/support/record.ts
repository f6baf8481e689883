// Reads the request record into plain values for tests.

import {
  FLAG_PERSISTENT,
  METHOD_CONNECT,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_PATCH,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
} from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import type { Slot } from '../../src/wasm/slot.ts';

export interface RequestRecord {
  method: string;
  /** The name of the method that the engine recognised; '' for others. */
  known: string;
  target: string;
  minor: number;
  persistent: boolean;
  fields: [name: string, value: string][];
}

const KNOWN: Record<number, string> = {
  [METHOD_GET]: 'GET',
  [METHOD_HEAD]: 'HEAD',
  [METHOD_POST]: 'POST',
  [METHOD_PUT]: 'PUT',
  [METHOD_DELETE]: 'DELETE',
  [METHOD_OPTIONS]: 'OPTIONS',
  [METHOD_PATCH]: 'PATCH',
  [METHOD_CONNECT]: 'CONNECT',
  [METHOD_TRACE]: 'TRACE',
};

/** @param start pointer of the span that was parsed */
export function readRecord(slot: Slot, start: number): RequestRecord {
  const { bytes, halves, words } = slot.views;
  const record = slot.pointer + layout.RECORD;
  const word = (offset: number): number => words[(record + offset) >> 2] as number;
  const half = (offset: number): number => halves[(record + offset) >> 1] as number;
  const text = (offset: number, size: number): string =>
    Buffer.from(bytes.subarray(start + offset, start + offset + size)).toString('latin1');
  const fields = Array.from({ length: word(layout.RECORD_FIELD_COUNT) }, (_, i) => {
    const field = layout.RECORD_FIELDS + i * layout.FIELD_BYTES;
    return [
      text(half(field + layout.FIELD_NAME_OFFSET), half(field + layout.FIELD_NAME_BYTES)),
      text(half(field + layout.FIELD_VALUE_OFFSET), half(field + layout.FIELD_VALUE_BYTES)),
    ] as [string, string];
  });
  return {
    method: text(half(layout.RECORD_METHOD_OFFSET), half(layout.RECORD_METHOD_BYTES)),
    known: KNOWN[word(layout.RECORD_METHOD)] ?? '',
    target: text(half(layout.RECORD_TARGET_OFFSET), half(layout.RECORD_TARGET_BYTES)),
    minor: word(layout.RECORD_VERSION_MINOR),
    persistent: (word(layout.RECORD_FLAGS) & FLAG_PERSISTENT) !== 0,
    fields,
  };
}
