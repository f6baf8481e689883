// The command with listeners that no option asks for: node command-with-listeners.js '[{"path":"/tmp/a.sock"}]' ARGUMENT...

import { explain } from '#dist/command.js';
import { configurationOf, readCommand } from '#dist/command-line.js';
import { supervise } from '#dist/supervisor.js';
import { TIMES } from '#dist/times.js';

const [addresses, ...argv] = process.argv.slice(2);
const listeners = JSON.parse(addresses).map((address) => ({ address, protocol: 'plain', serves: 'public' }));
try {
  await supervise(
    configurationOf(readCommand(argv, {}).asked).options,
    TIMES,
    new Map(),
    undefined,
    listeners,
  );
} catch (error) {
  process.stderr.write(`hotpath: ${explain(error)}\n`);
  process.exitCode = 1;
}
