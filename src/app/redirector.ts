// The answers of a listener that redirects to HTTPS. The engine makes them alone, unless a list of allowed hosts or a
// trusted proxy has a say: then a request for another host gets a 421. So does a request whose client came to the proxy by
// HTTPS, since redirecting it would never end.

import type { Access } from '../connection/access.ts';
import type { Plane } from '../connection/plane.ts';
import { saysScheme } from '../connection/proxy.ts';
import { ERROR_MISDIRECTED, PREPARED_REDIRECT } from '../memory/codes.ts';
import { Authority } from './authority.ts';

/** Makes a plane redirect the requests of connections that redirect. No application replaces this. */
export function serveRedirects(plane: Plane, access: Access): void {
  const authority = new Authority(access);
  plane.slot.prepared.redirectsAll = authority.anyHost && !saysScheme(access);
  plane.redirector = (exchange) => {
    const redirects = authority.answersFor(exchange) && authority.schemeOf(exchange) === 'http';
    exchange.answer(redirects ? PREPARED_REDIRECT : -ERROR_MISDIRECTED);
  };
}
