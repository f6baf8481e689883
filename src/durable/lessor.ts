// A lessor leases numbers: a file in the state folder, Redis, or both.

/** Passed the base of a lease: the numbers behind it are leased to this counter, as many as were asked for. */
export type Grant = (name: string, base: number) => void;

/** Why counters were refused numbers, by name. */
export type Refusals = ReadonlyMap<string, Error>;

export interface Lessor {
  /**
   * Leases numbers that were never leased before and never will be again, whatever happens from then on. A counter
   * that is refused numbers does not keep others from theirs.
   * @param wanted how many, by the counter's name
   * @param floorOf the number behind which all that are leased must be; by default there is none
   * @throws Error when none can be leased for a reason that all counters have in common: what has been granted counts
   */
  lease(
    wanted: ReadonlyMap<string, number>,
    grant: Grant,
    floorOf?: (name: string) => number,
  ): Refusals | Promise<Refusals>;
  /**
   * Takes back what was not handed out, where that can be, and lets go of all it holds.
   * @param last the last number handed out, by the counter's name
   * @throws Error when that can't be written down: then numbers are skipped
   */
  end(last: ReadonlyMap<string, number>): void | Promise<void>;
}
