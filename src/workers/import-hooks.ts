// Runs in the loader thread of Node 20, which resolves the imports of ES modules for a worker thread.

import type { MessagePort } from 'node:worker_threads';
import { ImportedFiles } from './imported-files.ts';
import type { FromWorker } from './messages.ts';

interface Resolved {
  url: string;
}

let files: ImportedFiles;

/** Node calls it once, with the data of module.register(). */
export function initialize({ port }: { port: MessagePort }): void {
  files = new ImportedFiles((paths) =>
    port.postMessage({ type: 'imports', files: paths, atMs: Date.now() } satisfies FromWorker),
  );
}

/** Node calls it for each import. */
export async function resolve(
  specifier: string,
  context: { parentURL?: string },
  next: (specifier: string, context: object) => Promise<Resolved>,
): Promise<Resolved> {
  try {
    const resolved = await next(specifier, context);
    files.found(resolved.url, specifier, context.parentURL);
    return resolved;
  } catch (error) {
    files.failed(specifier, context.parentURL, (error as { url?: unknown }).url);
    throw error;
  }
}
