// Reports the files that this thread imports, for --watch: before a file is read, so that it is known even if it has a
// mistake or never comes to its end. Node 22.15 and later calls hooks in this thread. Before that, ES modules are
// resolved in a loader thread, and require() is seen here.

import module from 'node:module';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { ImportedFiles } from './imported-files.ts';

type Resolve = (
  specifier: string,
  context: { parentURL?: string },
  next: (specifier: string, context: object) => { url: string },
) => { url: string };

/** Not in the types of Node 20. */
type RegisterHooks = (hooks: { resolve: Resolve }) => void;

/** The function with which require() finds a file. */
interface CommonJs {
  _resolveFilename(
    request: string,
    parent: { filename?: string | null } | undefined,
    ...more: unknown[]
  ): string;
}

/** Called with the paths of files that are imported. */
type Report = (files: string[]) => void;

interface Prepared {
  /** Where the loader thread of Node 20 reports its files. */
  port: MessagePort | undefined;
}

let report: Report = () => {};
let prepared: Prepared | undefined;

/** Installs the hooks, which takes long in Node 20. Nothing is reported yet. */
export function prepareReports(): void {
  prepared ??= prepare();
}

/**
 * Begins to report imports.
 * @param to called with the paths of files
 * @param hand called with the port on which the loader thread of Node 20 reports its files
 */
export function reportImports(to: Report, hand: (port: MessagePort) => void): void {
  prepareReports();
  report = to;
  if (prepared?.port !== undefined) hand(prepared.port);
}

function prepare(): Prepared {
  const files = new ImportedFiles((paths) => report(paths));
  const { registerHooks } = module as { registerHooks?: RegisterHooks };
  if (registerHooks !== undefined) {
    registerHooks({ resolve: (...how) => resolveWith(files, ...how) });
    return { port: undefined };
  }
  const { port1, port2 } = new MessageChannel();
  module.register(new URL('./import-hooks.js', import.meta.url), {
    data: { port: port2 },
    transferList: [port2],
  });
  seeRequire(files);
  return { port: port1 };
}

function resolveWith(
  files: ImportedFiles,
  ...[specifier, context, next]: Parameters<Resolve>
): { url: string } {
  try {
    const resolved = next(specifier, context);
    files.found(resolved.url, specifier, context.parentURL);
    return resolved;
  } catch (error) {
    files.failed(specifier, context.parentURL, (error as { url?: unknown }).url);
    throw error;
  }
}

function seeRequire(files: ImportedFiles): void {
  const commonJs = module as unknown as CommonJs;
  const { _resolveFilename: resolve } = commonJs;
  commonJs._resolveFilename = (request, parent, ...more) => {
    try {
      const file = resolve.call(module, request, parent, ...more);
      if (isAbsolute(file)) files.found(pathToFileURL(file).href, request, parentUrl(parent?.filename));
      return file;
    } catch (error) {
      files.failed(request, parentUrl(parent?.filename), undefined);
      throw error;
    }
  };
}

function parentUrl(filename: string | null | undefined): string | undefined {
  return filename ? pathToFileURL(filename).href : undefined;
}
