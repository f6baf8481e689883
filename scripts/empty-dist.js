// What was compiled from a source that is gone must not be published.

import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
