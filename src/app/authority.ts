// Decides which scheme and authority a request is for, and whether this server answers for them (RFC 9110 7.1, 7.4).
// The built-in response and applications both ask here:
//
//   authority   from a target in absolute-form, whatever Host says (RFC 9112 3.2.2); otherwise from Host
//   scheme      from a target in absolute-form; otherwise from a trusted proxy; otherwise the listener's
//
// A target with the scheme https gets a 421 unless the request came by https, to this server or to a trusted proxy. A
// target with the scheme http is answered by https, too: encryption breaks no requirement of http. With a list of allowed
// hosts, a request for any other host gets a 421, and so does a request without a Host. Without a list, a request whose
// target is a path needs no check.

import type { Access } from '../connection/access.ts';
import type { Exchange, Head } from '../connection/exchange.ts';
import { clientScheme, type Scheme, saysScheme } from '../connection/proxy.ts';
import { AllowedHosts } from './allowed-hosts.ts';

/** A target in absolute-form. */
export interface AbsoluteTarget {
  readonly scheme: Scheme;
  readonly authority: string;
  /** Path and query. Either may be missing. */
  readonly rest: string;
}

/** What an exchange says of the way that its request came. */
export type Received = Pick<Exchange, 'head' | 'scheme'>;

export class Authority {
  private readonly hosts: AllowedHosts | undefined;
  /** The last result of `hosts`, kept because most requests are for the same host as the one before. */
  private readonly last = { scheme: '', authority: '', allowed: false };

  constructor(private readonly access: Access = { trustProxy: 0 }) {
    const { allowedHosts } = access;
    this.hosts = allowedHosts && new AllowedHosts(allowedHosts);
  }

  /** Whether any host is allowed, so that the path alone may decide what answers a request. */
  get anyHost(): boolean {
    return this.hosts === undefined;
  }

  /** Whether this server may have to answer a target with the scheme https. */
  get maybeHttps(): boolean {
    return this.access.speaksTls === true || saysScheme(this.access);
  }

  /** Whether this server answers for the target of a request. If not, the response is a 421. */
  answersFor(received: Received): boolean {
    const { head } = received;
    if (head.originForm && this.hosts === undefined) return true;
    const target = absoluteTarget(head);
    if (target === undefined) return this.allows(this.schemeOf(received), head.host);
    if (target.scheme === 'https' && this.schemeOf(received) !== 'https') return false;
    return this.allows(target.scheme, target.authority);
  }

  /** The scheme by which a request came. */
  schemeOf(received: Received): Scheme {
    return schemeOf(received, this.access);
  }

  private allows(scheme: Scheme, authority: string): boolean {
    const { hosts, last } = this;
    if (hosts === undefined) return true;
    if (last.scheme !== scheme || last.authority !== authority)
      Object.assign(last, { scheme, authority, allowed: hosts.has(scheme, authority) });
    return last.allowed;
  }
}

/** The scheme by which the client of an exchange came: to a trusted proxy that reports it, otherwise to the listener. */
export function schemeOf({ head, scheme }: Received, access: Access): Scheme {
  return clientScheme(head, access) ?? scheme;
}

/** The parts of a target in absolute-form; undefined for the other forms. */
export function absoluteTarget(head: Head): AbsoluteTarget | undefined {
  if (head.originForm) return undefined;
  const parts = /^(https?):\/\/([^/?]*)(.*)$/i.exec(head.target);
  if (parts === null) return undefined;
  const [, scheme, authority, rest] = parts as unknown as [string, string, string, string];
  return { scheme: scheme.toLowerCase() as Scheme, authority, rest };
}

/** The head with the Host that its target asks for: a target in absolute-form replaces it (RFC 9112 3.2.2). */
export function headOfTarget(head: Head): Head {
  const target = absoluteTarget(head);
  return target === undefined ? head : new AbsoluteHead(head, target.authority);
}

/** A head with another value of Host. */
class AbsoluteHead implements Head {
  private readonly hostIndex: number;

  constructor(
    private readonly head: Head,
    readonly host: string,
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
