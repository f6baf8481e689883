// The table of options, and the texts made from it: `npm run docs` runs this file with --update, which rewrites
// texts that differ. Also wrong options, where the test needs no server; cli.test.ts and serve.test.ts have the others.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCommand } from '../src/command-line.ts';
import { variableOf } from '../src/configuration/environment.ts';
import { helpText } from '../src/help.ts';
import { OptionError } from '../src/option-kinds.ts';
import { flagOf, OPTION_GROUPS, OPTION_NAMES, OPTIONS } from '../src/options.ts';
import { readOptions } from '../src/read-options.ts';
import { withDocstrings, withTable } from './support/option-texts.ts';
import { optionsOf } from './support/read-command.ts';

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

  test('has lines of 100 characters at most', () => {
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });

  test('has a heading for each group, examples, signals and exit codes', () => {
    const headings = lines.filter((line) => /^[A-Z][^.]*:$/.test(line)).map((line) => line.slice(0, -1));
    expect(headings).toEqual(['Examples', ...Object.keys(OPTION_GROUPS), 'Other', 'Signals', 'Exit codes']);
  });

  test.each([[['help']], [['-h']], [['--port', 'x', '--help']], [['a', 'b', '--help']]])(
    '%j prints it',
    (argv) => {
      expect(readCommand(argv, {})).toEqual({ print: 'help' });
    },
  );
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
    [['--hostname', 'a'], 'there is no option --hostname: did you mean --host?'],
    [['--log-level', 'errors'], 'there is no option --log-level: did you mean --log?'],
    [['--hlep'], 'there is no option --hlep: did you mean --help?'],
    [['a\nb.mjs'], "there is no app 'a\\x0ab.mjs': give the path of a module"],
  ])('%j', (argv, line) => {
    expect(() => optionsOf(argv)).toThrow(new OptionError(line));
  });

  test.each([
    [{ max_body: 1 }, "there is no option 'max_body': did you mean maxBody?"],
    [{ unix: '/a\0b' }, 'unix needs the path of a socket'],
    [{ sockets: 'own' }, "there is no option 'sockets'"],
    [{ port: null }, 'port must be text or a number, not null'],
    [{ threads: 2 }, "there is no option 'threads': did you mean workers?"],
    [{ host: '::1', hostname: '::1' }, 'host and hostname are the same option: give one of them'],
    [{ hostname: '' }, 'hostname needs an address, such as 127.0.0.1 or ::'],
    [
      { unix: 'a', unixMode: 660 },
      "unixMode is the decimal number 660, which is 1224 in octal: write '660' or 0o660",
    ],
    [
      { unix: 'a', unixMode: 9 },
      "unixMode must be an octal mode such as 660, or 0o660 in a program, not '11'",
    ],
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
    expect(() => optionsOf(['--trust-proxy', '-1'], {})).toThrow('from 0 to 100');
    expect(optionsOf(['--port', '1', '--port=2'])).toMatchObject({ port: 2 });
  });

  test('the default of --max-target is at most half of --max-head', () => {
    expect(optionsOf(['--max-head', '256'])).toMatchObject({ maxTarget: 128 });
    expect(optionsOf(['--max-head', '65000'])).toMatchObject({ maxTarget: 8192 });
  });

  test('serve() logs errors by default, the command line logs the start, too', () => {
    expect(readOptions({}, {}, () => '').log).toBe('errors');
    expect(optionsOf([])).toMatchObject({ log: 'start' });
  });

  test('PORT is the default of --port, and an empty PORT is ignored', () => {
    expect(optionsOf([], { PORT: '81' })).toMatchObject({ port: 81 });
    expect(optionsOf(['--port', '82'], { PORT: '81' })).toMatchObject({ port: 82 });
    expect(optionsOf([], { PORT: '' })).toMatchObject({ port: 8080 });
  });

  test('a path takes the place of the port, unless a port or a host is named', () => {
    const read = (argv: string[], PORT?: string): unknown => optionsOf(['--unix', 'a', ...argv], { PORT });
    expect(read([])).toMatchObject({ port: undefined });
    expect(read([], '81')).toMatchObject({ port: undefined });
    expect(read(['--port', '82'], '81')).toMatchObject({ port: 82 });
    expect(read(['--host', '::1'])).toMatchObject({ port: 8080 });
    expect(read(['--host', '::1'], '81')).toMatchObject({ port: 81 });
  });
});

