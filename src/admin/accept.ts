// Which format of metrics a scraper prefers (RFC 9110 12.5.1).

import { type MediaRange, mediaRangesOf } from '../protocol/media-ranges.ts';
import type { Format } from './exposition.ts';

/** The versions of OpenMetrics that a scraper of 1.0 asks for, too. */
const OPENMETRICS_VERSIONS = [undefined, '1.0.0', '0.0.1'];

/**
 * Chooses a format. OpenMetrics only goes to scrapers that name it and like it at least as much as plain text. A
 * scraper that accepts neither gets plain text.
 * @param accept the value of the field Accept; null if there is none
 */
export function formatFor(accept: string | null): Format {
  const ranges = mediaRangesOf(accept ?? '');
  const best = (fits: (range: MediaRange) => boolean): number =>
    Math.max(0, ...ranges.filter(fits).map(({ q }) => q));
  const openmetrics = best(
    ({ media, version }) =>
      media === 'application/openmetrics-text' && OPENMETRICS_VERSIONS.includes(version),
  );
  const text = best(({ media }) => media === 'text/plain' || media === 'text/*');
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'prometheus';
}
