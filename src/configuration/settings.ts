// The options that a user has given, each with its source: the command line, the environment, or the module of the
// application. Sources that come earlier win.

import { flagOf, type OptionName } from '../options.ts';
import type { Given } from '../read-options.ts';

/** The value of an option, and where it comes from. */
export interface Setting {
  text: string;
  /** The option as its user wrote it: `--port`, `HOTPATH_PORT`, `config.port of app.js`. */
  called: string;
  /** Its source: `command line`, `HOTPATH_PORT`, `app.js`. */
  source: string;
}

export type Settings = ReadonlyMap<OptionName, Setting>;

/** The settings of each source. */
export interface Sources {
  flags: Settings;
  /** HOTPATH_… in the environment. */
  variables: Settings;
  /** HOST and PORT in the environment, which other programs read, too. */
  common: Settings;
  /** The module of the application. */
  module: Settings;
}

/** Joins the settings of all sources. */
export function settingsFrom({ flags, variables, common, module }: Sources): Settings {
  const own = overlay(flags, variables);
  const all = overlay(own, common, module);
  if (!all.has('unix')) return all;
  // A path takes the place of the port, unless its source, or one above it, names a port or a host, too.
  const beside = own.has('unix') ? own : overlay(own, module);
  if (!beside.has('port') && !beside.has('host'))
    for (const name of ['port', 'host'] as const) all.delete(name);
  return all;
}

/** Returns the settings as read-options.ts takes them. @param app URL of the application's module */
export function givenOf(app: string | undefined, settings: Settings): Given {
  return {
    app,
    texts: new Map([...settings].map(([name, { text }]) => [name, text])),
    called: (name) => calledIn(settings, name),
  };
}

/** Returns the name of an option as its user wrote it; the flag, if the user has not given the option. */
export function calledIn(settings: Settings, name: OptionName): string {
  return settings.get(name)?.called ?? `--${flagOf(name)}`;
}

/** Returns settings without some of the options. */
export function without(settings: Settings, names: readonly OptionName[]): Settings {
  return new Map([...settings].filter(([name]) => !names.includes(name)));
}

/** Joins settings. Of an option in several of them, the first one counts. */
function overlay(...parts: readonly Settings[]): Map<OptionName, Setting> {
  return new Map(parts.toReversed().flatMap((part) => [...part]));
}
