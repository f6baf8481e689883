// Builds outputs that are missing or older than their sources. npm runs it before `npm start` and `npm test`. With
// --debug it also builds the debug form of the WASM module.

import { execSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The outputs of each npm script, and its sources. */
const BUILDS = [
  {
    script: 'build:wasm',
    output: 'build/hotpath.wasm',
    sources: ['assembly', 'src/memory', 'asconfig.json'],
  },
  {
    script: 'build:wasm:debug',
    output: 'build/hotpath.debug.wasm',
    sources: ['assembly', 'src/memory', 'asconfig.json'],
    debug: true,
  },
  {
    script: 'build:ts',
    output: 'dist/cli.js',
    sources: ['src', 'tsconfig.json'],
  },
];

const withDebug = process.argv.includes('--debug');
for (const { script, output, sources, debug } of BUILDS)
  if ((!debug || withDebug) && newest(sources) > modified(output)) run(script);

/** Runs an npm script, whose own output reports errors. @param {string} script */
function run(script) {
  try {
    execSync(`npm run --silent ${script}`, { stdio: 'inherit' });
  } catch {
    process.exit(1);
  }
}

/** @param {string[]} paths files and folders */
function newest(paths) {
  return Math.max(
    ...paths.map((path) =>
      statSync(path).isDirectory()
        ? newest(readdirSync(path).map((name) => join(path, name)))
        : modified(path),
    ),
  );
}

/** @param {string} path */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
