// The folders of files that only one run needs.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Creates a folder among the system's temporary files. @returns its path; it is removed when this process ends */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `hotpath-${name}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
