// From an import to the files that --watch must know: the file that it found, or those whose creation could mend it.

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of hotpath's own modules, which an application imports as a package. */
const OWN = new URL('../', import.meta.url).href;

/** Endings that require() tries. */
const ENDINGS = ['', '.js', '.json', '.cjs', '/index.js'];

/** Collects the files that a thread imports, and reports each once. */
export class ImportedFiles {
  private readonly known = new Set<string>();

  /** @param report called with the paths of new files */
  constructor(private readonly report: (files: string[]) => void) {}

  /**
   * An import has found this module.
   * @param parent URL of the module that has the import
   */
  found(url: string, specifier?: string, parent?: string): void {
    const file = fileOf(url);
    if (file === undefined) return;
    const written = specifier === undefined ? undefined : relativeFile(specifier, parent);
    // A link on the way may change, too.
    this.add(written !== undefined && written !== file && isLinkTo(written, file) ? [file, written] : [file]);
  }

  /**
   * An import has failed.
   * @param parent URL of the module that has the import
   * @param url of the missing file, if Node knows it
   */
  failed(specifier: string, parent: string | undefined, url: unknown): void {
    if (typeof url === 'string') this.found(url);
    const file = relativeFile(specifier, parent);
    if (file !== undefined) this.add(ENDINGS.map((ending) => file + ending));
  }

  private add(files: string[]): void {
    const fresh = files.filter((file) => !this.known.has(file));
    for (const file of fresh) this.known.add(file);
    if (fresh.length > 0) this.report(fresh);
  }
}

/** The path that an import names; undefined for the name of a package. */
function relativeFile(specifier: string, parent: string | undefined): string | undefined {
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier) || !URL.canParse(specifier, parent)) return undefined;
  return fileOf(new URL(specifier, parent).href);
}

function isLinkTo(path: string, file: string): boolean {
  try {
    return realpathSync(path) === file;
  } catch {
    return false;
  }
}

/** The path of a module that may change; undefined for modules of Node and of installed packages. */
function fileOf(url: string): string | undefined {
  if (!url.startsWith('file:') || url.startsWith(OWN) || url.includes('/node_modules/')) return undefined;
  try {
    // Loaders mark URLs by queries of their own.
    return fileURLToPath(url.replace(/[?#].*$/, ''));
  } catch {
    return undefined;
  }
}
