// The options in the module of an application: `export const config = { port: 3000 }`, and `port` and `hostname` beside
// `fetch` in its default export, as Bun has them.

import { isNamespace, isPlain } from '../app/app-keys.ts';
import { kindOf } from '../app/kind.ts';
import { OPTIONS_BESIDE_FETCH, unwrap } from '../app/load.ts';
import { escaped } from '../one-line.ts';
import { optionMeant } from '../option-hints.ts';
import { OptionError } from '../option-kinds.ts';
import { OPTION_NAMES, type OptionName } from '../options.ts';
import { HOSTNAME, textOf } from '../read-options.ts';
import type { Setting } from './settings.ts';

/** The options of a module, and the mistakes in them, one line each. */
export interface ModuleSettings {
  settings: [OptionName, Setting][];
  mistakes: string[];
}

/**
 * Reads the options of a module.
 * @param module its namespace
 * @param called the module as the user wrote it
 */
export function settingsOfModule(module: Record<string, unknown>, called: string): ModuleSettings {
  const settings = new Map<OptionName, Setting>();
  const mistakes: string[] = [];
  const take = (from: object, key: string, of: string): void => {
    try {
      const name = optionOf(key, of);
      const value = (from as Record<string, unknown>)[key];
      if (value === undefined || settings.has(name)) return;
      const option = `${of.replace(/ of .*/, '')}.${key} of ${called}`;
      settings.set(name, { text: textOf(name, value, option), called: option, source: called });
    } catch (error) {
      mistakes.push(error instanceof OptionError ? error.message : `${of} can't be read: ${String(error)}`);
    }
  };
  const app = unwrap(module);
  const beside = isPlain(app) && !isNamespace(app) ? app : {};
  // A module of CommonJS has one export, which holds both.
  const { config = (beside as { config?: unknown }).config } = module;
  if (isPlain(config)) for (const key of Object.keys(config)) take(config, key, `config of ${called}`);
  else if (config !== undefined)
    mistakes.push(`config of ${called} must be an object such as { port: 3000 }, not ${kindOf(config)}`);
  for (const key of OPTIONS_BESIDE_FETCH)
    if (Object.hasOwn(beside, key)) take(beside, key, `default of ${called}`);
  return { settings: [...settings], mistakes };
}

/** @throws OptionError if there is no such option */
function optionOf(key: string, of: string): OptionName {
  const name = key === HOSTNAME ? 'host' : key;
  const known = OPTION_NAMES.find((option) => option === name);
  if (known !== undefined) return known;
  const meant = optionMeant(key);
  const hint =
    key === 'tls'
      ? ': give the paths of files as tlsCert and tlsKey'
      : meant === undefined
        ? '; see hotpath --help'
        : `: did you mean ${meant}?`;
  throw new OptionError(`${of} has the option '${escaped(key)}', which hotpath does not have${hint}`);
}
