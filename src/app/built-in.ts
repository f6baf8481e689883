// The built-in response, where a server is told whom to believe or for which hosts to answer. Elsewhere the engine gives
// it without JavaScript.

import type { Access } from '../connection/access.ts';
import type { Plane } from '../connection/plane.ts';
import { ERROR_MISDIRECTED, PREPARED_DEFAULT } from '../memory/codes.ts';
import { Authority } from './authority.ts';

/** Has a plane answer whatever this server answers for with its built-in response. */
export function serveBuiltIn(plane: Plane, access: Access): void {
  const authority = new Authority('http', access);
  plane.slot.refusesHttps = !authority.maybeHttps;
  plane.serve(
    (exchange) =>
      exchange.answer(authority.answersFor(exchange.head) ? PREPARED_DEFAULT : -ERROR_MISDIRECTED),
    authority.anyHost,
  );
}
