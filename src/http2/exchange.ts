// A request of HTTP/2, over a stream of node:http2: its content, its deadline, and its ends. The response is in response.ts.

import type { ServerHttp2Stream } from 'node:http2';
import { Deadline } from '../connection/deadlines.ts';
import type { Exchange } from '../connection/exchange.ts';
import type { ContentSource, ReceivedContent } from '../connection/received-content.ts';
import type { RequestLog } from '../connection/request-log.ts';
import { summaryOf } from '../connection/request-summary.ts';
import type { RequestUnderWay } from '../connection/request-under-way.ts';
import { ERROR_HANDLER_TIMEOUT, ERROR_TIMEOUT } from '../memory/codes.ts';
import { refusalText } from '../protocol/errors.ts';
import { abortError, BodyError, unreadError } from '../protocol/request-errors.ts';
import type { TlsConnection } from '../tls/tls-connection.ts';
import type { RecordHead } from '../wasm/head.ts';
import { Incoming, type IncomingHost } from './incoming.ts';
import { ResponseOfStream } from './response.ts';
import type { ExchangeOwner } from './shared.ts';

/** Error codes of RFC 9113 7. */
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const CANCEL = 8;

export class Http2Exchange
  extends ResponseOfStream
  implements Exchange, ContentSource, IncomingHost, RequestUnderWay
{
  readonly scheme = 'https';
  readonly httpVersion = '2';
  readonly deadline: Deadline;
  private incoming: Incoming | undefined = undefined;
  /** Index of the prepared response that follows the content. */
  private prepared: number | undefined = undefined;

  constructor(
    owner: ExchangeOwner,
    stream: ServerHttp2Stream,
    readonly head: RecordHead,
    headOnly: boolean,
    requestLog: RequestLog | undefined,
  ) {
    super(owner, stream, headOnly, requestLog);
    this.deadline = new Deadline(owner.shared.plane);
    stream.on('close', () => this.closed());
  }

  get remoteAddress(): string {
    return this.owner.remoteAddress;
  }

  get tls(): TlsConnection {
    return this.owner.tls;
  }

  /** The application gets the request, whose record is in the slot. */
  handedOver(): void {
    this.measure(this.owner.shared.plane);
  }

  /** The content is received from now on. */
  receive(content: ReceivedContent): void {
    this.content = content;
    this.incoming = new Incoming(this.stream, content, this.owner.shared.limits, this);
  }

  /** Discards what comes as content: its length is 0. */
  discardContent(): void {
    this.stream.resume();
  }

  /** Answers with prepared response `index` when the content has been received, and discarded. */
  answerBehind(content: ReceivedContent, index: number): void {
    const { plane } = this.owner.shared;
    this.measure(plane, plane.slot.prepared.cellsOf(index));
    this.returned();
    this.prepared = index;
    this.receive(content);
    content.cancel();
    this.awaitNext();
  }

  received(bytes: number): void {
    this.awaitNext(bytes);
  }

  complete(): void {
    if (this.prepared !== undefined) this.answer(this.prepared);
    else if (!this.over) this.awaitNext();
  }

  broke(error: number): void {
    this.contentBroke(error);
  }

  contentWanted(): void {
    const { content } = this;
    if (this.over) return;
    if (content?.expectsContinue) this.inform(100, '');
    this.incoming?.resume();
    if (this.deadline.awaitsApplication) this.awaitNext();
  }

  upgrade(): void {
    throw new Error('a request of HTTP/2 cannot be upgraded to another protocol (RFC 9113 8.6)');
  }

  /** Ends the request without a complete response. */
  destroy(): void {
    this.reset(CANCEL);
  }

  abort(reason: Error): void {
    if (this.aborted !== undefined || this.over) return;
    this.content?.fail(reason);
    this.tellAborted(reason);
  }

  /** @param bytes of content received since the last call */
  awaitNext(bytes = 0): void {
    if (this.awaitsContent) this.deadline.awaitContent(bytes);
    else this.deadline.awaitApplication(false);
  }

  protected awaitPeer(): void {
    this.deadline.awaitPeer();
  }

  protected peerHasRead(): void {
    this.deadline.peerHasRead();
  }

  /** Acts on the deadline, which has passed. */
  expire(): void {
    // The client reads not even the reset.
    if (this.outgoing.cut) this.owner.destroy();
    else if (this.answered || this.outgoing.waitingBytes > 0)
      this.giveUp(abortError('ERR_WRITE_TIMEOUT', 'the client did not read the response in time'), CANCEL);
    else if (this.awaitsContent) this.contentBroke(ERROR_TIMEOUT);
    else this.late();
  }

  protected responded(): void {
    const { content } = this;
    this.incoming?.stop();
    if (!content?.unfinished) return;
    content.fail(unreadError());
    this.outgoing.stopReceiving();
  }

  /** More of the request's content is awaited from the client. */
  private get awaitsContent(): boolean {
    const { content } = this;
    return content?.unfinished === true && content.hungry && !content.expectsContinue && !this.answered;
  }

  /** Ends a request whose content is not allowed, or does not come. */
  private contentBroke(error: number): void {
    const reason = new BodyError(error);
    this.incoming?.stop();
    this.content?.fail(reason);
    if (this.unanswered) {
      this.refuse(error);
      this.tellAborted(reason);
      this.tellGone();
    } else if (!this.over) this.awaitNext();
  }

  /** Ends a request that the application has not answered in time, or a response that has made no progress for too long. */
  private late(): void {
    const { log, slot } = this.owner.shared.plane;
    const reason = abortError('ERR_HANDLER_TIMEOUT', refusalText(ERROR_HANDLER_TIMEOUT));
    log.handlerLate(summaryOf(this.head), this.begun);
    if (this.begun) {
      this.giveUp(reason, INTERNAL_ERROR);
      return;
    }
    slot.statistics.refused();
    slot.figures.refused(ERROR_HANDLER_TIMEOUT);
    this.abort(reason);
    if (this.unanswered) this.answer(-ERROR_HANDLER_TIMEOUT);
  }

  /** Ends the exchange without a complete response. */
  private giveUp(reason: Error, code: number): void {
    this.abort(reason);
    this.reset(code);
    this.gone(reason);
  }

  /** The stream is closed: nothing more is sent or received. */
  private closed(): void {
    const { outgoing, over, owner, stream } = this;
    this.incoming?.stop();
    // An error takes time to make, and most streams close after their response.
    if (!over || !outgoing.empty) {
      const reason = abortError(
        'ERR_CLIENT_GONE',
        'the client took back the request, or closed the connection',
      );
      this.gone(reason);
      outgoing.drop(reason);
    }
    owner.streamClosed(this, !outgoing.cut && (!over || stream.rstCode !== NO_ERROR));
  }
}
