// Reads the sources and tests that rows of the table quote.

import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Maps a path, relative to the root of the tree and with slashes, to the text of the file. */
export type Texts = ReadonlyMap<string, string>;

const FOLDERS = ['assembly', 'src', 'test'];

/** Reads the sources and the tests of a tree, but not the table of defects itself. */
export function readTexts(root: string): Texts {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      [folder, ...name.split(sep)].join('/'),
    ),
  );
  const sources = files.filter((file) => file.endsWith('.ts') && !file.startsWith('test/mutants/'));
  return new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}
