// Reads options as the command does for a user, without a module that has options of its own.

import { configurationOf, readCommand } from '../../src/command-line.ts';
import type { Options } from '../../src/options.ts';

/** Returns the options of a command line. @throws the first mistake */
export function optionsOf(argv: string[], environment: NodeJS.ProcessEnv = {}): Options {
  const command = readCommand(argv, environment);
  if (!('asked' in command)) throw new Error('serves nothing');
  const { options, mistakes } = configurationOf(command.asked);
  if (mistakes[0] !== undefined) throw mistakes[0];
  return options;
}
