// The commands that start the servers of the suites.

import { fileURLToPath } from 'node:url';
import type { EngineName } from '#dist/protocol/codec.js';
import type { Contestant } from './trial.ts';

/** The product itself, with one worker. */
export function hotpath(name: string, engine: EngineName): Contestant {
  const options = ['--workers', '1', '--engine', engine, '--log', 'silent'];
  return {
    name,
    command: (port) => [process.execPath, 'dist/cli.js', '--port', String(port), ...options],
  };
}

/** A script of bench/servers/, which takes the port as its argument. */
export function script(name: string, file: string): Contestant {
  const path = fileURLToPath(new URL(`./servers/${file}.js`, import.meta.url));
  return { name, command: (port) => [process.execPath, path, String(port)] };
}
