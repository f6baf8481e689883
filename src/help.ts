// The text of --help, from the table of options.

import { flagOf, OPTION_GROUPS, OPTIONS, type OptionName, withNames } from './options.ts';

const WIDTH = 100;
/** A longer flag has its description on the next line. */
const FLAG_WIDTH = 32;

type Row = readonly [term: string, text: string];

const EXAMPLES: readonly Row[] = [
  ['hotpath', 'Serve the built-in app on http://127.0.0.1:8080'],
  ['hotpath app.js --port 3000', 'Serve app.js with a thread on each core'],
  ['hotpath app.js --host 0.0.0.0', 'Be reached by other machines'],
  ['hotpath app.js --state ./state', 'Keep counters over restarts'],
  ['HOTPATH_PORT=3000 hotpath app.js', 'The same as --port 3000'],
];

const SIGNALS: readonly Row[] = [
  ['SIGINT, SIGTERM', 'Stop: finish requests under way, up to --drain-timeout'],
  ['a second one', 'Stop at once'],
  ['SIGHUP', 'Reload the app and the certificates; if a terminal has closed, stop'],
  ['SIGUSR2', 'Open the file of --access-log anew, as log rotation needs'],
];

const EXIT_CODES: readonly Row[] = [
  ['0', 'Stopped by a signal'],
  ['1', 'Failed to start: the port is in use, or the app throws; or failed while it stopped'],
  ['2', 'Wrong options'],
  ['130, 143', 'Stopped at once by a second SIGINT or SIGTERM'],
];

const OTHERS: readonly Row[] = [
  ['--check', 'Check the app, the options and the files that they name; serve nothing'],
  ['--print-config', 'Print each option with its value and its source; serve nothing'],
  ['--help, -h', 'Print this help'],
  ['--version, -v', 'Print the version'],
];

/** Returns the text of --help. */
export function helpText(): string {
  return [
    'Usage: hotpath [app] [options]',
    '       hotpath init [folder]     writes a first application',
    '',
    'Serves the app that a module exports: { fetch, routes, error, start, stop }. Without an app, the',
    'built-in app answers every path with Hello1, Hello2, ... and counts exactly over all threads.',
    '',
    'Each option has a variable, too: --max-head is HOTPATH_MAX_HEAD. A module may have options of its',
    'own: export const config = { port: 3000 }. The command line wins over the environment, and the',
    'environment over the module. MS is a time in milliseconds.',
    '',
    ...section('Examples', EXAMPLES, 36),
    ...Object.entries(OPTION_GROUPS).flatMap(([heading, names]) => section(heading, names.map(optionRow))),
    ...section('Other', OTHERS),
    ...section('Signals', SIGNALS),
    ...section('Exit codes', EXIT_CODES),
  ]
    .join('\n')
    .trimEnd();
}

function section(heading: string, rows: readonly Row[], width = FLAG_WIDTH): string[] {
  return [`${heading}:`, ...rows.flatMap(([term, text]) => rowOf(term, text, width)), ''];
}

function optionRow(name: OptionName): Row {
  const { value, says, byDefault } = OPTIONS[name];
  const text = withNames(says, flagNamed);
  if (value === undefined) return [flagNamed(name), text];
  const common = { host: '$HOST or ', port: '$PORT or ' }[name as string] ?? '';
  return [`${flagNamed(name)} ${value}`, byDefault === undefined ? text : `${text} [${common}${byDefault}]`];
}

function flagNamed(name: OptionName): string {
  return `--${flagOf(name)}`;
}

/** Formats a term and its description in two columns. */
function rowOf(term: string, text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line !== '' && width + line.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  const first = `  ${term}`;
  const rows = lines.map((line) => ' '.repeat(width) + line);
  if (first.length > width - 2) return [first, ...rows];
  return [first.padEnd(width) + lines[0], ...rows.slice(1)];
}
