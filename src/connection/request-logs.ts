// Chooses the logs of the requests of a connection.

import { AccessRequests, type Peer } from './access-requests.ts';
import type { Endpoint } from './endpoint.ts';
import type { MeasuredRequest } from './measured-request.ts';
import type { Plane } from './plane.ts';
import { RequestLines } from './request-lines.ts';
import type { RequestLog } from './request-log.ts';

/**
 * Makes the log of a connection, or of one stream of HTTP/2; undefined if requests are not logged.
 * @param name address and port of the peer, for the tutorial's lines
 * @param version of HTTP, if it is not the one in the request line
 */
export function requestLogOf(
  plane: Plane,
  peer: Peer,
  endpoint: Endpoint,
  name: string,
  version?: '2',
): RequestLog | undefined {
  const { accessLog, log } = plane;
  const lines = log.requests ? new RequestLines(plane, endpoint, name, version) : undefined;
  const access = accessLog && new AccessRequests(plane, accessLog, peer, version);
  return lines !== undefined && access !== undefined ? new TwoLogs(lines, access) : (lines ?? access);
}

/** Both logs. */
class TwoLogs implements RequestLog {
  constructor(
    private readonly one: RequestLog,
    private readonly other: RequestLog,
  ) {}

  turnBegins(): void {
    this.one.turnBegins();
    this.other.turnBegins();
  }

  served(): void {
    this.one.served();
    this.other.served();
  }

  turnEnds(): void {
    this.one.turnEnds();
    this.other.turnEnds();
  }

  refused(error: number, bytes: number, request?: MeasuredRequest): void {
    this.one.refused(error, bytes, request);
    this.other.refused(error, bytes, request);
  }

  built(index: number, bytes: number, request: MeasuredRequest): void {
    this.one.built(index, bytes, request);
    this.other.built(index, bytes, request);
  }

  began(statusCode: number, headBytes: number): void {
    this.one.began(statusCode, headBytes);
    this.other.began(statusCode, headBytes);
  }

  hasContent(content: string | Uint8Array, bytes: number): void {
    this.one.hasContent(content, bytes);
    this.other.hasContent(content, bytes);
  }

  ended(request: MeasuredRequest, complete: boolean, bytes?: number): void {
    this.one.ended(request, complete, bytes);
    this.other.ended(request, complete, bytes);
  }

  upgraded(request: MeasuredRequest): void {
    this.one.upgraded(request);
    this.other.upgraded(request);
  }
}
