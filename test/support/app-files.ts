// Application modules for a test, in a folder of their own inside the project, so that they can import it by
// its name.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface AppFiles {
  /** Writes a module and returns its path. */
  write(name: string, text: string): string;
  /** Returns the URL of a module. */
  urlOf(name: string): string;
  remove(): void;
}

export function createAppFiles(): AppFiles {
  mkdirSync('build', { recursive: true });
  const folder = resolve(mkdtempSync('build/apps-'));
  return {
    write: (name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    urlOf: (name) => pathToFileURL(join(folder, name)).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
