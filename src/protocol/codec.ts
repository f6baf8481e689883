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
   * Answers the requests in [start, end), in order, from `output` on, a position in an output region. How it
   * ended and how much was written stands in the slot's control region. It stops behind a head that the
   * caller has to answer.
   * @returns the position after the last request that was answered
   */
  serve(start: number, end: number, output: number): number;

  /**
   * Consumes the content of the request in the record from `start` on, up to behind its next piece, whose size
   * stands in the record and which ends at the position returned.
   * @returns the position it came to, or an error (below 0)
   */
  consume(start: number, end: number): number;

  /**
   * Builds prepared response `index` at `output`, a position in an output region.
   * @returns the position after it
   */
  answer(index: number, output: number, close: boolean, sayPersistent: boolean, headOnly: boolean): number;

  /**
   * Builds what ends a head at `output`, behind its field lines: Date, Connection, framing, empty line.
   * @param length of the content in bytes, or LENGTH_UNTOLD or LENGTH_CHUNKED
   * @returns the position after it
   */
  finishHead(output: number, length: number, close: boolean, sayPersistent: boolean): number;

  /** Builds the response to an error that the caller found into the region at `output`. */
  refuse(error: number, output: number): void;
}

/** Adds to the counter whose row is at `pointer`, atomically; returns the new value, exact to 2^53. */
export type CounterAdd = (pointer: number, n: number) => number;
