// Defects of what developers use: the first application.

import { type Defect, defectsOf } from './defect.ts';

const INIT = ['test/init.test.ts'];

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
];
