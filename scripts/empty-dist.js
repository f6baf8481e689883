// Empties dist/ before a build, so that the output of a deleted source file is not published.

import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
