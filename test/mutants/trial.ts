// Tries defects in copies of the tree, as many at a time as there are copies.

import { endCommands } from './command.ts';
import type { Copy } from './copy.ts';
import type { Located } from './locate.ts';
import type { Outcome } from './report.ts';

export type Verdict = Outcome['kind'] | 'untried';

/** Counts the defects by what became of them. */
export type Tally = Record<Verdict, number>;

/** Where defects are tried: a Copy, or what stands in for it in tests. */
type Tree = Pick<Copy, 'attempt' | 'test'>;

export class Trial {
  private readonly copies: readonly Tree[];
  /** Remembers which tests pass without a defect. */
  private readonly standing = new Map<string, Promise<Outcome>>();
  private over = false;

  constructor(copies: readonly Tree[]) {
    this.copies = copies;
  }

  /** Tries every defect and prints what became of it. Tries none if tests fail without any. */
  async all(rows: readonly Located[]): Promise<Tally> {
    const tally = newTally(rows);
    const files = [...new Set(rows.flatMap(({ tests }) => tests))];
    let good = true;
    await this.inLanes(files, async (copy, file) => {
      const titles = rows.filter(({ tests }) => tests.includes(file)).map(({ defect }) => defect.only);
      const only = titles.every((title) => title !== undefined) ? [...new Set(titles)] : [];
      const { kind } = await this.withoutDefect(copy, [file], only);
      good &&= kind === 'survived';
    });
    if (good) await this.inLanes(rows, (copy, row) => this.attempt(copy, row, tally));
    return tally;
  }

  /** Tries defects in their order until the time is over. The rest counts as untried. */
  async until(deadlineMs: number, rows: readonly Located[]): Promise<Tally> {
    const tally = newTally(rows);
    const timer = setTimeout(() => {
      this.over = true;
      endCommands();
    }, deadlineMs - Date.now());
    await this.inLanes(rows, async (copy, row) => {
      const titles = row.defect.only === undefined ? [] : [row.defect.only];
      const { kind, by } = await this.withoutDefect(copy, row.tests, titles);
      if (kind === 'survived') await this.attempt(copy, row, tally);
      else this.count(row, { kind: kind === 'skipped' ? kind : 'broken', by }, tally);
    });
    clearTimeout(timer);
    return tally;
  }

  private async attempt(copy: Tree, row: Located, tally: Tally): Promise<void> {
    const startedMs = Date.now();
    const outcome = await copy.attempt(row);
    this.count(row, outcome, tally, Date.now() - startedMs);
  }

  /** Runs tests that should pass: a tree that fails without a defect would seem to catch them all. */
  private withoutDefect(copy: Tree, tests: readonly string[], titles: readonly string[]): Promise<Outcome> {
    const key = JSON.stringify([tests, titles]);
    const outcome = this.standing.get(key) ?? this.passes(copy, tests, titles);
    this.standing.set(key, outcome);
    return outcome;
  }

  private async passes(copy: Tree, tests: readonly string[], titles: readonly string[]): Promise<Outcome> {
    const first = await copy.test(tests, titles);
    if (first.kind === 'survived' || first.kind === 'skipped' || this.over) return first;
    // A second attempt, since the lanes and other load may have been too much for the first.
    const { kind, by, message = '' } = await copy.test(tests, titles);
    if (kind !== 'survived' && !this.over)
      console.error(`${tests.join(', ')} fails without any defect: ${by}: ${message}`);
    return { kind, by: `${by} fails without any defect` };
  }

  /** Ignores what came after the time was over: its commands were killed. */
  private count({ place, defect }: Located, { kind, by }: Outcome, tally: Tally, tookMs = 0): void {
    if (this.over) return;
    tally.untried--;
    tally[kind]++;
    const loud = kind === 'survived' || kind === 'broken' ? kind.toUpperCase() : kind;
    const verdict = by === '' ? loud : `${loud}: ${by}`;
    console.log(`${place.file}: ${defect.name}\n    ${verdict} (${(tookMs / 1000).toFixed(1)} s)`);
  }

  /** Does something with every item, in as many copies as there are, each of them at one item at a time. */
  private async inLanes<Item>(
    items: readonly Item[],
    act: (copy: Tree, item: Item) => Promise<void>,
  ): Promise<void> {
    const waiting = [...items];
    await Promise.all(
      this.copies.map(async (copy) => {
        for (let item = waiting.shift(); item !== undefined && !this.over; item = waiting.shift())
          await act(copy, item);
      }),
    );
  }
}

function newTally(rows: readonly Located[]): Tally {
  return { caught: 0, hung: 0, survived: 0, broken: 0, skipped: 0, untried: rows.length };
}
