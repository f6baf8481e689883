// Fields for the response to a request, whatever makes that response. When a handler behind a limit fails, or its response
// breaks before anything of it was sent, the application's error() or the server makes another one.

import { adopt, isForeign } from './foreign.ts';
import { NativeResponse } from './native.ts';
import { Response, wholeContent } from './response.ts';

/** Names and values, in order. They are valid. */
export type LateFields = readonly (readonly [name: string, value: string])[];

const LATE_FIELDS: unique symbol = Symbol('lateFields');

type Noting = object & { [LATE_FIELDS]?: LateFields };

/** Has a response to this request that is made elsewhere carry these fields, too. */
export function noteFields(request: Noting, fields: LateFields): void {
  const before = request[LATE_FIELDS];
  request[LATE_FIELDS] = before === undefined ? fields : [...before, ...fields];
}

/** The response with the fields that were noted for its request. */
export function withNoted(response: globalThis.Response, request: Noting): globalThis.Response {
  const fields = request[LATE_FIELDS];
  return fields === undefined ? response : withFields(response, fields);
}

/** The fields that were noted for the request, as field lines. */
export function notedLines(request: Noting): string {
  const fields = request[LATE_FIELDS] ?? [];
  return fields.map(([name, value]) => `${name.toLowerCase()}: ${value}\r\n`).join('');
}

/** The response with these fields. It is another one, since a handler may give the same one again. */
export function withFields(response: globalThis.Response, fields: LateFields): globalThis.Response {
  const native = response instanceof NativeResponse;
  // A value that is no Response is refused when it is sent.
  if (!native && !isForeign(response)) return response;
  const more = native ? copyOf(response) : adopt(response);
  for (const [name, value] of fields) more.headers.append(name, value);
  return more;
}

function copyOf(response: globalThis.Response): Response {
  // Content that is all there stays what it is.
  if (wholeContent in response && response[wholeContent] !== undefined) return (response as Response).clone();
  return new Response(response.body, response);
}
