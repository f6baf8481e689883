// Lines for people: time, client, request, response, and what answered.

import { type KeptBytes, keepLatin1 } from '../wasm/slot.ts';
import {
  type Entry,
  endOfTarget,
  ID_BYTES_MAX,
  KeptRoutes,
  keptText,
  type LineContext,
  type LineFormat,
  METHOD_BYTES_MAX,
  NO_HEAD,
  PROTOCOLS,
  TARGET_BYTES_MAX,
} from './entry.ts';
import type { Line } from './line.ts';

const SPACE = keepLatin1(' ');
const QUOTE_BEFORE = keepLatin1(' "');
const PROTOCOL_AND_QUOTE = PROTOCOLS.map((protocol) => keepLatin1(` ${protocol}" `));
const NO_REQUEST = keepLatin1(' "-" ');
const BYTES = keepLatin1(' bytes ');
const ABORTED = keepLatin1(', aborted');
const LF = keepLatin1('\n');

export class TextFormat implements LineFormat {
  readonly needsFields = false;
  private readonly query: boolean;
  private readonly nextId: () => KeptBytes;
  private time: KeptBytes = keepLatin1('');
  private timeMs = -1;
  private readonly beforeId: KeptBytes;
  private readonly routes: KeptRoutes;

  constructor({ nextId, query, routeOf, worker }: LineContext) {
    this.query = query;
    this.nextId = nextId;
    this.beforeId = keepLatin1(`, worker ${worker}, id `);
    this.routes = new KeptRoutes((cells) => after(' ms, route ', keptText(routeOf(cells))));
  }

  write(line: Line, entry: Entry): void {
    const { address, epochMs, id, methodEnd, reason, source } = entry;
    if (epochMs !== this.timeMs) {
      this.timeMs = epochMs;
      this.time = keepLatin1(`${new Date(epochMs).toISOString()} `);
    }
    line.kept(this.time);
    line.kept((address.kept ??= keptText(address.text || 'unix:')));
    if (methodEnd === NO_HEAD) line.kept(NO_REQUEST);
    else {
      line.kept(QUOTE_BEFORE);
      line.span(source, entry.methodStart, methodEnd, METHOD_BYTES_MAX);
      line.kept(SPACE);
      line.span(source, entry.targetStart, endOfTarget(entry, this.query), TARGET_BYTES_MAX);
      line.kept(PROTOCOL_AND_QUOTE[entry.protocol] as KeptBytes);
    }
    line.digits(entry.statusCode, 3);
    line.kept(SPACE);
    line.decimal(entry.contentBytes);
    line.kept(BYTES);
    line.milliseconds(entry.durationMs);
    line.kept(this.routes.of(entry.cells));
    line.kept(this.beforeId);
    if (id === undefined) line.kept(this.nextId());
    else line.text(id, ID_BYTES_MAX);
    if (reason !== undefined) line.kept(after(', refused: ', keptText(reason)));
    else if (!entry.complete) line.kept(ABORTED);
    line.kept(LF);
  }
}

function after(before: string, { words, size }: KeptBytes): KeptBytes {
  return keepLatin1(before + Buffer.from(words.buffer, 0, size).toString('latin1'));
}
