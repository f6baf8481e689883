// Turns texts into options, for the command line and for programs: first each option by its kind, then the rules about
// several of them. Messages name an option as the user wrote it.

import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { kindOf } from './app/kind.ts';
import { isLoopback } from './connection/address.ts';
import { nodeEnv } from './node-env.ts';
import { escaped } from './one-line.ts';
import { optionMeant } from './option-hints.ts';
import { NUL, OptionError } from './option-kinds.ts';
import { OPTION_NAMES, OPTIONS, type OptionName, type Options } from './options.ts';
import { fitTls, readTls } from './tls-options.ts';

/** The name that Bun has for `host`. */
export const HOSTNAME = 'hostname';

/** Rules about several options, in the order in which they depend on each other. */
const RULES = [
  fitTarget,
  fitApp,
  fitDev,
  fitModel,
  fitState,
  fitProxy,
  fitTls,
  fitUnix,
  fitAdmin,
  fitStalls,
  fitWatch,
  fitLogs,
];

/** A larger number was written in decimal digits by mistake. */
const MODE_MAX = 0o777;

const PROPERTIES = OPTION_NAMES.filter((name) => OPTIONS[name].property !== false);

/** The options that the user has given. */
export interface Given {
  /** The URL of the application's module. */
  app: string | undefined;
  /** The other options, by name. */
  texts: ReadonlyMap<OptionName, string>;
  /** Returns the name of an option as the user writes it: `--max-head`, or `maxHead`. */
  called(name: OptionName): string;
}

/**
 * Reads all options.
 * @param defaults where they differ from the defaults of the command line
 * @throws OptionError with one line
 */
export function readTexts(given: Given, defaults: Partial<Options> = {}): Options {
  const { options, mistakes } = readAll(given, defaults);
  if (mistakes[0] !== undefined) throw mistakes[0];
  return options;
}

/** Reads all options as readTexts() does, and returns all mistakes. With a mistake, the options have no meaning. */
export function readAll(
  given: Given,
  defaults: Partial<Options> = {},
): { options: Options; mistakes: OptionError[] } {
  const { texts, called } = given;
  const options: Options = { ...byDefault(), ...defaults, app: given.app };
  const mistakes = [...texts].flatMap(([name, text]) =>
    mistakeOf(() => Object.assign(options, { [name]: OPTIONS[name].read(text, called(name)) })),
  );
  // A rule about several options has no meaning while one of them can't be read.
  if (mistakes.length === 0) mistakes.push(...RULES.flatMap((rule) => mistakeOf(() => rule(options, given))));
  return { options, mistakes };
}

function mistakeOf(action: () => unknown): OptionError[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof OptionError) return [error];
    throw error;
  }
}

/**
 * Reads the options of serve().
 * @param given values by name; an undefined value means the default
 * @param defaults where they differ from the defaults of the table
 * @param hintFor called with an unknown name; returns the end of the message
 * @throws OptionError with one line
 */
export function readOptions(
  { tls, ...given }: Readonly<Record<string, unknown>>,
  defaults: Partial<Options>,
  hintFor: (name: string) => string,
): Options {
  const properties = readProperties(given, hintFor);
  return readTexts(
    {
      app: undefined,
      texts: new Map([...properties].map(([name, { text }]) => [name, text])),
      called: (name) => properties.get(name)?.called ?? name,
    },
    { ...defaultsOfServe(), ...defaults, tls: tls === undefined ? undefined : readTls(tls) },
  );
}

