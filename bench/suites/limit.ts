// The limit: a server in C that does only what the kernel asks of every server. It is compiled when it is started.

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { isInstalled } from '../measure/children.ts';

const SOURCE = 'bench/servers/limit.c';
const PROGRAM = 'build/bench/servers/limit';
const COMPILERS = ['cc', 'gcc'];

/** Returns why it cannot be compiled, and how to install a compiler; undefined if it can be. */
export function limitMissing(): string | undefined {
  return COMPILERS.some(isInstalled)
    ? undefined
    : 'a C compiler is not installed (apt install gcc libc6-dev)';
}

/** Compiles it. @returns the path of the program @throws Error with the compiler's messages */
export function buildLimit(): string {
  const compiler = COMPILERS.find(isInstalled) as string;
  mkdirSync(dirname(PROGRAM), { recursive: true });
  // Another run may be starting the program that this one replaces.
  const own = `${PROGRAM}.${process.pid}`;
  execFileSync(compiler, ['-O2', '-o', own, SOURCE], { stdio: 'pipe' });
  renameSync(own, PROGRAM);
  return PROGRAM;
}
