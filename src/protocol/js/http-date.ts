// Parses HTTP-date in its three forms (RFC 9110 5.6.7); twin of assembly/http-date.ts.

import { COLON, isDigit, SP } from './chars.ts';
import { ascii, matches } from './scanner.ts';

const IMF_BYTES = 29;
const ASCTIME_BYTES = 24;
/** Size of a date in the form of RFC 850 without the day name. */
const RFC_850_REST_BYTES = 24;

const HYPHEN = 0x2d;
const COMMA_SP = ascii(', ');
const GMT = ascii(' GMT');
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'].map(ascii);
const DAYS = LONG_DAYS.map((name) => name.subarray(0, 3));
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
  ascii,
);
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Returns the date in [cursor, end) in seconds since 1970, or NaN when it is malformed.
 * @param now the current time in the same unit, to expand years of two digits
 */
export function parseHttpDate(bytes: Uint8Array, cursor: number, end: number, now: number): number {
  const size = end - cursor;
  if (size === IMF_BYTES) return imfDate(bytes, cursor);
  if (size === ASCTIME_BYTES) return asctimeDate(bytes, cursor);
  return rfc850Date(bytes, cursor, size - RFC_850_REST_BYTES, now);
}

function imfDate(bytes: Uint8Array, cursor: number): number {
  if (indexOf(DAYS, bytes, cursor) < 0 || !matches(bytes, cursor + 3, COMMA_SP)) return Number.NaN;
  if (bytes[cursor + 7] !== SP || bytes[cursor + 11] !== SP || bytes[cursor + 16] !== SP) return Number.NaN;
  if (!matches(bytes, cursor + 25, GMT)) return Number.NaN;
  return seconds(
    fourDigits(bytes, cursor + 12),
    indexOf(MONTHS, bytes, cursor + 8),
    twoDigits(bytes, cursor + 5),
    timeOfDay(bytes, cursor + 17),
  );
}

function asctimeDate(bytes: Uint8Array, cursor: number): number {
  if (indexOf(DAYS, bytes, cursor) < 0 || bytes[cursor + 3] !== SP || bytes[cursor + 7] !== SP)
    return Number.NaN;
  if (bytes[cursor + 10] !== SP || bytes[cursor + 19] !== SP) return Number.NaN;
  return seconds(
    fourDigits(bytes, cursor + 20),
    indexOf(MONTHS, bytes, cursor + 4),
    bytes[cursor + 8] === SP ? digit(bytes, cursor + 9) : twoDigits(bytes, cursor + 8),
    timeOfDay(bytes, cursor + 11),
  );
}

function rfc850Date(bytes: Uint8Array, cursor: number, nameBytes: number, now: number): number {
  if (!LONG_DAYS.some((name) => name.length === nameBytes && matches(bytes, cursor, name))) return Number.NaN;
  cursor += nameBytes;
  if (!matches(bytes, cursor, COMMA_SP) || bytes[cursor + 4] !== HYPHEN || bytes[cursor + 8] !== HYPHEN)
    return Number.NaN;
  if (bytes[cursor + 11] !== SP || !matches(bytes, cursor + 20, GMT)) return Number.NaN;
  const day = twoDigits(bytes, cursor + 2);
  const month = indexOf(MONTHS, bytes, cursor + 5);
  const time = timeOfDay(bytes, cursor + 12);
  const year = twoDigits(bytes, cursor + 9);
  if (year < 0) return Number.NaN;
  // A date more than 50 years in the future belongs to the past century (RFC 9110 5.6.7).
  return secondsUnchecked(2000 + year - 50, month, day, time) > now
    ? seconds(1900 + year, month, day, time)
    : seconds(2000 + year, month, day, time);
}

/** Returns the seconds from midnight to `hh:mm:ss`, or -1 when it is malformed. Accepts a leap second. */
function timeOfDay(bytes: Uint8Array, cursor: number): number {
  const hour = twoDigits(bytes, cursor);
  const minute = twoDigits(bytes, cursor + 3);
  const second = twoDigits(bytes, cursor + 6);
  if (bytes[cursor + 2] !== COLON || bytes[cursor + 5] !== COLON) return -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  return hour * 3600 + minute * 60 + second;
}

/** Returns the seconds since 1970, or NaN when a part is out of its range. */
function seconds(year: number, month: number, day: number, time: number): number {
  if (year < 0 || month < 0 || day < 1 || time < 0 || day > (MONTH_DAYS[month] as number)) return Number.NaN;
  if (month === 1 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0)))
    return Number.NaN;
  return secondsUnchecked(year, month, day, time);
}

/** Returns the seconds since 1970. Counts years from March and adds 400 years, so no intermediate value is negative. */
function secondsUnchecked(year: number, month: number, day: number, time: number): number {
  const shifted = month < 2 ? year + 399 : year + 400;
  const days =
    shifted * 365 + Math.trunc(shifted / 4) - Math.trunc(shifted / 100) + Math.trunc(shifted / 400);
  const dayOfYear = Math.trunc((((month + 10) % 12) * 153 + 2) / 5) + day;
  return (days + dayOfYear - 865566) * 86400 + time;
}

/** Returns the index in a list of the name at `cursor`, or -1. */
function indexOf(names: readonly Uint8Array[], bytes: Uint8Array, cursor: number): number {
  return names.findIndex((name) => matches(bytes, cursor, name));
}

function fourDigits(bytes: Uint8Array, cursor: number): number {
  const century = twoDigits(bytes, cursor);
  const rest = twoDigits(bytes, cursor + 2);
  return century < 0 || rest < 0 ? -1 : century * 100 + rest;
}

function twoDigits(bytes: Uint8Array, cursor: number): number {
  const tens = digit(bytes, cursor);
  const ones = digit(bytes, cursor + 1);
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones;
}

/** Returns the value of the digit at `cursor`, or -1 when the byte is not a digit. */
function digit(bytes: Uint8Array, cursor: number): number {
  const byte = bytes[cursor] as number;
  return isDigit(byte) ? byte - 0x30 : -1;
}
