// The lines of the access log for the requests of one connection, or of one stream of HTTP/2. A request stays in the slot
// while its turn lasts; a request that is answered later keeps a copy of its method and target.

import { CLIENT_GONE, type Entry, LoggedAddress, NO_HEAD, type Protocol } from '../logs/entry.ts';
import { refusalOf, refusalText, statusCodeOf } from '../protocol/errors.ts';
import { EventCursor } from '../wasm/events.ts';
import type { AccessLog, FieldParts } from './access-log.ts';
import type { MeasuredRequest } from './measured-request.ts';
import type { Plane } from './plane.ts';
import type { RequestLog } from './request-log.ts';

const CR = 0x0d;
const LF = 0x0a;
/** Where the status code begins in a status line. */
const STATUS_OFFSET = 9;
const DIGIT_0 = 0x30;
const HTTP_2 = 2;
const SWITCHING_PROTOCOLS = 101;
const NOTHING = new Uint8Array(0);

/** The connection, whose address is read when it is logged. */
export interface Peer {
  readonly remoteAddress: string;
}

export class AccessRequests implements RequestLog, Entry {
  epochMs = 0;
  source: Uint8Array = NOTHING;
  methodStart = 0;
  methodEnd = NO_HEAD;
  targetStart = 0;
  targetEnd = 0;
  protocol: Protocol;
  statusCode = 0;
  contentBytes = 0;
  durationMs = 0;
  cells: number;
  id: string | undefined = undefined;
  reason: string | undefined = undefined;
  complete = true;
  referer = '';
  agent = '';
  /** A request has begun, and has no line. */
  private open = false;
  /** The head has been built. */
  private answered = false;
  /** When the turn began, and when the turn of the open request did, in monotonic milliseconds. */
  private turnMs = 0;
  private begunMs = 0;
  private peerAddress: LoggedAddress | undefined = undefined;
  /** The address that a proxy has passed with the open request, and the last one. */
  private clientAddress: LoggedAddress | undefined = undefined;
  private lastClient: LoggedAddress | undefined = undefined;
  private readonly events: EventCursor;

  /** @param version of HTTP, if it is not the one in the request line */
  constructor(
    private readonly plane: Plane,
    private readonly log: AccessLog,
    private readonly peer: Peer,
    private readonly version?: '2',
  ) {
    this.events = new EventCursor(plane.slot.views, plane.slot.pointer);
    this.protocol = version === '2' ? HTTP_2 : 1;
    this.cells = plane.noRouteCells;
  }

  get address(): LoggedAddress {
    return this.clientAddress ?? this.ofPeer;
  }

  private get ofPeer(): LoggedAddress {
    return (this.peerAddress ??= new LoggedAddress(this.peer.remoteAddress));
  }

  turnBegins(): void {
    this.turnMs = this.plane.clock.readMs();
  }

  served(): void {
    const { events } = this;
    const { count } = events;
    for (let i = 0; i < count; i++) {
      events.goTo(i);
      if (events.head !== 0) this.begin();
      if (events.response === 0) continue;
      this.cells = events.cells;
      if (events.error !== 0) this.reason = refusalText(events.error);
      this.timed(this.turnMs);
      this.ofEngine(events.response, events.responseBytes);
    }
  }

  turnEnds(): void {
    const { source, methodStart } = this;
    if (!this.open || source !== this.plane.slot.views.bytes) return;
    this.source = this.plane.slot.copy(methodStart, this.targetEnd);
    // The system forgets the address of a peer that has gone.
    this.peerAddress ??= new LoggedAddress(this.peer.remoteAddress);
    this.methodStart = 0;
    this.methodEnd -= methodStart;
    this.targetStart -= methodStart;
    this.targetEnd -= methodStart;
  }

  refused(error: number, bytes: number, request?: MeasuredRequest): void {
    this.reason = refusalText(error);
    this.statusCode = statusCodeOf(error);
    this.ends(request);
    this.ofEngine(this.plane.outputs.position - bytes, bytes);
  }

  built(index: number, bytes: number, request: MeasuredRequest): void {
    this.reason = refusalOf(index);
    this.ends(request);
    this.ofEngine(this.plane.outputs.position - bytes, bytes);
  }

  began(statusCode: number): void {
    this.answered = true;
    this.statusCode = statusCode;
  }

  hasContent(_content: string | Uint8Array, bytes: number): void {
    this.contentBytes = bytes;
  }

  ended(request: MeasuredRequest, complete: boolean, bytes = 0): void {
    if (!this.open) return;
    this.contentBytes += bytes;
    this.complete = complete;
    if (!this.answered) this.statusCode = CLIENT_GONE;
    this.ends(request);
    this.write();
  }

  upgraded(request: MeasuredRequest): void {
    this.statusCode = SWITCHING_PROTOCOLS;
    this.ends(request);
    this.write();
  }

  /** A request begins, at the event at hand. */
  private begin(): void {
    const { events, log, plane } = this;
    this.open = true;
    this.begunMs = this.turnMs;
    this.source = plane.slot.views.bytes;
    this.methodStart = events.methodStart;
    this.methodEnd = this.methodStart + events.methodBytes;
    this.targetStart = events.targetStart;
    this.targetEnd = this.targetStart + events.targetBytes;
    if (this.version === undefined) this.protocol = events.versionMinor as Protocol;
    if (log.readsFields) this.has(log.fieldsOf(plane.slot.requestHead(), this.ofPeer.text));
  }

  private has({ address, agent, id, referer }: FieldParts): void {
    this.agent = agent;
    this.id = id;
    this.referer = referer;
    if (address === undefined || address === this.ofPeer.text) return;
    if (address !== this.lastClient?.text) this.lastClient = new LoggedAddress(address);
    this.clientAddress = this.lastClient;
  }

  /** The response is complete now. @param request of the application, if one is answered */
  private ends(request: MeasuredRequest | undefined): void {
    this.timed(this.plane.clock.readMs());
    if (request === undefined) return;
    this.cells = request.routeCells;
    this.id = request.requestId ?? this.id;
  }

  private timed(nowMs: number): void {
    this.epochMs = this.plane.clock.epochOf(nowMs);
    this.durationMs = this.open ? nowMs - this.begunMs : 0;
  }

  /** Writes the line of a response that the engine has built. */
  private ofEngine(response: number, bytes: number): void {
    const memory = this.plane.slot.views.bytes;
    const status = response + STATUS_OFFSET;
    this.statusCode =
      ((memory[status] as number) - DIGIT_0) * 100 +
      ((memory[status + 1] as number) - DIGIT_0) * 10 +
      (memory[status + 2] as number) -
      DIGIT_0;
    this.contentBytes = response + bytes - endOfHead(memory, response);
    this.write();
  }

  private write(): void {
    this.log.write(this);
    this.open = false;
    this.answered = false;
    this.methodEnd = NO_HEAD;
    this.source = NOTHING;
    this.contentBytes = 0;
    this.complete = true;
    this.reason = undefined;
    this.id = undefined;
    this.clientAddress = undefined;
    this.referer = '';
    this.agent = '';
    this.cells = this.plane.noRouteCells;
  }
}

/** Finds the end of a head, by looking at every third byte or fewer. */
function endOfHead(memory: Uint8Array, start: number): number {
  // The last byte of the empty line that is looked for.
  let at = start + 3;
  for (;;) {
    const byte = memory[at] as number;
    if (byte === CR) at++;
    else if (byte !== LF) at += 4;
    else if (memory[at - 2] === LF && memory[at - 1] === CR && memory[at - 3] === CR) return at + 1;
    else at += 2;
  }
}
