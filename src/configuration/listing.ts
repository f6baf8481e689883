// The text of --print-config: a line for each option, with its value and its source.

import { fileURLToPath } from 'node:url';
import { escaped } from '../one-line.ts';
import { OPTION_NAMES, type OptionName, type Options } from '../options.ts';
import type { Settings } from './settings.ts';

const NAME_WIDTH = 26;
const VALUE_WIDTH = 26;
const UNSET = '(unset)';
const OCTAL = 8;

/**
 * Lists the options that are in force. Passwords are left out.
 * @param appCalled the application as the user wrote it
 */
export function listingOf(options: Options, settings: Settings): string {
  const { app } = options;
  const first = row(
    'app',
    app === undefined ? '(built-in)' : fileURLToPath(app),
    app === undefined ? 'default' : 'command line',
  );
  return [
    first,
    ...OPTION_NAMES.map((name) =>
      row(name, textOf(name, options[name]), settings.get(name)?.source ?? 'default'),
    ),
  ].join('\n');
}

function row(name: string, value: string, source: string): string {
  return `${name.padEnd(NAME_WIDTH)}${escaped(value).padEnd(VALUE_WIDTH)}  ${source}`;
}

function textOf(name: OptionName, value: unknown): string {
  if (value === undefined) return UNSET;
  if (Array.isArray(value)) return value.join(',');
  if (name === 'redis') return withoutPassword(value as string);
  if (name === 'unixMode') return (value as number).toString(OCTAL).padStart(3, '0');
  if (typeof value !== 'object' || value === null) return String(value);
  const { host, port, path } = value as { host?: string; port?: number; path?: string };
  return path ?? `${host}:${port}`;
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  for (const name of url.searchParams.keys()) url.searchParams.set(name, '***');
  return url.href;
}
