// A single defect: which text is replaced by which, and which tests must notice.

export interface Defect {
  /** Says what is broken, as a user would report it. */
  name: string;
  /** Names the file that held the quoted text when the row was written: locate.ts looks there first. */
  file: string;
  /** Quotes the sources. The text must stand in its file exactly once. */
  found: string;
  /** Takes the place of the quoted text. It must compile. */
  put: string;
  /** Names the test files that must catch the defect: the narrowest that should. */
  tests: readonly string[];
  /** Selects the tests to run by a part of their titles, where the whole file takes long. */
  only?: string;
}

type Row = [name: string, found: string, put: string, only?: string];

/** Lists the defects of one file that the same tests must catch. */
export function defectsOf(file: string, tests: readonly string[], rows: Row[]): Defect[] {
  return rows.map(([name, found, put, only]) => ({
    name,
    file,
    found,
    put,
    tests,
    ...(only !== undefined && { only }),
  }));
}
