// Options in the environment: HOTPATH_MAX_HEAD is --max-head. HOST and PORT, which many platforms set, are the defaults of
// --host and --port. NODE_ENV switches --dev on.

import { escaped } from '../one-line.ts';
import { optionMeant } from '../option-hints.ts';
import { NUL, OptionError } from '../option-kinds.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from '../options.ts';
import type { Setting, Settings } from './settings.ts';

const PREFIX = 'HOTPATH_';

/** The value of NODE_ENV that switches --dev on. */
export const DEVELOPMENT = 'development';

/**
 * Variables that Kubernetes and Docker set for a service with the name hotpath: they describe the service to its clients.
 * Among them is HOTPATH_PORT, whose value begins with `tcp://`.
 */
const OF_A_SERVICE = /^(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_\w+|NAME|ENV_\w+)$/;
const PORT_OF_A_SERVICE = /^(?:tcp|udp|sctp):\/\//;

const SWITCHES: Readonly<Record<string, string>> = { 1: 'true', true: 'true', 0: 'false', false: 'false' };

/** The options that the environment gives. */
export interface FromEnvironment {
  variables: Settings;
  common: Settings;
  mistakes: OptionError[];
  /** A line for each variable that looks like an option and is none. */
  warnings: string[];
}

/** The variable of an option: maxHead -> HOTPATH_MAX_HEAD. A switch keeps its name if its flag begins with `no-`. */
export function variableOf(name: OptionName): string {
  return PREFIX + name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
}

/** Reads the options of an environment. An empty variable counts as none. */
export function readEnvironment(environment: NodeJS.ProcessEnv): FromEnvironment {
  const variables = new Map<OptionName, Setting>();
  const mistakes: OptionError[] = [];
  const warnings: string[] = [];
  for (const [variable, value = ''] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || isOfService(variable, value)) continue;
    const name = OPTION_NAMES.find((option) => variableOf(option) === variable);
    if (name === undefined) warnings.push(unknown(variable));
    else if (value !== '') {
      const text = textOf(name, value);
      if (text === undefined)
        mistakes.push(new OptionError(`${variable} must be 1 or 0, not '${escaped(value)}'`));
      else variables.set(name, { text, called: variable, source: variable });
    }
  }
  return { variables, common: commonOf(environment), mistakes, warnings };
}

/** Returns the text of an option as the command line would have it; undefined for a switch with another value. */
function textOf(name: OptionName, value: string): string | undefined {
  const { value: shown, repeats } = OPTIONS[name];
  if (shown === undefined) return SWITCHES[value.toLowerCase()];
  return repeats ? value.split(',').join(NUL) : value;
}

function commonOf(environment: NodeJS.ProcessEnv): Settings {
  const { HOST = '', PORT = '' } = environment;
  const common = new Map<OptionName, Setting>();
  if (HOST !== '') common.set('host', { text: HOST, called: 'HOST in the environment', source: 'HOST' });
  if (PORT !== '') common.set('port', { text: PORT, called: 'PORT in the environment', source: 'PORT' });
  for (const [name, setting] of developmentOf(environment.NODE_ENV)) common.set(name, setting);
  return common;
}

/** Returns the option that NODE_ENV switches on. */
export function developmentOf(nodeEnv: string | undefined): Settings {
  return nodeEnv === DEVELOPMENT
    ? new Map([['dev', { text: 'true', called: 'NODE_ENV', source: 'NODE_ENV' }]])
    : new Map();
}

function isOfService(variable: string, value: string): boolean {
  const name = variable.slice(PREFIX.length);
  return OF_A_SERVICE.test(name) || (name === 'PORT' && PORT_OF_A_SERVICE.test(value));
}

function unknown(variable: string): string {
  const word = variable.slice(PREFIX.length);
  const meant = optionMeant(word);
  const hint = meant === undefined ? '; see hotpath --help' : `: did you mean ${variableOf(meant)}?`;
  return `${escaped(variable)} in the environment is no option${hint}`;
}
