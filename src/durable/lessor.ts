// Who leases numbers: a file in the state folder, or Redis.

/** Told that the numbers behind `base` are leased to the counter of this name, as many as were asked for. */
export type Grant = (name: string, base: number) => void;

export interface Lessor {
  /**
   * Leases numbers that were never leased before and never will be again, whatever happens from then on.
   * @param wanted how many, by the counter's name
   * @throws when some could not be leased: what has been granted counts
   */
  lease(wanted: ReadonlyMap<string, number>, grant: Grant): void | Promise<void>;
  /**
   * Takes back what was not handed out, where that can be, and lets go of all it holds.
   * @param last the last number handed out, by the counter's name
   * @throws when that can't be written down: then numbers are skipped
   */
  end(last: ReadonlyMap<string, number>): void | Promise<void>;
}
