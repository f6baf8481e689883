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
import { decodeUnreserved, isUsual } from './path.ts';
import { clientScheme, type Scheme } from './proxy.ts';

const SLASH = 0x2f;

/** What the URLs of a server's requests begin with. */
export class Origin {
  readonly #scheme: Scheme;
  readonly #ownHost: string;
  readonly #proxies: number;
  // Of the last request, since the next one mostly has the same.
  #lastScheme: Scheme;
  #lastHost = '';
  #lastOrigin: string;

  /**
   * @param ownHost the server's own name or address, with its port
   * @param proxies how many are trusted; 0 for none
   * @throws TypeError when that is no host of a URL
   */
  constructor(scheme: Scheme, ownHost: string, proxies = 0) {
    if (originOf(scheme, ownHost) === undefined) throw new TypeError(`'${ownHost}' is no host of a URL`);
    this.#scheme = scheme;
    this.#ownHost = ownHost;
    this.#proxies = proxies;
    this.#lastScheme = scheme;
    this.#lastOrigin = originOf(scheme, ownHost) as string;
  }

  /** The URL of a request; never throws for a head that the parser let through. */
  urlOf(head: Head): string {
    const target = head.target;
    if (target.charCodeAt(0) === SLASH) {
      const origin = this.#originOf(head);
      return isUsual(target) ? origin + target : new URL(origin + normalTarget(target)).href;
    }
    if (target === '*') return `${this.#originOf(head)}/`;
    const absolute = /^(https?):\/\/([^/?]*)(.*)$/i.exec(target);
    const [, scheme, host, rest] = absolute as unknown as [string, string, string, string];
    return new URL((originOf(scheme, host) ?? originOf(this.#scheme, this.#ownHost)) + normalTarget(rest))
      .href;
  }

  #originOf(head: Head): string {
    const scheme = this.#proxies === 0 ? this.#scheme : (clientScheme(head, this.#proxies) ?? this.#scheme);
    const index = head.findField('host');
    const host = index < 0 ? '' : head.fieldValue(index);
    if (host !== this.#lastHost || scheme !== this.#lastScheme) {
      this.#lastScheme = scheme;
      this.#lastHost = host;
      this.#lastOrigin = originOf(scheme, host) ?? (originOf(scheme, this.#ownHost) as string);
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

/** Scheme, host and port as URL writes them, without a slash behind; undefined when they are none. */
function originOf(scheme: string, host: string): string | undefined {
  if (host === '') return undefined;
  try {
    const { origin, href } = new URL(`${scheme}://${host}`);
    // Else there was more than a host.
    return href === `${origin}/` ? origin : undefined;
  } catch {
    return undefined;
  }
}