/** Returns the texts of properties, and their names as the program has them. @throws OptionError with one line */
export function readProperties(
  given: Readonly<Record<string, unknown>>,
  hintFor: (name: string) => string,
): Map<OptionName, { text: string; called: string }> {
  const properties = new Map<OptionName, { text: string; called: string }>();
  for (const [called, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = called === HOSTNAME ? 'host' : called;
    const known = PROPERTIES.find((property) => property === name);
    if (known === undefined) {
      const meant = optionMeant(name, PROPERTIES);
      const hint = hintFor(name) || (meant === undefined ? '' : `: did you mean ${meant}?`);
      throw new OptionError(`there is no option '${escaped(name)}'${hint}`);
    }
    if (properties.has(known))
      throw new OptionError(`host and ${HOSTNAME} are the same option: give one of them`);
    properties.set(known, { text: textOf(known, value, called), called });
  }
  return properties;
}

/**
 * Returns the URL of an application's module.
 * @param from the folder that a relative path starts from; the working directory by default
 * @throws OptionError if there is no such file
 */
export function appFile(path: string | URL, from = '.'): string {
  const url = path instanceof URL ? path : pathToFileURL(resolve(from, path));
  if (url.protocol !== 'file:') throw new OptionError(`an app is a file, not '${url}'`);
  const shown = escaped(`${path}`);
  let found: Stats | undefined;
  try {
    found = statSync(url, { throwIfNoEntry: false });
    if (found !== undefined) accessSync(url, constants.R_OK);
  } catch (error) {
    throw new OptionError(`the app '${shown}' can't be read: ${escaped((error as Error).message)}`);
  }
  if (!found?.isFile()) throw new OptionError(`there is no app '${shown}': give the path of a module`);
  return url.href;
}

/**
 * Turns the value of a program into text, as the command line would have it.
 * @param called the option as the program names it
 * @throws OptionError if the value is of the wrong kind
 */
export function textOf(name: OptionName, value: unknown, called: string = name): string {
  const { list, radix, repeats, value: shown } = OPTIONS[name];
  if ((list || repeats) && Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.join(list ? ',' : NUL);
  if (typeof value === 'number') {
    const text = value.toString(radix);
    // A number such as 660 is not the mode that it looks like.
    if (radix !== undefined && value > MODE_MAX && /^[0-7]{3}$/.test(`${value}`))
      throw new OptionError(
        `${called} is the decimal number ${value}, which is ${text} in octal: write '${value}' or 0o${value}`,
      );
    return text;
  }
  if (['string', 'boolean'].includes(typeof value)) return String(value);
  const wanted =
    list || repeats
      ? 'text or an array of texts'
      : shown === undefined
        ? 'true or false'
        : 'text or a number';
  throw new OptionError(`${called} must be ${wanted}, not ${kindOf(value)}`);
}

function byDefault(): Options {
  return Object.fromEntries(
    OPTION_NAMES.map((name) => [name, OPTIONS[name].byDefault]),
  ) as unknown as Options;
}

/** The defaults of serve(), where they differ from those of the command line. */
export function defaultsOfServe(): Partial<Options> {
  const differing = OPTION_NAMES.flatMap((name) => {
    const { property } = OPTIONS[name];
    return property && property.byDefault !== undefined ? [[name, property.byDefault]] : [];
  });
  return Object.fromEntries(differing);
}

/** A smaller maxHead lowers the default of maxTarget, too. */
function fitTarget(options: Options, { texts, called }: Given): void {
  if (!texts.has('maxTarget'))
    options.maxTarget = Math.min(options.maxTarget, Math.floor(options.maxHead / 2));
  if (options.maxTarget >= options.maxHead)
    throw new OptionError(
      `${called('maxTarget')} must be less than ${called('maxHead')} (${options.maxHead}), not ${options.maxTarget}`,
    );
}

/** An application runs in event loops, and counts with its own code. */
function fitApp({ app, model }: Options, { texts, called }: Given): void {
  if (app === undefined) return;
  if (model !== 'event-loop')
    throw new OptionError(
      `${called('model')} ${model} has only the built-in app: leave out the app or ${called('model')}`,
    );
  if (texts.has('counter'))
    throw new OptionError(`${called('counter')} is how the built-in app counts: leave it out with an app`);
}

/** Only an application has files that change. */
function fitWatch({ watch, app, model }: Options, { called }: Given): void {
  if (!watch || app !== undefined) return;
  throw new OptionError(
    model === 'event-loop'
      ? `${called('watch')} reloads an app when its files change: give an app, too`
      : `${called('model')} ${model} has only the built-in app, whose files never change: leave out ${called('watch')}`,
  );
}

/** A user who sets both has most likely forgotten one of them. */
function fitDev({ dev }: Options, { called }: Given): void {
  if (dev && nodeEnv() === 'production')
    throw new OptionError(
      `${called('dev')} shows stacks and source lines to clients, and NODE_ENV is production: leave out one of them`,
    );
}

/** The tutorial's servers answer one request a connection, and its threads count under a mutex. */
function fitModel(options: Options, { texts, called }: Given): void {
  const { model } = options;
  if (model === 'event-loop') {
    if (options.counter === 'mutex')
      throw new OptionError(
        `${called('counter')} mutex belongs to ${called('model')} thread: an event loop must not wait`,
      );
    return;
  }
  const chosen = `${called('model')} ${model}`;
  if (options.maxConnectionsPerAddress > 0)
    throw new OptionError(
      `${called('maxConnectionsPerAddress')} has no meaning with ${chosen}: leave out one of them`,
    );
  if (texts.has('workers') && model === 'sequential')
    throw new OptionError(`${chosen} serves one connection at a time: leave out ${called('workers')}`);
  if (texts.has('counter') && model !== 'thread')
    throw new OptionError(`${chosen} counts in one place: leave out ${called('counter')}`);
  if (!texts.has('counter') && model === 'thread') options.counter = 'mutex';
  if (!texts.has('maxRequests')) options.maxRequests = 1;
  else if (model === 'process' && options.maxRequests !== 1)
    throw new OptionError(`${chosen} answers one request a connection: leave out ${called('maxRequests')}`);
}

/** Only event loops keep state: the tutorial's servers lose their counters when they end. */
function fitState({ state, redis, model }: Options, { texts, called }: Given): void {
  if (state === undefined && redis === undefined) {
    if (texts.has('lease'))
      throw new OptionError(`${called('lease')} belongs to ${called('state')} or ${called('redis')}`);
    return;
  }
  const asked = called(state === undefined ? 'redis' : 'state');
  if (model !== 'event-loop')
    throw new OptionError(
      `${called('model')} ${model} keeps no state: leave out ${asked} or ${called('model')}`,
    );
  if (texts.has('counter'))
    throw new OptionError(
      `${called('counter')} has no meaning with ${asked}, which leases numbers: leave it out`,
    );
}

/** Another thread watches the event loops of workers. */
function fitStalls({ model, stallTimeout, replaceStalled }: Options, { texts, called }: Given): void {
  for (const name of ['stallTimeout', 'replaceStalled'] as const)
    if (model !== 'event-loop' && texts.has(name))
      throw new OptionError(
        `${called(name)} has no meaning with ${called('model')} ${model}: leave out one of them`,
      );
  if (replaceStalled && stallTimeout === 0)
    throw new OptionError(
      `${called('replaceStalled')} needs ${called('stallTimeout')}: give it a time above 0, or leave it out`,
    );
}

function fitProxy({ trustProxy }: Options, { texts, called }: Given): void {
  if (texts.has('trustProxyField') && trustProxy === 0)
    throw new OptionError(
      `${called('trustProxyField')} belongs to ${called('trustProxy')}: say how many proxies there are`,
    );
}

/** A path takes the place of the TCP port, unless the user names a port or a host, too. A unix socket never encrypts. */
function fitUnix(options: Options, { texts, called }: Given): void {
  if (options.unix === undefined) {
    if (texts.has('unixMode'))
      throw new OptionError(`${called('unixMode')} belongs to ${called('unix')}: give a path, too`);
    return;
  }
  if (texts.has('port') || texts.has('host')) return;
  options.port = undefined;
  if (options.tls !== undefined)
    throw new OptionError(
      `${called('unix')} speaks HTTP without TLS: name ${called('port')}, too, for HTTPS, or leave out the certificates`,
    );
}

/** A token guards what other machines reach. */
function fitAdmin({ admin, adminToken }: Options, { called }: Given): void {
  if (admin === undefined) {
    if (adminToken !== undefined)
      throw new OptionError(
        `${called('adminToken')} belongs to ${called('admin')}: give the address of the admin listener, too`,
      );
    return;
  }
  if ('port' in admin && adminToken === undefined && !isLoopback(admin.host))
    throw new OptionError(
      `${called('admin')} ${admin.host}:${admin.port} may be reached by other machines: give ${called('adminToken')}, too, or use 127.0.0.1`,
    );
}

/** The access log belongs to event loops, which have the threads and the memory for it. */
function fitLogs({ accessLog, logFormat, model }: Options, { called }: Given): void {
  if (accessLog !== undefined && model !== 'event-loop')
    throw new OptionError(
      `${called('model')} ${model} has no access log: leave out ${called('accessLog')} or ${called('model')}`,
    );
  if (accessLog !== undefined) return;
  if (logFormat === 'combined')
    throw new OptionError(
      `${called('logFormat')} combined is a format of requests alone: give ${called('accessLog')}, too`,
    );
}
