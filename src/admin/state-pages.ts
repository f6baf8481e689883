// `/state`: all named state as JSON, and what an administrator may change of it.

import { Response } from '../app/response.ts';
import type { ServerRequest } from '../app/types.ts';
import { findState, forgetState, listState, RefusedChange, resetState } from '../state/inspect.ts';
import { isKind, KIND_NAMES } from '../wasm/state/names.ts';

const NO_STORE = { 'cache-control': 'no-store' };

/** Answers with all names, those of a kind (`?kind=counter`), or one (`?name=hits`). */
export function showState({ url }: ServerRequest): Response {
  const { searchParams } = new URL(url);
  const name = searchParams.get('name');
  if (name !== null) return stateOf(name);
  const kind = searchParams.get('kind') ?? undefined;
  if (kind !== undefined && !isKind(kind))
    return failure(400, `kind must be one of ${KIND_NAMES.join(', ')}, not ${JSON.stringify(kind)}`);
  return json({ state: listState(kind) });
}

/** Sets the name in the content back. */
export function reset(request: ServerRequest): Promise<Response> {
  return change(request, (name) => resetState(name));
}

/** Forgets what a key of a limiter has used. */
export function forget(request: ServerRequest): Promise<Response> {
  return change(request, (name, key) => forgetState(name, key));
}

async function change(
  request: ServerRequest,
  act: (name: string, key: string | undefined) => boolean,
): Promise<Response> {
  const given = await givenIn(request);
  if (typeof given?.name !== 'string' || (given.key !== undefined && typeof given.key !== 'string'))
    return failure(400, 'give the name as a form (name=hits) or as JSON ({"name":"hits"})');
  try {
    return act(given.name, given.key) ? stateOf(given.name) : unknown(given.name);
  } catch (error) {
    if (error instanceof RefusedChange) return failure(409, error.message);
    throw error;
  }
}

/** Reads the content: a form, or JSON. Undefined if it is neither. */
async function givenIn(request: ServerRequest): Promise<{ name?: unknown; key?: unknown } | undefined> {
  const text = await request.text();
  if (!/^\s*\{/.test(text)) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function stateOf(name: string): Response {
  const found = findState(name);
  return found === undefined ? unknown(name) : json(found);
}

function unknown(name: string): Response {
  return failure(404, `no named state is called ${JSON.stringify(name)}: see /state`);
}

function failure(status: number, error: string): Response {
  return json({ error }, status);
}

/** No answer may be kept: the next one differs. */
export function json(value: object, status = 200): Response {
  return Response.json(value, { status, headers: NO_STORE });
}
