// Defects of what developers use: the first application, and the answers to failures in development.

import { type Defect, defectsOf } from './defect.ts';

const INIT = ['test/init.test.ts'];
const WATCH = ['test/watch/watch.test.ts'];
const FAILURES = ['test/app/failure-page.test.ts'];
const DEVELOPMENT = ['test/app/end-to-end/development.test.ts'];

export const developingDefects: Defect[] = [
  ...defectsOf('src/init.ts', INIT, [
    [
      'hotpath init tries to write over files',
      'if (exists(join(folder, name)))',
      'if (name === folder)',
      'never written over',
    ],
    [
      'hotpath init takes a broken link for no file',
      'lstatSync(path, { throwIfNoEntry: false }) !== undefined',
      'lstatSync(path, { throwIfNoEntry: false })?.isFile() === true',
      'never written over',
    ],
  ]),
  ...defectsOf('src/app/failure-report.ts', FAILURES, [
    [
      'a message chooses the file that an excerpt shows',
      'const excerpt = certain && first !== undefined',
      'const excerpt = first !== undefined',
      'never comes from a message',
    ],
    [
      'a frame in a message counts',
      'stack.slice(certain ? start + message.length : 0)',
      'stack.slice(0)',
      'never comes from a message',
    ],
    [
      'an excerpt shows any file',
      'if (!SOURCE_FILE.test(file)) return undefined;',
      '',
      'is missing if there is no such line',
    ],
    ['an excerpt shows a package', '!PACKAGES.test(file) && ', '', 'is of the application, not of Node'],
    ['a circle of causes does not end', '|| seen.has(value)', '', 'ends in a circle of causes'],
    [
      'a thrown object shows all that it holds',
      '{ depth: 0, customInspect: false }',
      '{ depth: 9, customInspect: false }',
      'has thrown values that are no errors',
    ],
  ]),
  ...defectsOf('src/app/failure-page.ts', FAILURES, [
    ['a page has the query', '${pathOf(head.target)}', '${head.target}', 'has neither the query'],
    ['a page runs what a message says', '.replace(/[&<>"\']/g,', '.replace(/[&"]/g,', 'escapes everything'],
    [
      'a terminal obeys a message',
      'return text.replace(INVISIBLE,',
      "return text.replace('',",
      'escapes everything',
    ],
    [
      'every client gets the page',
      "weightOf(ranges, 'text', 'html') > weightOf",
      "weightOf(ranges, 'text', 'html') >= weightOf",
      'answers a browser with a page',
    ],
    ['a page may load anything', '"default-src \'none\'",', '', 'allows its style alone'],
  ]),
  ...defectsOf('src/app/dispatcher.ts', FAILURES, [
    [
      'a failure of error() hides the first one',
      'showFailure?.(exchange, noted, first, answering)',
      'showFailure?.(exchange, noted, error)',
      'is shown with the error that it answered for',
    ],
  ]),
  ...defectsOf('src/read-options.ts', FAILURES, [
    [
      'production can show stacks',
      "if (dev && nodeEnv() === 'production')",
      "if (dev && nodeEnv() === 'none')",
      'is rejected in production',
    ],
  ]),
  ...defectsOf('src/workers/worker-main.ts', DEVELOPMENT, [
    [
      'stacks are shown without --dev',
      "const showFailure = dev ? (await import('../app/failure-page.ts')).showFailure : undefined;",
      "const { showFailure } = await import('../app/failure-page.ts');",
      'without it, clients see nothing',
    ],
  ]),
  ...defectsOf('src/configuration/environment.ts', DEVELOPMENT, [
    [
      'NODE_ENV counts more than HOTPATH_DEV',
      'else variables.set(name,',
      "else if (name !== 'dev') variables.set(name,",
      'without it, clients see nothing',
    ],
  ]),
  ...defectsOf('src/command-line.ts', INIT, [
    [
      'a file called init in a folder is the command',
      'word === INIT',
      'word?.endsWith(INIT)',
      'is a file if the path says so',
    ],
  ]),
  ...defectsOf('src/watch/watch.ts', WATCH, [
    [
      'a change during a reload is lost',
      'while (this.quiet && this.serves) {',
      'if (this.quiet && this.serves) {',
      'comes while the application loads',
    ],
    [
      'files that are no longer imported count',
      'if (last < load) this.files.delete(file);',
      'if (last < 0) this.files.delete(file);',
      'files of every kind',
    ],
    [
      'a syntax error has no place',
      'return `${message} (${place})`;',
      'return message;',
      'reported with its line',
    ],
  ]),
];
