#!/usr/bin/env node
// The entry of the command line. It checks Node's version before it imports files that an older Node may fail to link.

try {
  await import('./node-version.ts');
  const { main } = await import('./command.ts');
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`hotpath: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
