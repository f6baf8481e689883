// Parses HTTP-date in its three forms (RFC 9110 5.6.7). The size of a date identifies its form:
//
//   Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate, 29 bytes
//   Sunday, 06-Nov-94 08:49:37 GMT     RFC 850, 30 to 33 bytes
//   Sun Nov  6 08:49:37 1994           asctime, 24 bytes
//
// The day name must be valid, but it need not match the date.

import { COLON, isDigit, SP, THREE_BYTES } from './chars';

const IMF_BYTES = 29;
const ASCTIME_BYTES = 24;
/** Size of a date in the form of RFC 850 without the day name. */
const RFC_850_REST_BYTES = 24;

const HYPHEN: u8 = 0x2d;
const COMMA_SP: u16 = 0x202c;
const _GMT: u32 = 0x544d4720;
const DAY: u32 = 0x796164;
const TUES: u32 = 0x73657554;
const THUR: u32 = 0x72756854;
const SATU: u32 = 0x75746153;
const WEDN: u32 = 0x6e646557;
const ES: u16 = 0x7365;
const S: u8 = 0x73;
const R: u8 = 0x72;

/** Three-letter names as little-endian words: the days from Sunday on, the months from January on. */
const DAYS = memory.data<u32>([0x6e7553, 0x6e6f4d, 0x657554, 0x646557, 0x756854, 0x697246, 0x746153]);
const MONTHS = memory.data<u32>([
  0x6e614a, 0x626546, 0x72614d, 0x727041, 0x79614d, 0x6e754a, 0x6c754a, 0x677541, 0x706553, 0x74634f,
  0x766f4e, 0x636544,
]);
const MONTH_DAYS = memory.data<u8>([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);

/**
 * Returns the date in [cursor, end) in seconds since 1970, or NaN when it is malformed.
 * @param now the current time in the same unit, to expand years of two digits
 */
export function parseHttpDate(cursor: usize, end: usize, now: f64): f64 {
  const bytes = <i32>(end - cursor);
  if (bytes == IMF_BYTES) return imfDate(cursor);
  if (bytes == ASCTIME_BYTES) return asctimeDate(cursor);
  return rfc850Date(cursor, bytes - RFC_850_REST_BYTES, now);
}

function imfDate(cursor: usize): f64 {
  if (indexOf(DAYS, 7, cursor) < 0 || load<u16>(cursor, 3) != COMMA_SP) return NaN;
  if (load<u8>(cursor, 7) != SP || load<u8>(cursor, 11) != SP || load<u8>(cursor, 16) != SP) return NaN;
  if (load<u32>(cursor, 25) != _GMT) return NaN;
  return seconds(
    fourDigits(cursor + 12),
    indexOf(MONTHS, 12, cursor + 8),
    twoDigits(cursor + 5),
    timeOfDay(cursor + 17),
  );
}

function asctimeDate(cursor: usize): f64 {
  if (indexOf(DAYS, 7, cursor) < 0 || load<u8>(cursor, 3) != SP || load<u8>(cursor, 7) != SP) return NaN;
  if (load<u8>(cursor, 10) != SP || load<u8>(cursor, 19) != SP) return NaN;
  const day = load<u8>(cursor, 8) == SP ? digit(cursor + 9) : twoDigits(cursor + 8);
  return seconds(fourDigits(cursor + 20), indexOf(MONTHS, 12, cursor + 4), day, timeOfDay(cursor + 11));
}

function rfc850Date(cursor: usize, nameBytes: i32, now: f64): f64 {
  if (!isLongDay(cursor, nameBytes)) return NaN;
  cursor += nameBytes;
  if (load<u16>(cursor) != COMMA_SP || load<u8>(cursor, 4) != HYPHEN || load<u8>(cursor, 8) != HYPHEN)
    return NaN;
  if (load<u8>(cursor, 11) != SP || load<u32>(cursor, 20) != _GMT) return NaN;
  const day = twoDigits(cursor + 2);
  const month = indexOf(MONTHS, 12, cursor + 5);
  const time = timeOfDay(cursor + 12);
  const year = twoDigits(cursor + 9);
  if (year < 0) return NaN;
  // A date more than 50 years in the future belongs to the past century (RFC 9110 5.6.7).
  return secondsUnchecked(2000 + year - 50, month, day, time) > now
    ? seconds(1900 + year, month, day, time)
    : seconds(2000 + year, month, day, time);
}

function isLongDay(name: usize, bytes: i32): bool {
  if (bytes < 6 || bytes > 9) return false;
  const ending = name + bytes - 3;
  if ((load<u32>(ending) & THREE_BYTES) != DAY) return false;
  const word = load<u32>(name);
  switch (bytes) {
    case 6: {
      const day = indexOf(DAYS, 7, name);
      return day == 0 || day == 1 || day == 5;
    }
    case 7:
      return word == TUES;
    case 8:
      return (word == THUR && load<u8>(name, 4) == S) || (word == SATU && load<u8>(name, 4) == R);
    default:
      return word == WEDN && load<u16>(name, 4) == ES;
  }
}

/** Returns the seconds from midnight to `hh:mm:ss`, or -1 when it is malformed. Accepts a leap second. */
function timeOfDay(cursor: usize): i32 {
  const hour = twoDigits(cursor);
  const minute = twoDigits(cursor + 3);
  const second = twoDigits(cursor + 6);
  if (load<u8>(cursor, 2) != COLON || load<u8>(cursor, 5) != COLON) return -1;
  if (<u32>hour > 23 || <u32>minute > 59 || <u32>second > 60) return -1;
  return hour * 3600 + minute * 60 + second;
}

/** Returns the seconds since 1970, or NaN when a part is out of its range. */
function seconds(year: i32, month: i32, day: i32, time: i32): f64 {
  if (year < 0 || month < 0 || day < 1 || time < 0 || day > <i32>load<u8>(MONTH_DAYS + month)) return NaN;
  if (month == 1 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))) return NaN;
  return secondsUnchecked(year, month, day, time);
}

/** Returns the seconds since 1970. Counts years from March and adds 400 years, so no intermediate value is negative. */
function secondsUnchecked(year: i32, month: i32, day: i32, time: i32): f64 {
  const shifted = month < 2 ? year + 399 : year + 400;
  const days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400;
  const dayOfYear = (((month + 10) % 12) * 153 + 2) / 5 + day;
  return <f64>(days + dayOfYear - 865566) * 86400 + time;
}

/** Returns the index in a table of the three letters at `cursor`, or -1. */
function indexOf(table: usize, count: i32, cursor: usize): i32 {
  const word = load<u32>(cursor) & THREE_BYTES;
  for (let i = 0; i < count; i++) if (load<u32>(table + i * 4) == word) return i;
  return -1;
}

function fourDigits(cursor: usize): i32 {
  const century = twoDigits(cursor);
  const rest = twoDigits(cursor + 2);
  return century < 0 || rest < 0 ? -1 : century * 100 + rest;
}

function twoDigits(cursor: usize): i32 {
  return isDigit(load<u8>(cursor)) && isDigit(load<u8>(cursor, 1))
    ? digit(cursor) * 10 + digit(cursor + 1)
    : -1;
}

/** Returns the value of the digit at `cursor`, or -1 when the byte is not a digit. */
function digit(cursor: usize): i32 {
  const byte = load<u8>(cursor);
  return isDigit(byte) ? <i32>byte - 0x30 : -1;
}
