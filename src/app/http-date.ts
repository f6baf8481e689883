// HTTP-date (RFC 9110 5.6.7): IMF-fixdate, and two obsolete forms, which are accepted and never sent.

const DAYS = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAYS = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const MONTHS = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d\\d:\\d\\d:\\d\\d';
const RFC_850 = new RegExp(`^${LONG_DAYS}, \\d\\d-${MONTHS}-\\d\\d ${TIME} GMT$`);
const ASCTIME = new RegExp(`^${DAYS} ${MONTHS} (?:\\d\\d| \\d) ${TIME} \\d{4}$`);

/** An HTTP-date as IMF-fixdate, 29 characters; undefined when it is none. */
export function imfFixdate(value: string): string | undefined {
  // The longest one of the obsolete form is "Wednesday, 06-Nov-94 08:49:37 GMT".
  if (value.length > 33) return undefined;
  const date = new Date(ASCTIME.test(value) ? `${value} GMT` : value);
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toUTCString();
  if (text === value) return text;
  // The name of the day must be that day's.
  const obsolete = RFC_850.test(value) || ASCTIME.test(value);
  return obsolete && text.startsWith(value.slice(0, 3)) ? text : undefined;
}
