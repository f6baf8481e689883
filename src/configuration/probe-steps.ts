// The steps of a probe: its thread loads a module, and prepares its application without serving it. Named state is in a
// memory that ends with the thread.

import { prepareApp } from '../app/dispatcher.ts';
import { installGlobals } from '../app/globals.ts';
import { loadApp, loadError } from '../app/load.ts';
import { serverView } from '../app/server-view.ts';
import { createConnections } from '../connection/create.ts';
import { makePlanes } from '../models/model.ts';
import type { ServerOptions } from '../options.ts';
import { shareState } from '../state/shared.ts';
import { compileModule } from '../wasm/instance.ts';
import { createMemory } from '../wasm/memory.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { settingsOfModule } from './module-settings.ts';
import type { FromProbe } from './probe-messages.ts';

const MEMORY = {
  slotCount: 1,
  headBytesMax: 16_384,
  targetBytesMax: 8192,
  fieldCountMax: 100,
  contentBytesMax: 1024,
};

/** Loads a module and reads its options. @throws Error of one line */
export async function load(file: string, called: string): Promise<FromProbe> {
  shareState({ module: compileModule(), memory: createMemory(MEMORY) });
  installGlobals();
  let module: Record<string, unknown>;
  try {
    module = await import(file);
  } catch (error) {
    throw loadError(file, error);
  }
  return { type: 'loaded', ...settingsOfModule(module, called) };
}

/** Prepares the application of a module that has been loaded, without its start(). @throws Error of one line */
export async function prepare(file: string, options: ServerOptions): Promise<FromProbe> {
  const warnings: string[] = [];
  const app = await loadApp(file, (text) => warnings.push(text));
  const planes = makePlanes(options, 1);
  const connections = createConnections({ ...planes, slot: 0 });
  const { plane } = connections;
  const server = serverView(
    () => [{ address: { host: '127.0.0.1', port: 80 }, protocol: 'plain', serves: 'public' }],
    new AbortController().signal,
    () => readStatistics(plane.slot.views),
  );
  try {
    await prepareApp(plane, app, { worker: 0, server, ...planes.access });
  } finally {
    connections.stop();
  }
  return { type: 'prepared', warnings };
}
