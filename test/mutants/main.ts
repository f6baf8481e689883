// `npm run mutants`: checks that the tests catch single defects. See HELP in arguments.ts.

import { endCommands } from './command.ts';
import { removeCopies } from './copy.ts';
import { run } from './run.ts';

/** As shells count it: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

process.on('exit', () => {
  endCommands();
  removeCopies();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(INTERRUPTED));

process.exitCode = await run(process.argv.slice(2));
