// The table of options, and the texts made from it: `npm run docs` runs this file with --update, which rewrites
// texts that differ. Also wrong options, where the test needs no server; cli.test.ts and serve.test.ts have the others.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { helpText, readCommand } from '../src/command-line.ts';
import { OptionError } from '../src/option-kinds.ts';
import { flagOf, OPTION_GROUPS, OPTION_NAMES, OPTIONS } from '../src/options.ts';
import { readOptions } from '../src/read-options.ts';
import { withDocstrings, withTable } from './support/option-texts.ts';

describe('the table of options', () => {
  test('has each option in one group, in the same order', () => {
    expect(Object.values(OPTION_GROUPS).flat()).toEqual(OPTION_NAMES);
  });

  test('describes each option in one sentence without a full stop', () => {
    for (const name of OPTION_NAMES) expect(OPTIONS[name].says, name).toMatch(/^[A-Z].*[^.]$/);
  });

  test('has defaults that the options accept', () => {
    for (const name of OPTION_NAMES) {
      const { byDefault, read } = OPTIONS[name];
      if (byDefault !== undefined) expect(read(String(byDefault), name), name).toEqual(byDefault);
    }
  });

  test.each([
    ['docs/command-line.md', withTable],
    ['src/serve-options.ts', withDocstrings],
  ])('is what %s says; if not, run `npm run docs`', async (file, written) => {
    await expect(written(readFileSync(file, 'utf8'))).toMatchFileSnapshot(resolve(file));
  });

  test('has a property of serve() for each option except the options of the command line', () => {
    const declared = readFileSync('src/serve-options.ts', 'utf8').matchAll(/^ {2}(\w+)\?: /gm);
    const names = new Set([...declared].map(([, name]) => name));
    expect([...names].filter((name) => name !== 'app')).toEqual(
      expect.arrayContaining(OPTION_NAMES.filter((name) => OPTIONS[name].property !== false)),
    );
    for (const name of OPTION_NAMES) expect(names.has(name), name).toBe(OPTIONS[name].property !== false);
  });
});

describe('--help', () => {
  const lines = helpText().split('\n');

  test('has a line for each option, with its default', () => {
    for (const name of OPTION_NAMES)
      expect(
        lines.filter((line) => `${line} `.startsWith(`  --${flagOf(name)} `)),
        name,
      ).toHaveLength(1);
    expect(helpText()).toMatch(/ {2}--head-timeout MS +How long [^[]*\[10000\]\n/);
  });

  test('has lines of 100 characters at most, but for the list of choices', () => {
    expect(lines.filter((line) => line.length > 100 && !line.includes('|'))).toEqual([]);
  });
});

describe('a mistake is one line that names what the user wrote', () => {
  test.each([
    [['--maxBody', '1'], 'there is no option --maxBody: did you mean --max-body?'],
    [['--max_heads=1'], 'there is no option --max_heads: did you mean --max-head?'],
    [['-port', '80'], 'there is no option -port: did you mean --port?'],
    [['--globals'], 'there is no option --globals: did you mean --no-globals?'],
    [['--parts', '80'], 'there is no option --parts; see hotpath --help'],
    [['-p', '80'], 'there is no option -p; see hotpath --help'],
    [['--tls-kez', 'a'], 'there is no option --tls-kez: did you mean --tls-key?'],
    [['--tls-cert', 'a'], '--tls-cert and --tls-key come in pairs: give both, once for each certificate'],
    [['--http2'], '--http2 belongs to HTTPS: give a certificate, too'],
    [['--redirect-http', '80'], '--redirect-http belongs to HTTPS: give a certificate, too'],
    [['--x\ny'], 'there is no option --x\\x0ay; see hotpath --help'],
    [['--port='], "--port must be a whole number from 0 to 65535, not ''"],
    [['--port', '--host', 'a'], '--port needs a value: --port N; see hotpath --help'],
    [['--port', '80\u001b[2J'], "--port must be a whole number from 0 to 65535, not '80\\x1b[2J'"],
    [['--help=1'], '--help takes no value: write --help alone'],
    [
      ['--drain-timeout', '5s'],
      "--drain-timeout must be a whole number of milliseconds from 0 to 3600000, not '5s'",
    ],
    [
      ['--max-head', '300', '--max-target', '300'],
      '--max-target must be less than --max-head (300), not 300',
    ],
    [
      ['--unix', '@a'],
      '--unix needs the path of a file, and has no abstract names: write ./@name for a file called @name',
    ],
    [
      ['--unix', 'a', '--unix-mode', '1777'],
      "--unix-mode must be an octal mode such as 660, or 0o660 in a program, not '1777'",
    ],
    [['a\nb.mjs'], "there is no app 'a\\x0ab.mjs': give the path of a module"],
  ])('%j', (argv, line) => {
    expect(() => readCommand(argv, {})).toThrow(new OptionError(line));
  });

  test.each([
    [{ max_body: 1 }, "there is no option 'max_body': did you mean maxBody?"],
    [{ unix: '/a\0b' }, 'unix needs the path of a socket'],
    [{ sockets: 'own' }, "there is no option 'sockets'"],
    [{ port: null }, 'port must be text or a number, not null'],
    [{ globals: {} }, 'globals must be true or false, not object'],
    [{ allowedHosts: ['a', 1] }, 'allowedHosts must be text or an array of texts, not object (Array)'],
    [{ maxHead: 300, maxTarget: 300 }, 'maxTarget must be less than maxHead (300), not 300'],
    [{ lease: 64 }, 'lease belongs to state or redis'],
    [
      { trustProxyField: 'forwarded' },
      'trustProxyField belongs to trustProxy: say how many proxies there are',
    ],
  ])('%j', (given, line) => {
    expect(() => readOptions(given, {}, () => '')).toThrow(new OptionError(line));
  });

  test('a number that looks like a flag is a number, and the last of repeated flags counts', () => {
    expect(() => readCommand(['--trust-proxy', '-1'], {})).toThrow('from 0 to 100');
    expect(readCommand(['--port', '1', '--port=2'], {})).toMatchObject({ run: { port: 2 } });
  });

  test('the default of --max-target is at most half of --max-head', () => {
    expect(readCommand(['--max-head', '256'], {})).toMatchObject({ run: { maxTarget: 128 } });
    expect(readCommand(['--max-head', '65000'], {})).toMatchObject({ run: { maxTarget: 8192 } });
  });

  test('serve() logs errors by default, the command line logs the start, too', () => {
    expect(readOptions({}, {}, () => '').log).toBe('errors');
    expect(readCommand([], {})).toMatchObject({ run: { log: 'start' } });
  });

  test('PORT is the default of --port, and an empty PORT is ignored', () => {
    expect(readCommand([], { PORT: '81' })).toMatchObject({ run: { port: 81 } });
    expect(readCommand(['--port', '82'], { PORT: '81' })).toMatchObject({ run: { port: 82 } });
    expect(readCommand([], { PORT: '' })).toMatchObject({ run: { port: 8080 } });
  });

  test('a path takes the place of the port, unless a port or a host is named', () => {
    const read = (argv: string[], PORT?: string): unknown => readCommand(['--unix', 'a', ...argv], { PORT });
    expect(read([])).toMatchObject({ run: { port: undefined } });
    expect(read([], '81')).toMatchObject({ run: { port: undefined } });
    expect(read(['--port', '82'], '81')).toMatchObject({ run: { port: 82 } });
    expect(read(['--host', '::1'])).toMatchObject({ run: { port: 8080 } });
    expect(read(['--host', '::1'], '81')).toMatchObject({ run: { port: 81 } });
  });
});
