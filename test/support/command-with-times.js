// The command with shorter times than a user's: node command-with-times.js '{"slowMs":500}' ARGUMENT...

import { main } from '#dist/command.js';
import { TIMES } from '#dist/times.js';

const [times, ...argv] = process.argv.slice(2);
process.exitCode = await main(argv, { ...TIMES, ...JSON.parse(times) });
