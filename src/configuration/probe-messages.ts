// The messages between a command and its probe: a process that loads the module of an application.

import type { ServerOptions } from '../options.ts';
import type { ModuleSettings } from './module-settings.ts';

export type ToProbe =
  | {
      type: 'load';
      /** URL of the module. */
      file: string;
      /** The module as the user wrote it. */
      called: string;
    }
  /** Prepares the application of the loaded module, as a thread does before it serves. */
  | { type: 'prepare'; options: ServerOptions };

export type FromProbe =
  | ({ type: 'loaded' } & ModuleSettings)
  | { type: 'prepared'; warnings: string[] }
  /** Loading or preparing has failed. */
  | { type: 'failed'; message: string };
