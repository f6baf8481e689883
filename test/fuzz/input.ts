// An input: the bytes of a connection, where they are cut, and the settings of the server.

import { HEAD_BYTES_MAX } from '../../src/memory/layout.ts';

export interface Input {
  /** Latin-1. */
  text: string;
  /** Places where the bytes are cut into reads: ascending, inside the text. */
  cuts: readonly number[];
  limits: LimitsName;
  draining: boolean;
}

export interface Limits {
  headBytesMax: number;
  targetBytesMax: number;
  fieldCountMax: number;
  contentBytesMax: number;
}

export type LimitsName = keyof typeof LIMITS;

/** The usual limits, limits that a short input reaches, and the largest limits. */
export const LIMITS = {
  usual: { headBytesMax: 16384, targetBytesMax: 8192, fieldCountMax: 100, contentBytesMax: 100_000 },
  small: { headBytesMax: 120, targetBytesMax: 24, fieldCountMax: 3, contentBytesMax: 12 },
  largest: {
    headBytesMax: HEAD_BYTES_MAX,
    targetBytesMax: HEAD_BYTES_MAX,
    fieldCountMax: 256,
    contentBytesMax: Number.MAX_SAFE_INTEGER,
  },
} as const satisfies Record<string, Limits>;

/** More than any limit except the largest head's, and less than one read. */
export const INPUT_BYTES_MAX = 65_300;

/** Splits the text at the cuts into reads. */
export function partsOf({ text, cuts }: Input): string[] {
  return [0, ...cuts].map((from, i) => text.slice(from, cuts[i] ?? text.length));
}

/** Makes cuts valid: ascending, without duplicates, inside the text. */
export function tidyCuts(cuts: readonly number[], textLength: number): number[] {
  return [...new Set(cuts)].filter((cut) => cut > 0 && cut < textLength).sort((a, b) => a - b);
}
