// For which scheme and which authority a request is, and whether this server answers for them (RFC 9110 7.1, 7.4). The
// one place that decides this, for the built-in response as for applications:
//
//   authority   that of a target in absolute-form, whatever Host says (RFC 9112 3.2.2); else that of Host
//   scheme      that of a target in absolute-form; else what a trusted proxy says; else the listener's
//
// A target with the scheme https is refused with 421 unless the request has come by https, to this server or to a trusted
// proxy. So is a request for a host that is not among the allowed ones, where there is such a list; then a request without
// a Host is for none of them. Without a list, and with targets that are paths, there is nothing to look at.

import type { Access } from '../connection/access.ts';
import type { Head } from '../connection/exchange.ts';
import { AllowedHosts } from './allowed-hosts.ts';
import { clientScheme, type Scheme, saysScheme } from './proxy.ts';

/** A target in absolute-form. */
export interface AbsoluteTarget {
  readonly scheme: Scheme;
  readonly authority: string;
  /** Path and query, either of which may be missing. */
  readonly rest: string;
}

export class Authority {
  private readonly hosts: AllowedHosts | undefined;
  /** The last answer of `hosts`, since the next request mostly is for the same. */
  private readonly last = { scheme: '', authority: '', allowed: false };

  /** @param listener the scheme by which requests come to this server */
  constructor(
    private readonly listener: Scheme,
    private readonly access: Access = { trustProxy: 0 },
  ) {
    const { allowedHosts } = access;
    this.hosts = allowedHosts && new AllowedHosts(allowedHosts);
  }

  /** Whether the path alone may decide what answers a request: any host is allowed. */
  get anyHost(): boolean {
    return this.hosts === undefined;
  }

  /** Whether a target with the scheme https may be one that this server answers for. */
  get maybeHttps(): boolean {
    return this.listener === 'https' || saysScheme(this.access);
  }

  /** Whether this server answers for the target of a request; if not, that is a 421. */
  answersFor(head: Head): boolean {
    if (head.originForm && this.hosts === undefined) return true;
    const target = absoluteTarget(head);
    if (target === undefined) return this.allows(this.schemeOf(head), hostOf(head));
    if (target.scheme === 'https' && this.schemeOf(head) !== 'https') return false;
    return this.allows(target.scheme, target.authority);
  }

  /** The scheme by which a request has come. */
  schemeOf(head: Head): Scheme {
    return clientScheme(head, this.access) ?? this.listener;
  }

  private allows(scheme: Scheme, authority: string): boolean {
    const { hosts, last } = this;
    if (hosts === undefined) return true;
    if (last.scheme !== scheme || last.authority !== authority)
      Object.assign(last, { scheme, authority, allowed: hosts.has(scheme, authority) });
    return last.allowed;
  }
}

/** The value of Host; empty where there is none. */
export function hostOf(head: Head): string {
  const index = head.findField('host');
  return index < 0 ? '' : head.fieldValue(index);
}

/** The parts of a target in absolute-form; undefined for the other forms. */
export function absoluteTarget(head: Head): AbsoluteTarget | undefined {
  if (head.originForm) return undefined;
  const parts = /^(https?):\/\/([^/?]*)(.*)$/i.exec(head.target);
  if (parts === null) return undefined;
  const [, scheme, authority, rest] = parts as unknown as [string, string, string, string];
  return { scheme: scheme.toLowerCase() as Scheme, authority, rest };
}

/** The head as its target means it: Host is that of a target in absolute-form (RFC 9112 3.2.2). */
export function headOfTarget(head: Head): Head {
  const target = absoluteTarget(head);
  return target === undefined ? head : new AbsoluteHead(head, target.authority);
}

/** A head with another value of Host. */
class AbsoluteHead implements Head {
  private readonly hostIndex: number;

  constructor(
    private readonly head: Head,
    private readonly host: string,
  ) {
    this.hostIndex = head.findField('host');
  }

  get method(): string {
    return this.head.method;
  }

  get target(): string {
    return this.head.target;
  }

  get originForm(): boolean {
    return this.head.originForm;
  }

  get versionMinor(): number {
    return this.head.versionMinor;
  }

  get fieldCount(): number {
    return this.head.fieldCount;
  }

  fieldName(index: number): string {
    return this.head.fieldName(index);
  }

  fieldValue(index: number): string {
    return index === this.hostIndex ? this.host : this.head.fieldValue(index);
  }

  findField(name: string, from?: number): number {
    return this.head.findField(name, from);
  }
}
