// Defects of options: how the command line and programs are read, and what is said about mistakes.

import { type Defect, defectsOf } from './defect.ts';

const OPTIONS = ['test/options.test.ts'];
const CONFIGURATION = ['test/configuration.test.ts'];
const BACKOFF = ['test/backoff.test.ts'];
const ONE_LINE = ['test/one-line.test.ts'];

export const optionDefects: Defect[] = [
  ...defectsOf('src/command-line.ts', OPTIONS, [
    ['a flag is taken for the value of another', '!inlineValue && /^-', 'inlineValue && /^-'],
    ['a negative number is taken for a flag', '/^-(?!\\d)./', '/^-./'],
    [
      'a flag without a value takes one',
      'wanted === undefined && value !== undefined',
      "wanted === undefined && value === ''",
    ],
    [
      'the first of repeated flags counts',
      'OPTIONS[name].repeats ? flags.get(name)?.text : undefined;\n  flags.set(name, { ...setting, text: before === undefined ? value : before + NUL + value });',
      'flags.get(name)?.text;\n  flags.set(name, { ...setting, text: before === undefined ? value : before });',
    ],
  ]),
  ...defectsOf('src/configuration/environment.ts', OPTIONS, [
    ['an empty PORT is a value', "if (PORT !== '')", 'if (PORT !== undefined)'],
    ['an empty variable is a value', "else if (value !== '') {", 'else {'],
    ['a service of Kubernetes is a port', "(name === 'PORT' && PORT_OF_A_SERVICE.test(value))", 'false'],
    ['a list of files is one file', "repeats ? value.split(',').join(NUL) : value", 'value'],
  ]),
  ...defectsOf('src/configuration/settings.ts', OPTIONS, [
    ['the environment overrides the command line', 'overlay(flags, variables)', 'overlay(variables, flags)'],
    [
      'HOST and PORT override HOTPATH_HOST and HOTPATH_PORT',
      'overlay(own, common, module)',
      'overlay(common, own, module)',
    ],
  ]),
  ...defectsOf(
    'src/read-options.ts',
    ['test/unix.test.ts'],
    [
      [
        'a number of a program is decimal',
        'value.toString(radix)',
        'value.toString()',
        'listens at the path alone, with mode',
      ],
      [
        'a path without a port takes certificates',
        "if (options.tls !== undefined)\n    throw new OptionError(\n      `${called('unix')}",
        "if (options.tls === null)\n    throw new OptionError(\n      `${called('unix')}",
        'exit code',
      ],
    ],
  ),
  ...defectsOf('src/option-kinds.ts', OPTIONS, [
    ['a path may contain NUL', "text === '' || text.includes(NUL)", "text === ''"],
    ['a name of the abstract namespace is a file', '/^[@\\0]/', '/^\\0/'],
    ['a mode may set more than permissions', '/^0?[0-7]{3}$/', '/^[0-7]{3,4}$/'],
  ]),
  ...defectsOf('src/configuration/settings.ts', OPTIONS, [
    ['PORT is a port beside a path', "if (!all.has('unix')) return all;", 'return all;'],
    [
      'PORT is no port of a host beside a path',
      "!beside.has('port') && !beside.has('host')",
      "!beside.has('port')",
    ],
  ]),
  ...defectsOf('src/read-options.ts', OPTIONS, [
    ['a path never takes the place of the port', 'options.port = undefined;', ''],
    ['a named host is no wish for a port', "texts.has('port') || texts.has('host')", "texts.has('port')"],
    [
      'a small head refuses the default target',
      "if (!texts.has('maxTarget'))",
      "if (texts.has('maxTarget'))",
    ],
    [
      'a target may be as large as a head',
      'options.maxTarget >= options.maxHead',
      'options.maxTarget > options.maxHead',
    ],
    [
      'options of the command line are properties',
      'OPTION_NAMES.filter((name) => OPTIONS[name].property !== false)',
      'OPTION_NAMES',
    ],
    ['serve() has the defaults of the command line', '...defaultsOfServe(), ...defaults', '...defaults'],
  ]),
  ...defectsOf('src/configuration/module-settings.ts', CONFIGURATION, [
    [
      'port of the default export wins over config',
      'value === undefined || settings.has(name)',
      'value === undefined',
    ],
    ['the keys of a module are options', 'isPlain(app) && !isNamespace(app)', 'isPlain(app)'],
  ]),
  ...defectsOf('src/configuration/listing.ts', CONFIGURATION, [
    ['a password is printed', "if (url.password !== '')", "if (url.password === '')"],
  ]),
  ...defectsOf('src/configuration/settings.ts', CONFIGURATION, [
    [
      'the port of a module counts beside a path of the command line',
      "own.has('unix') ? own : overlay(own, module)",
      'overlay(own, module)',
    ],
  ]),
  ...defectsOf('src/nearest.ts', OPTIONS, [
    [
      'a short word may be misspelt beyond recognition',
      'letters.length > SHORT ? MISTAKES_MAX : MISTAKES_MAX / 2',
      'letters.length > 0 ? MISTAKES_MAX : MISTAKES_MAX / 2',
    ],
    ['signs between letters count as mistakes', ".replace(/[^a-z]/g, '')", ''],
  ]),
  ...defectsOf('src/one-line.ts', ONE_LINE, [
    ['a control character of the second half is printed', '/\\p{Cc}/gu', '/[\\0-\\x1f]/gu'],
    ['lines are joined without a space', "join(' ')", "join('')"],
  ]),
  ...defectsOf('src/backoff.ts', BACKOFF, [
    ['pauses grow without end', '2 ** (pauses - 1), this.maxMs)', '2 ** (pauses - 1), Number.MAX_VALUE)'],
    ['a success does not end a row of failures', 'this.failures = 0;\n  }', '}'],
  ]),
];
