// Lines of JSON, with the names of pino where pino has a name.

import { type KeptBytes, keepLatin1 } from '../wasm/slot.ts';
import {
  type Entry,
  endOfTarget,
  ID_BYTES_MAX,
  KeptRoutes,
  keptJson,
  type LineContext,
  type LineFormat,
  METHOD_BYTES_MAX,
  NO_HEAD,
  PROTOCOLS,
  TARGET_BYTES_MAX,
} from './entry.ts';
import type { Line } from './line.ts';

/** The level of pino for information. */
const LEVEL_INFO = 30;
/** Times have this many digits until the year 2286. */
const TIME_DIGITS = 13;
const DIGIT_0 = 0x30;

const BEFORE_TIME = `{"level":${LEVEL_INFO},"time":`;
const METHOD = keepLatin1('","method":"');
const URL_NAME = keepLatin1('","url":"');
const PROTOCOL_AND_STATUS = PROTOCOLS.map((protocol) =>
  keepLatin1(`","protocol":"${protocol}","statusCode":`),
);
const BYTES = keepLatin1(',"bytes":');
const RESPONSE_TIME = keepLatin1(',"responseTime":');
const COMPLETED = keepLatin1(',"msg":"request completed"}\n');
const ABORTED = keepLatin1(',"msg":"request aborted"}\n');
const REFUSED = keepLatin1(',"msg":"request refused"}\n');

export class JsonFormat implements LineFormat {
  readonly needsFields = false;
  private readonly query: boolean;
  private readonly nextId: () => KeptBytes;
  /** From the start to the id. The digits of the time change. */
  private readonly start: KeptBytes;
  private readonly startBytes: Uint8Array;
  private startMs = 0;
  private readonly routes: KeptRoutes;
  private readonly reasons = new Map<string, KeptBytes>();

  constructor({ hostname, nextId, pid, query, routeOf, worker }: LineContext) {
    this.query = query;
    this.nextId = nextId;
    const { words, size } = keptJson(hostname);
    const host = Buffer.from(words.buffer, 0, size).toString('latin1');
    this.start = keepLatin1(
      `${BEFORE_TIME}${'0'.repeat(TIME_DIGITS)},"pid":${pid},"hostname":"${host}","worker":${worker},"reqId":"`,
    );
    this.startBytes = new Uint8Array(this.start.words.buffer);
    this.routes = new KeptRoutes((cells) => inQuotes(',"route":"', keptJson(routeOf(cells))));
  }

  write(line: Line, entry: Entry): void {
    const { complete, id, methodEnd, protocol, reason, source } = entry;
    if (entry.epochMs !== this.startMs) this.setTime(entry.epochMs);
    line.kept(this.start);
    if (id === undefined) line.kept(this.nextId());
    else line.text(id, ID_BYTES_MAX);
    if (methodEnd !== NO_HEAD) {
      line.kept(METHOD);
      line.span(source, entry.methodStart, methodEnd, METHOD_BYTES_MAX);
      line.kept(URL_NAME);
      line.span(source, entry.targetStart, endOfTarget(entry, this.query), TARGET_BYTES_MAX);
    }
    line.kept(PROTOCOL_AND_STATUS[protocol] as KeptBytes);
    line.digits(entry.statusCode, 3);
    line.kept(BYTES);
    line.decimal(entry.contentBytes);
    line.kept(RESPONSE_TIME);
    line.milliseconds(entry.durationMs);
    const { address } = entry;
    line.kept((address.kept ??= inQuotes(',"remoteAddress":"', keptJson(address.text))));
    line.kept(this.routes.of(entry.cells));
    if (reason !== undefined) line.kept(this.reason(reason));
    line.kept(reason !== undefined ? REFUSED : complete ? COMPLETED : ABORTED);
  }

  private setTime(epochMs: number): void {
    this.startMs = epochMs;
    let rest = epochMs;
    for (let i = BEFORE_TIME.length + TIME_DIGITS - 1; i >= BEFORE_TIME.length; i--) {
      const next = Math.floor(rest / 10);
      this.startBytes[i] = DIGIT_0 + (rest - next * 10);
      rest = next;
    }
  }

  private reason(text: string): KeptBytes {
    let kept = this.reasons.get(text);
    if (kept === undefined) {
      kept = inQuotes(',"reason":"', keptJson(text));
      this.reasons.set(text, kept);
    }
    return kept;
  }
}

function inQuotes(before: string, { words, size }: KeptBytes): KeptBytes {
  return keepLatin1(`${before}${Buffer.from(words.buffer, 0, size).toString('latin1')}"`);
}
