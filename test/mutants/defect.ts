// A single defect: what is put where, and which tests must notice.

export interface Defect {
  /** What is broken, as one would report it. */
  name: string;
  file: string;
  /** Stands in the file exactly once. */
  found: string;
  /** What takes its place. It must compile. */
  put: string;
  /** The test files that must catch it: the narrowest that should. */
  tests: readonly string[];
  /** The part of a test's name that alone is run, where the whole file would take long. */
  only?: string;
}

type Row = [name: string, found: string, put: string, only?: string];

/** The defects of one file, all to be caught by the same tests. */
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
