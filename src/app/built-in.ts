// The built-in response of a server that trusts proxies, has a list of allowed hosts, or speaks TLS. In any other server the
// engine sends it without JavaScript.

import type { Access } from '../connection/access.ts';
import type { Plane } from '../connection/plane.ts';
import { ERROR_MISDIRECTED, PREPARED_DEFAULT } from '../memory/codes.ts';
import { Authority } from './authority.ts';

/** Makes a plane answer every request with the built-in response, or with a 421 for a host that is not allowed. */
export function serveBuiltIn(plane: Plane, access: Access): void {
  const authority = new Authority(access);
  plane.slot.prepared.refusesHttps = !authority.maybeHttps;
  plane.serve(
    (exchange) => exchange.answer(authority.answersFor(exchange) ? PREPARED_DEFAULT : -ERROR_MISDIRECTED),
    authority.anyHost,
  );
}
