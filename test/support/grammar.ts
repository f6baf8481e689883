// Some rules of the grammar for the second time, as regular expressions that follow the RFCs line by line, so that tests
// and the fuzzer know which side of a disagreement is right.

import { CHUNK_SIZE_DIGITS_MAX } from '../../src/memory/layout.ts';

/** RFC 9110 5.6.2, 5.6.3 and 5.6.4. */
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const OWS = '[\\t ]*';
const QUOTED_STRING = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const VALUE = `(?:${TOKEN}|${QUOTED_STRING})`;

/** RFC 9112 7.1.1. */
const CHUNK_EXTENSION = `${OWS};${OWS}${TOKEN}(?:${OWS}=${OWS}${VALUE})?`;
const CHUNK_LINE = new RegExp(`([\\da-f]{1,${CHUNK_SIZE_DIGITS_MAX}})((?:${CHUNK_EXTENSION})*)\\r\\n`, 'iy');

/** Returns the line at `at` that begins a chunk, or undefined if there is none. */
export function chunkLine(
  text: string,
  at: number,
): { bytes: number; size: number; extension: string } | undefined {
  CHUNK_LINE.lastIndex = at;
  const found = CHUNK_LINE.exec(text);
  if (found === null) return undefined;
  const [line, digits, extension] = found as unknown as [string, string, string];
  return { bytes: line.length, size: Number.parseInt(digits, 16), extension };
}

/** Whether each chunk begins with a line as RFC 9112 7.1 defines it, up to the last chunk or the end of the text. */
export function hasChunkLines(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const line = chunkLine(text, at);
    // An incomplete line is judged when it is complete.
    if (line === undefined) return !text.includes('\r\n', at);
    if (line.size === 0) break;
    at += line.bytes + line.size + 2;
  }
  return true;
}

/** RFC 9112 7: a coding, and the comma or the end behind it. */
const CODING = new RegExp(`(${TOKEN})((?:${OWS};${OWS}${TOKEN}${OWS}=${OWS}${VALUE})*)${OWS}(?:,|$)`, 'y');

/** Reads all lines of Transfer-Encoding (RFC 9112 6.1, 6.3, 7.1): the content is chunked, has another coding, or neither. */
export function transferCoding(lines: readonly string[]): 'chunked' | 'coded' | 'unclear' {
  const codings: string[] = [];
  for (const line of lines)
    for (let at = 0; ; ) {
      at += (/^[\t ,]*/.exec(line.slice(at)) as RegExpExecArray)[0].length;
      if (at === line.length) break;
      CODING.lastIndex = at;
      const [text, name, parameters] = CODING.exec(line) ?? [];
      if (text === undefined) return 'unclear';
      codings.push(`${name?.toLowerCase()}${parameters}`);
      at += text.length;
    }
  if (codings.findIndex((coding) => /^chunked(;|[\t ]|$)/.test(coding)) !== codings.length - 1)
    return 'unclear';
  if (codings.at(-1) !== 'chunked') return 'unclear';
  return codings.length === 1 ? 'chunked' : 'coded';
}

/** RFC 9110 8.8.3, and the comma or the end behind it. */
const LISTED_TAG = new RegExp(`(?:W/)?("[!#-~\\x80-\\xff]*")${OWS}(?:,|$)`, 'y');

/** Whether lines of If-None-Match hold this opaque-tag, or match every tag (RFC 9110 13.1.2). */
export function noneMatchHolds(lines: readonly string[], tag: string): boolean {
  const tags: string[] = [];
  for (const line of lines)
    for (let at = 0; ; ) {
      at += (/^[\t ,]*/.exec(line.slice(at)) as RegExpExecArray)[0].length;
      if (at === line.length) break;
      LISTED_TAG.lastIndex = at;
      const [text, opaque] = LISTED_TAG.exec(line) ?? /^(\*)[\t ]*(?:,|$)/.exec(line.slice(at)) ?? [];
      if (text === undefined) return false;
      tags.push(opaque as string);
      at += text.length;
    }
  return tags.includes('*') ? tags.length === 1 : tags.includes(tag);
}

/** RFC 9110 5.6.7. */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';
const DATES = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/** Returns the seconds since 1970 of an HTTP-date, or NaN. @param nowMs decides the century of a year with two digits */
export function httpDateSeconds(value: string, nowMs: number): number {
  const { groups } = DATES.map((form) => form.exec(value)).find((found) => found !== null) ?? {};
  if (groups === undefined) return Number.NaN;
  const [day, hour, minute, second] = [groups.day, groups.hour, groups.minute, groups.second].map(Number);
  const month = MONTHS.indexOf(groups.month as string);
  const secondsOf = (year: number): number => {
    const date = new Date(0);
    date.setUTCFullYear(year, month, day);
    if (date.getUTCMonth() !== month) return Number.NaN;
    return date.setUTCHours(hour as number, minute as number, second as number) / 1000;
  };
  const year = Number(groups.year);
  if (day === 0) return Number.NaN;
  if ((groups.year as string).length > 2) return secondsOf(year);
  const ahead = new Date(0);
  ahead.setUTCFullYear(2000 + year - 50, month, day);
  ahead.setUTCHours(hour as number, minute as number, second as number);
  return secondsOf(ahead.getTime() > nowMs ? 1900 + year : 2000 + year);
}

/** RFC 3986 3.2.2, alternative by alternative. */
const H16 = '[\\da-f]{1,4}';
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const IPV6 = [
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join('|');
const IPV_FUTURE = "v[\\da-f]+\\.[\\w.~!$&'()*+,;=:-]+";
const REG_NAME = "(?:[\\w.~!$&'()*+,;=-]|%[\\da-f]{2})*";
const AUTHORITY = new RegExp(`^(?:\\[(?:${IPV6}|${IPV_FUTURE})\\]|${REG_NAME})(?::\\d*)?$`, 'i');

/** Whether Host may have this value (RFC 9110 7.2). */
export function isHostValue(value: string): boolean {
  return AUTHORITY.test(value);
}

/** Whether a target in absolute-form may have this authority, which needs a host (RFC 9110 4.2.1). */
export function isAuthority(authority: string): boolean {
  return AUTHORITY.test(authority) && !/^(:|$)/.test(authority);
}
