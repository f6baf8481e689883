// What both engines satisfy. An engine works on one slot of the shared memory; positions are pointers
// into that memory, and input may be over-read by 15 bytes, never written.

/** The engines by name, as `--engine` takes them. */
export const ENGINES = ['wasm', 'js'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Codec {
  /**
   * Parses the head that begins at `start` into the slot's record, or goes on with the one that the
   * record stands in. Bytes are there up to `end`, exclusive.
   * @returns the position after the head, or MORE (0), or an error (below 0), as in codes.ts
   */
  parse(start: number, end: number): number;

  /**
   * Answers the requests in [start, end), in order, into the output region at `output`. How it ended
   * and how much was written stands in the slot's control region.
   * @returns the position after the last request that was answered
   */
  serve(start: number, end: number, output: number): number;

  /** Builds the response to an error that the caller found into the region at `output`. */
  refuse(error: number, output: number): void;
}

/** Adds to the counter whose row is at `pointer`, atomically; returns the new value, exact to 2^53. */
export type CounterAdd = (pointer: number, n: number) => number;
