// The field Accept, taken apart (RFC 9110 12.5.1).

export interface MediaRange {
  /** `type/subtype`, in lower case. */
  media: string;
  version: string | undefined;
  q: number;
}

/** Returns the media ranges of a value of Accept. A malformed weight counts as 0. */
export function mediaRangesOf(accept: string): MediaRange[] {
  return accept.split(',').map((part) => {
    const [media = '', ...parameters] = part.split(';').map((text) => text.trim());
    const parameter = (wanted: string): string | undefined => {
      const found = parameters.find((text) => text.toLowerCase().startsWith(`${wanted}=`));
      return found?.slice(wanted.length + 1).replace(/^"(.*)"$/, '$1');
    };
    const q = Number(parameter('q') ?? 1);
    return { media: media.toLowerCase(), version: parameter('version'), q: q >= 0 && q <= 1 ? q : 0 };
  });
}

/** Returns the weight of a media type: that of the most specific range that it matches; 0 if it matches none. */
export function weightOf(ranges: readonly MediaRange[], type: string, subtype: string): number {
  for (const wanted of [`${type}/${subtype}`, `${type}/*`, '*/*']) {
    const found = ranges.find(({ media }) => media === wanted);
    if (found !== undefined) return found.q;
  }
  return 0;
}
