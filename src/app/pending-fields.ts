// Fields that the response to a request must have, whoever makes that response. When a handler behind a rate limit fails,
// or its response fails before anything was sent, the application's error() or the server makes another response.

import { adopt, isForeign } from './foreign.ts';
import { NativeResponse } from './native.ts';
import { Response, wholeContent } from './response.ts';

/** Valid names and values, in order. */
export type PendingFields = readonly (readonly [name: string, value: string])[];

const PENDING_FIELDS: unique symbol = Symbol('pendingFields');

type Noting = object & { [PENDING_FIELDS]?: PendingFields };

/** Adds fields to any response to this request that is not made by its handler. */
export function addPendingFields(request: Noting, fields: PendingFields): void {
  const before = request[PENDING_FIELDS];
  request[PENDING_FIELDS] = before === undefined ? fields : [...before, ...fields];
}

/** The response with the pending fields of its request. */
export function withPendingFields(response: globalThis.Response, request: Noting): globalThis.Response {
  const fields = request[PENDING_FIELDS];
  return fields === undefined ? response : withFields(response, fields);
}

/** The pending fields of a request as field lines. */
export function pendingFieldLines(request: Noting): string {
  const fields = request[PENDING_FIELDS] ?? [];
  return fields.map(([name, value]) => `${name.toLowerCase()}: ${value}\r\n`).join('');
}

/** A copy of the response with these fields. It is a copy since a handler may return the same response again. */
export function withFields(response: globalThis.Response, fields: PendingFields): globalThis.Response {
  const native = response instanceof NativeResponse;
  // send() rejects a value that is not a Response.
  if (!native && !isForeign(response)) return response;
  const more = native ? copyOf(response) : adopt(response);
  for (const [name, value] of fields) more.headers.append(name, value);
  return more;
}

function copyOf(response: globalThis.Response): Response {
  // Content that is in memory does not become a stream.
  if (wholeContent in response && response[wholeContent] !== undefined) return (response as Response).clone();
  return new Response(response.body, response);
}
