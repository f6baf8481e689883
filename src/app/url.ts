// The URL of a request (RFC 9110 7.1, RFC 9112 3.3). `new URL()` accepts it and does not change it. Its path is in normal
// form (path.ts). Its scheme and host depend on the target:
//
//   /path           the listener's scheme, or the one that a trusted proxy reports, and the Host. Two slashes at the
//                   beginning belong to the path; they begin no authority.
//   http://a/path   those of the target, whatever Host (RFC 9112 3.2.2) and proxies say
//   *               as for /path; the path is empty (RFC 9112 3.3), which is written as "/"
//
// When there is no Host, or one that no URL can have, such as 1.2.3.4.5 or a:99999, the server's own host is used.

import type { Scheme } from '../connection/proxy.ts';
import { urlOfAuthority } from './allowed-hosts.ts';
import { type Authority, absoluteTarget, type Received } from './authority.ts';
import { decodeUnreserved, isUsual } from './path.ts';

/** URLs of longer targets are not kept. */
const KEPT_TARGET_MAX = 64;

/** A URL that was built, with what it was built from. */
interface KeptUrl {
  origin: string;
  target: string;
  url: string;
}

/** Builds the URLs of a server's requests, and remembers the last origin, and the last URL for each size of a target. */
export class Origin {
  private readonly authority: Authority;
  private readonly ownHost: string;
  // The values of the last request, since the next one mostly has the same.
  private lastScheme: Scheme | undefined;
  private lastHost = '';
  private lastOrigin = '';
  private readonly kept: readonly KeptUrl[] = Array.from({ length: KEPT_TARGET_MAX + 1 }, () => ({
    origin: '',
    target: '',
    url: '',
  }));

  /**
   * @param ownHost the server's own name or address, with its port
   * @throws TypeError when no URL can have that host
   */
  constructor(authority: Authority, ownHost: string) {
    if (urlOfAuthority('http', ownHost) === undefined)
      throw new TypeError(`'${ownHost}' can't be the host of a URL`);
    this.authority = authority;
    this.ownHost = ownHost;
  }

  /** Builds the URL of a request that this server answers for. Never throws for a head that the parser accepted. */
  urlOf(received: Received): string {
    const { head } = received;
    if (head.originForm) {
      const { target } = head;
      const origin = this.originOf(this.authority.schemeOf(received), head.host);
      const kept = this.kept[target.length];
      if (kept === undefined) return urlIn(origin, target);
      if (kept.target !== target || kept.origin !== origin) {
        kept.url = urlIn(origin, target);
        kept.target = target;
        kept.origin = origin;
      }
      return kept.url;
    }
    const target = absoluteTarget(head);
    if (target === undefined) return `${this.originOf(this.authority.schemeOf(received), head.host)}/`;
    return new URL(this.originOf(target.scheme, target.authority) + normalTarget(target.rest)).href;
  }

  private originOf(scheme: Scheme, host: string): string {
    if (host !== this.lastHost || scheme !== this.lastScheme) {
      this.lastScheme = scheme;
      this.lastHost = host;
      const url = urlOfAuthority(scheme, host) ?? (urlOfAuthority(scheme, this.ownHost) as URL);
      this.lastOrigin = url.origin;
    }
    return this.lastOrigin;
  }
}

/** Builds the URL of a target in origin-form. */
function urlIn(origin: string, target: string): string {
  return isUsual(target) ? origin + target : new URL(origin + normalTarget(target)).href;
}

/** Decodes the unreserved characters in the path of a target. URL then removes dot segments and encodes the rest. */
function normalTarget(target: string): string {
  const query = target.indexOf('?');
  return query < 0
    ? decodeUnreserved(target)
    : decodeUnreserved(target.slice(0, query)) + target.slice(query);
}
