// The names of the routes in the figures of a slot. A name keeps its place for as long as the memory exists, so that the
// figures of a route go on when another application has other routes.

import {
  FIGURES_ROUTE_COUNT,
  FIGURES_ROUTES,
  ROUTE_COUNT_MAX,
  ROUTE_NAME_BYTES,
} from '../memory/figures-layout.ts';
import type { Views } from '../memory/views.ts';

/** The name that further routes share when the table is full. */
export const OTHER_ROUTES = 'other';

/** Returns the index of a route's name, which is added if there is room. @param figures pointer of the figures */
export function routeIndex(views: Views, figures: number, name: string): number {
  const bytes = encode(name);
  const known = readRoutes(views, figures);
  const index = known.indexOf(bytes.toString());
  if (index >= 0) return index;
  if (known.length === ROUTE_COUNT_MAX) return ROUTE_COUNT_MAX - 1;
  const last = known.length === ROUTE_COUNT_MAX - 1;
  const added = last ? encode(OTHER_ROUTES) : bytes;
  const at = figures + FIGURES_ROUTES + known.length * ROUTE_NAME_BYTES;
  views.bytes[at] = added.length;
  views.bytes.set(added, at + 1);
  // Threads that read the names see the whole name.
  Atomics.store(views.words, (figures + FIGURES_ROUTE_COUNT) >> 2, known.length + 1);
  return known.length;
}

/** Returns all names, in the order of their indexes. */
export function readRoutes({ bytes, words }: Views, figures: number): string[] {
  const count = Atomics.load(words, (figures + FIGURES_ROUTE_COUNT) >> 2);
  return Array.from({ length: count }, (_, index) => {
    const at = figures + FIGURES_ROUTES + index * ROUTE_NAME_BYTES;
    return Buffer.from(bytes.subarray(at + 1, at + 1 + (bytes[at] as number))).toString();
  });
}

/** A longer name is cut off, between two characters. */
function encode(name: string): Buffer {
  let text = name;
  while (Buffer.byteLength(text) > ROUTE_NAME_BYTES - 1) text = [...text].slice(0, -1).join('');
  return Buffer.from(text);
}