describe('the environment', () => {
  const warningsOf = (environment: NodeJS.ProcessEnv): string[] => {
    const command = readCommand([], environment);
    return 'asked' in command ? command.asked.warnings : [];
  };

  test('has a variable for each option', () => {
    expect(OPTION_NAMES.map(variableOf)).toEqual(
      OPTION_NAMES.map(
        (name) => `HOTPATH_${flagOf(name).replace(/^no-/, '').replaceAll('-', '_').toUpperCase()}`,
      ),
    );
  });

  test('gives options that the command line does not give', () => {
    const environment = { HOTPATH_MAX_HEAD: '2000', HOTPATH_PORT: '81', PORT: '82', HOST: '::1' };
    expect(optionsOf([], environment)).toMatchObject({ maxHead: 2000, port: 81, host: '::1' });
    expect(optionsOf(['--port', '80', '--host', '::'], environment)).toMatchObject({ port: 80, host: '::' });
    expect(optionsOf([], { HOTPATH_HOST: '127.0.0.2', HOST: '::1' })).toMatchObject({ host: '127.0.0.2' });
  });

  test.each(['1', 'true', 'TRUE'])('switches on: %s', (on) => {
    expect(optionsOf([], { HOTPATH_LOG_QUERY: on })).toMatchObject({ logQuery: true });
  });

  test.each(['0', 'false'])('switches off: %s', (off) => {
    expect(optionsOf([], { HOTPATH_GLOBALS: off, HOTPATH_DEV: off })).toMatchObject({
      globals: false,
      dev: false,
    });
  });

  test('has lists with commas, also of files', () => {
    const environment = {
      HOTPATH_ALLOWED_HOSTS: 'a.example,b.example',
      HOTPATH_TLS_CERT: '/a.pem,/b.pem',
      HOTPATH_TLS_KEY: '/a.key,/b.key',
    };
    expect(optionsOf([], environment)).toMatchObject({
      allowedHosts: ['a.example', 'b.example'],
      tlsCert: [resolve('/a.pem'), resolve('/b.pem')],
    });
  });

  test('an empty variable counts as none', () => {
    expect(optionsOf([], { HOTPATH_PORT: '', HOTPATH_DEV: '', HOST: '' })).toMatchObject({
      port: 8080,
      dev: false,
    });
  });

  test.each([
    [{ HOTPATH_PORT: 'x' }, "HOTPATH_PORT must be a whole number from 0 to 65535, not 'x'"],
    [{ HOTPATH_DEV: 'yes' }, "HOTPATH_DEV must be 1 or 0, not 'yes'"],
    [{ HOST: 'a b' }, 'HOST in the environment must be an address or a name'],
    [{ HOTPATH_UNIX_MODE: '660' }, 'HOTPATH_UNIX_MODE belongs to --unix: give a path, too'],
    [
      { HOTPATH_MODEL: 'thread', HOTPATH_REDIS: 'redis://a' },
      'HOTPATH_MODEL thread keeps no state: leave out HOTPATH_REDIS or HOTPATH_MODEL',
    ],
    [
      { HOTPATH_ADMIN: '0.0.0.0:1' },
      'HOTPATH_ADMIN 0.0.0.0:1 may be reached by other machines: give --admin-token, too',
    ],
  ])('a mistake in %j names the variable', (environment, line) => {
    expect(() => optionsOf([], environment)).toThrow(line);
  });

  test.each([
    ['HOTPATH_PROT', ': did you mean HOTPATH_PORT?'],
    ['HOTPATH_HOSTNAME', ': did you mean HOTPATH_HOST?'],
    ['HOTPATH_NO_GLOBALS', ': did you mean HOTPATH_GLOBALS?'],
    ['HOTPATH_PARTS\n', '; see hotpath --help'],
  ])('%j is no option, and a line says so', (variable, hint) => {
    expect(warningsOf({ [variable]: '1' })).toEqual([
      `${variable.replace('\n', '\\x0a')} in the environment is no option${hint}`,
    ]);
  });

  test('variables of a service of Kubernetes with the name hotpath are no options', () => {
    const environment = {
      HOTPATH_SERVICE_HOST: '10.0.0.1',
      HOTPATH_SERVICE_PORT_HTTP: '80',
      HOTPATH_PORT: 'tcp://10.0.0.1:80',
      HOTPATH_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    expect(warningsOf(environment)).toEqual([]);
    expect(optionsOf([], environment)).toMatchObject({ port: 8080 });
  });

  test('beside a path, HOTPATH_PORT is a port to listen on, and HOST and PORT are not', () => {
    expect(optionsOf(['--unix', 'a'], { HOTPATH_PORT: '81' })).toMatchObject({ port: 81 });
    expect(optionsOf([], { HOTPATH_UNIX: 'a', PORT: '81', HOST: '::1' })).toMatchObject({ port: undefined });
    expect(optionsOf(['--port', '80'], { HOTPATH_UNIX: 'a', HOST: '::1' })).toMatchObject({
      host: '::1',
      port: 80,
    });
  });
});
