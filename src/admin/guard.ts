// Which requests the admin listener answers. A page in the administrator's browser can send requests to it, and by DNS
// rebinding even read the answers: then Host names the page's own site. So a request must name an address or localhost in
// Host, and must not come from a page of another site.

import { isIP } from 'node:net';
import { Response } from '../app/response.ts';
import type { Handler } from '../app/types.ts';
import type { Token } from './token.ts';

/** Who may ask for a path. `open`: also those who don't know the token. `change`: only those who know it. */
export type Right = 'open' | 'read' | 'change';

export interface GuardOptions {
  /** Undefined: reading needs no token, and nothing can be changed. */
  token: Token | undefined;
  /** The host that the listener was given; undefined for a unix socket, which no page can reach. */
  host: string | undefined;
  /** The option that names the token's file, as the user writes it. */
  tokenOption: string;
}

/** Wraps handlers, so that they only get the requests that may be answered. */
export class Guard {
  constructor(private readonly options: GuardOptions) {}

  /** Returns a handler that answers with a refusal in place of `handler`. */
  around(right: Right, handler: Handler): Handler {
    return (request, context) => this.refusalOf(request, right) ?? handler(request, context);
  }

  /** Returns the refusal of a request; undefined if it may be answered. */
  refusalOf({ headers }: Pick<Request, 'headers'>, right: Right): Response | undefined {
    const { token, host, tokenOption } = this.options;
    const authority = headers.get('host') ?? '';
    // No page knows the token, so whoever has it may use any name of this machine.
    const proved = token?.isIn(headers.get('authorization')) ?? false;
    if (
      !proved &&
      host !== undefined &&
      right !== 'open' &&
      token === undefined &&
      !isOwnHost(authority, host)
    )
      return refusal(
        421,
        `Host must be an address, localhost, or the host of the listener, not ${JSON.stringify(authority)}\n`,
      );
    const site = headers.get('sec-fetch-site');
    const origin = headers.get('origin');
    if (
      (site !== null && site !== 'same-origin' && site !== 'none') ||
      (origin !== null && origin !== `http://${authority}`)
    )
      return refusal(403, 'Requests of pages of other sites are refused\n');
    if (right === 'open' || proved) return undefined;
    if (token !== undefined)
      return refusal(401, 'The field Authorization must be: Bearer, and the token\n', {
        'www-authenticate': 'Bearer realm="hotpath"',
      });
    if (right === 'change')
      return refusal(403, `Changes need a token: start the server with ${tokenOption}\n`);
    return undefined;
  }
}

/** Whether Host names this machine in a way that no foreign site can: by an address, localhost, or the configured host. */
function isOwnHost(authority: string, configured: string): boolean {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(authority) ?? [];
  const host = (bracketed ?? plain).toLowerCase().replace(/\.$/, '');
  return isIP(host) !== 0 || host === 'localhost' || host === configured.toLowerCase();
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { ...headers, 'cache-control': 'no-store' } });
}
