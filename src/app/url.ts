// The URL of a request (RFC 9110 7.1, RFC 9112 3.3). It is always one that `new URL()` takes and leaves as it is. Its
// path is in normal form (path.ts), and it begins with:
//
//   /path           the server's scheme, or the one a trusted proxy says, and the Host. A path that begins with
//                   two slashes is a path, no authority.
//   http://a/path   nothing else: Host doesn't count (RFC 9112 3.2.2), nor does what a proxy says
//   *               as /path; the path is empty (RFC 9112 3.3), which is written as "/"
//
// Where there is no Host, or one that is no host of a URL, as 1.2.3.4.5 or a:99999, the server's own stands in.

import type { Head } from '../connection/exchange.ts';
import { urlOfAuthority } from './allowed-hosts.ts';
import { type Authority, absoluteTarget, hostOf } from './authority.ts';
import { decodeUnreserved, isUsual } from './path.ts';
import type { Scheme } from './proxy.ts';

/** What the URLs of a server's requests begin with. */
export class Origin {
  readonly #authority: Authority;
  readonly #ownHost: string;
  // Of the last request, since the next one mostly has the same.
  #lastScheme: Scheme | undefined;
  #lastHost = '';
  #lastOrigin = '';

  /**
   * @param ownHost the server's own name or address, with its port
   * @throws TypeError when that is no host of a URL
   */
  constructor(authority: Authority, ownHost: string) {
    if (urlOfAuthority('http', ownHost) === undefined)
      throw new TypeError(`'${ownHost}' is no host of a URL`);
    this.#authority = authority;
    this.#ownHost = ownHost;
  }

  /** The URL of a request that authority.ts answers for; never throws for a head that the parser let through. */
  urlOf(head: Head): string {
    if (head.originForm) {
      const { target } = head;
      const origin = this.#originOf(this.#authority.schemeOf(head), hostOf(head));
      return isUsual(target) ? origin + target : new URL(origin + normalTarget(target)).href;
    }
    const target = absoluteTarget(head);
    if (target === undefined) return `${this.#originOf(this.#authority.schemeOf(head), hostOf(head))}/`;
    return new URL(this.#originOf(target.scheme, target.authority) + normalTarget(target.rest)).href;
  }

  #originOf(scheme: Scheme, host: string): string {
    if (host !== this.#lastHost || scheme !== this.#lastScheme) {
      this.#lastScheme = scheme;
      this.#lastHost = host;
      const url = urlOfAuthority(scheme, host) ?? (urlOfAuthority(scheme, this.#ownHost) as URL);
      this.#lastOrigin = url.origin;
    }
    return this.#lastOrigin;
  }
}

/** Path and query, of which the path is made ready for URL, which removes the dot segments and encodes the rest. */
function normalTarget(target: string): string {
  const query = target.indexOf('?');
  return query < 0
    ? decodeUnreserved(target)
    : decodeUnreserved(target.slice(0, query)) + target.slice(query);
}
