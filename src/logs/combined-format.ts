// The combined format of nginx and Apache:
//
//   client - - [time] "request-line" status bytes "Referer" "User-Agent"
//
// Bytes are escaped as nginx does it. A part that is missing is a hyphen.

import { type KeptBytes, keepLatin1 } from '../wasm/slot.ts';
import {
  type Entry,
  endOfTarget,
  FIELD_BYTES_MAX,
  keptText,
  type LineContext,
  type LineFormat,
  loggedUrl,
  METHOD_BYTES_MAX,
  NO_HEAD,
  PROTOCOLS,
  TARGET_BYTES_MAX,
} from './entry.ts';
import type { Line } from './line.ts';

const SPACE = keepLatin1(' ');
const PROTOCOL_AND_QUOTE = PROTOCOLS.map((protocol) => keepLatin1(` ${protocol}" `));
const NO_REQUEST = keepLatin1('-" ');
const BEFORE_REFERER = keepLatin1(' "');
const BEFORE_AGENT = keepLatin1('" "');
const END = keepLatin1('"\n');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export class CombinedFormat implements LineFormat {
  readonly needsFields = true;
  private readonly query: boolean;
  private time: KeptBytes = keepLatin1('');
  private second = -1;

  constructor({ query }: LineContext) {
    this.query = query;
  }

  write(line: Line, entry: Entry): void {
    const { address, epochMs, methodEnd, source } = entry;
    const second = Math.floor(epochMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.time = keepLatin1(` - - [${localTime(new Date(epochMs))}] "`);
    }
    line.kept((address.kept ??= keptText(address.text || 'unix:')));
    line.kept(this.time);
    if (methodEnd === NO_HEAD) line.kept(NO_REQUEST);
    else {
      line.span(source, entry.methodStart, methodEnd, METHOD_BYTES_MAX);
      line.kept(SPACE);
      line.span(source, entry.targetStart, endOfTarget(entry, this.query), TARGET_BYTES_MAX);
      line.kept(PROTOCOL_AND_QUOTE[entry.protocol] as KeptBytes);
    }
    line.digits(entry.statusCode, 3);
    line.kept(SPACE);
    line.decimal(entry.contentBytes);
    line.kept(BEFORE_REFERER);
    line.text(loggedUrl(entry.referer, this.query) || '-', FIELD_BYTES_MAX);
    line.kept(BEFORE_AGENT);
    line.text(entry.agent || '-', FIELD_BYTES_MAX);
    line.kept(END);
  }
}

/** 28/Nov/2026:01:28:50 +0000 */
function localTime(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}
