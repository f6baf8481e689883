// The values of several field lines of one name, as one value.

import type { Head } from './exchange.ts';

/** The values of all field lines of a name as one (RFC 9110 5.3); undefined when there is none. */
export function combinedValue(head: Head, lowerName: string): string | undefined {
  let index = head.findField(lowerName);
  if (index < 0) return undefined;
  let combined = head.fieldValue(index);
  const last = head.fieldCount - 1;
  while (index < last && (index = head.findField(lowerName, index + 1)) >= 0)
    combined += separator(lowerName) + head.fieldValue(index);
  return combined;
}

/** The separator of combined values. Cookie has its own (RFC 6265 5.4), as in native Headers. */
export function separator(lowerName: string): string {
  return lowerName === 'cookie' ? '; ' : ', ';
}
