// A lessor leases numbers: a file in the state folder, Redis, or both.

/** Called with the base of a lease: the numbers from base + 1 on are leased to this counter, as many as were asked for. */
export type Grant = (name: string, base: number) => void;

/** The reasons why counters got no numbers, by name. */
export type Refusals = ReadonlyMap<string, Error>;

export interface Lessor {
  /**
   * Leases numbers that have never been leased before and never will be again, even after a crash. A counter that gets
   * none does not stop the leases of others.
   * @param wanted how many numbers, by the counter's name
   * @param grant called for each lease
   * @param floorOf returns the number that all leased numbers must exceed; without it there is none
   * @returns the counters that got no numbers
   * @throws Error when leases fail for a reason that concerns all counters. Those granted before are valid.
   */
  lease(
    wanted: ReadonlyMap<string, number>,
    grant: Grant,
    floorOf?: (name: string) => number,
  ): Refusals | Promise<Refusals>;
  /**
   * Takes back the numbers that were not handed out, if the lessor can, and closes its files and connections.
   * @param last the last number handed out, by the counter's name
   * @throws Error when it can't record the last numbers; the next server then skips some
   */
  end(last: ReadonlyMap<string, number>): void | Promise<void>;
}
