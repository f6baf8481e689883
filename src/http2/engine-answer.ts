// Responses that the engine builds: prepared and counted ones, and those to errors. It builds them as for HTTP/1.1, in the
// region at hand, from where their parts are taken at once.

import type { OutgoingHttpHeaders } from 'node:http2';
import type { MeasuredRequest } from '../connection/measured-request.ts';
import type { RequestLog } from '../connection/request-log.ts';
import type { UncheckedBuffer } from '../wasm/unchecked-buffer.ts';
import type { Shared } from './shared.ts';

const EMPTY_LINE = '\r\n\r\n';

export interface EngineAnswer {
  fields: OutgoingHttpHeaders;
  content: Uint8Array;
}

/** Reads the response in [at, end) of the region at hand. */
export function readAnswer({ fields, plane }: Shared, at: number, end: number): EngineAnswer {
  const { slot } = plane;
  const headEnd = slot.buffer.indexOf(EMPTY_LINE, at, 'latin1');
  // The last line keeps its end.
  const head = (slot.buffer as UncheckedBuffer).latin1Slice(at, headEnd + 2);
  return { fields: fields.ofHead(head), content: slot.copy(headEnd + EMPTY_LINE.length, end) };
}

/** Builds prepared response `index`. */
export function buildAnswer(
  shared: Shared,
  index: number,
  headOnly: boolean,
  request: MeasuredRequest,
  requestLog: RequestLog | undefined,
): EngineAnswer {
  const { codec, outputs, turn } = shared.plane;
  // The region may hold bytes of a connection of HTTP/1.1.
  turn?.flush();
  const at = outputs.position;
  outputs.position = codec.answer(index, at, false, false, headOnly);
  requestLog?.built(index, outputs.position - at, request);
  return take(shared, at);
}

/** Builds the response to an error, and counts it. @param error one of ERROR_* */
export function buildRefusal(
  shared: Shared,
  error: number,
  request: MeasuredRequest,
  requestLog: RequestLog | undefined,
): EngineAnswer {
  const { codec, outputs, slot, turn } = shared.plane;
  turn?.flush();
  const at = outputs.position;
  codec.refuse(error, at);
  outputs.position = at + slot.written;
  requestLog?.refused(error, slot.written, request);
  return take(shared, at);
}

function take(shared: Shared, at: number): EngineAnswer {
  const { outputs } = shared.plane;
  const answer = readAnswer(shared, at, outputs.position);
  outputs.position = at;
  return answer;
}
