// First rung: the read lands in ordinary memory, requests are counted by their size.

import { countBySize, serveRung } from './rung.ts';

const READ_BYTES = 65536;

const read = new Uint8Array(READ_BYTES);
serveRung({ read }, () => countBySize(read));
