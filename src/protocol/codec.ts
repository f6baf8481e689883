// The interface of both engines. An engine works on one slot of the shared memory. Positions are pointers into that
// memory. An engine may read up to 15 bytes beyond its input, and never writes to the input.

/** The names of the engines, as `--engine` takes them. */
export const ENGINES = ['wasm', 'js'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Codec {
  /**
   * Parses the head that begins at `start` into the slot's record, or continues with a head that the record has begun.
   * The input ends at `end`, exclusive.
   * @returns the position after the head, or MORE (0), or an error (below 0), as in codes.ts
   */
  parse(start: number, end: number): number;

  /**
   * Answers the requests in [start, end), in order, and writes to `output`, a position in an output region. The slot's
   * control region then says how it ended and how much was written. It stops behind a head that the caller must answer.
   * @returns the position after the last request that was answered
   */
  serve(start: number, end: number, output: number): number;

  /**
   * Consumes content of the request in the record from `start` on, to the end of the next piece. The record then has the
   * size of the piece, which ends at the returned position.
   * @returns the position reached, or an error (below 0)
   */
  consume(start: number, end: number): number;

  /**
   * Builds prepared response `index` at `output`, a position in an output region.
   * @returns the position after it
   */
  answer(index: number, output: number, close: boolean, sayPersistent: boolean, headOnly: boolean): number;

  /**
   * Builds the end of a head at `output`, behind its field lines: Date, Connection, framing fields, empty line.
   * @param length size of the content in bytes, or LENGTH_UNTOLD or LENGTH_CHUNKED
   * @returns the position after it
   */
  finishHead(output: number, length: number, close: boolean, sayPersistent: boolean): number;

  /** Builds the response for an error found by the caller, into the region at `output`. */
  refuse(error: number, output: number): void;
}

/** Adds `n` atomically to the counter whose row is at `pointer`. @returns the new value, exact to 2^53 */
export type CounterAdd = (pointer: number, n: number) => number;
