// Defects of what developers use: the first application.

import { type Defect, defectsOf } from './defect.ts';

const INIT = ['test/init.test.ts'];
const WATCH = ['test/watch/watch.test.ts'];

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
  ...defectsOf('src/command-line.ts', INIT, [
    [
      'a file called init in a folder is the command',
      'paths[0] === INIT',
      'paths[0]?.endsWith(INIT)',
      'is a file if the path says so',
    ],
  ]),
  ...defectsOf('src/watch/watch.ts', WATCH, [
    [
      'a change during a reload is lost',
      'while (this.quiet && this.serves) {',
      'if (this.quiet && this.serves) {',
      'the last of many changes',
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
  ...defectsOf('src/watch/changes.ts', WATCH, [
    [
      'a folder that was replaced is no longer watched',
      'if (folder === path || folder.startsWith(below)) this.forget(folder);',
      'if (folder === below) this.forget(folder);',
      'replaces by renaming',
    ],
  ]),
];
