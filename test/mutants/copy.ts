// A copy of the working tree for trying defects, one at a time. The dependencies are linked, not copied.

import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runNode } from './command.ts';
import { escapePattern, type Located } from './locate.ts';
import { type Outcome, readReport } from './report.ts';
import { readTexts, type Texts } from './texts.ts';

const NOT_COPIED = new Set(['node_modules', '.git']);
const ASC = 'node_modules/assemblyscript/bin/asc.js';
const TSC = 'node_modules/typescript/bin/tsc';
const VITEST = 'node_modules/vitest/vitest.mjs';
/** Lists what a build with a defect overwrites. */
const BUILT = ['build/hotpath.wasm', 'build/hotpath.debug.wasm', 'dist'];
/** Keeps the builds without a defect. */
const GOOD = 'build/good';
const REPORT = 'build/report.json';

/** A single test or hook that takes longer counts as hung. Without a defect they take a few seconds. */
const TEST_LIMIT_MS = 20_000;
/** A whole run that takes longer counts as hung: no test limit applies while an engine loops. */
const RUN_LIMIT_MS = 300_000;

const roots: string[] = [];

/** Removes the copies, whatever is under way in them. */
export function removeCopies(): void {
  // Commands that are being killed may still be writing.
  for (const root of roots) rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

export class Copy {
  private readonly root = mkdtempSync(join(realpathSync(tmpdir()), 'hotpath-mutants-'));
  private readonly shared = sharedSources(readTexts('.'));

  constructor() {
    roots.push(this.root);
    for (const name of readdirSync('.'))
      if (!NOT_COPIED.has(name)) cpSync(name, join(this.root, name), { recursive: true });
    for (const name of BUILT) cpSync(join(this.root, name), join(this.root, GOOD, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(this.root, 'node_modules'), 'junction');
  }

  /** Puts the defect into the sources, builds them, runs the tests, and restores sources and builds. */
  async attempt({ defect: { put, only }, place: { file, start, end }, tests }: Located): Promise<Outcome> {
    const path = join(this.root, file);
    const good = readFileSync(path, 'utf8');
    writeFileSync(path, good.slice(0, start) + put + good.slice(end));
    let outcome: Outcome = { kind: 'survived', by: '' };
    try {
      for (const builds of this.buildsFor(file)) {
        for (const build of builds) {
          const { code, output } = await runNode(this.root, RUN_LIMIT_MS, build);
          if (code !== 0) return { kind: 'broken', by: `it does not build: ${errorLine(output)}` };
        }
        outcome = await this.test(tests, only === undefined ? [] : [only]);
        if (outcome.kind !== 'survived') break;
      }
      return outcome;
    } finally {
      writeFileSync(path, good);
      for (const name of BUILT)
        cpSync(join(this.root, GOOD, name), join(this.root, name), { recursive: true });
    }
  }

  /** Runs test files, or only those of their tests whose titles contain one of `only`. */
  async test(files: readonly string[], only: readonly string[]): Promise<Outcome> {
    const report = join(this.root, REPORT);
    rmSync(report, { force: true });
    const names = only.map(escapePattern).join('|');
    const run = await runNode(this.root, RUN_LIMIT_MS, [
      VITEST,
      'run',
      ...files,
      ...(names === '' ? [] : ['--testNamePattern', names]),
      '--bail=1',
      '--no-cache',
      `--testTimeout=${TEST_LIMIT_MS}`,
      `--hookTimeout=${TEST_LIMIT_MS}`,
      '--reporter=json',
      `--outputFile=${report}`,
    ]);
    return readReport(report, run);
  }

  /**
   * Lists what to build before the tests run, and what before they run again: the debug build of the module only if
   * the tests pass with the release build, since compiling takes longer than testing.
   */
  private buildsFor(file: string): string[][][] {
    const [release, debug] = ['release', 'debug'].map((target) => [
      ASC,
      'assembly/index.ts',
      '--target',
      target,
    ]) as [string[], string[]];
    if (file.startsWith('assembly/')) return [[release], [debug]];
    // A defect may leave names unused.
    const lenient = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
    const typescript = [TSC, '-p', 'src', ...lenient];
    return this.shared.has(file) ? [[typescript, release, debug]] : [[typescript]];
  }
}

/** Finds the sources that both compilers read: those that files of assembly/ import. */
function sharedSources(texts: Texts): Set<string> {
  const module = [...texts].filter(([file]) => file.startsWith('assembly/'));
  const imports = module.flatMap(([, text]) => [...text.matchAll(/from '(?:\.\.\/)+(src\/[^']+)'/g)]);
  return new Set(imports.map(([, path]) => `${path}.ts`));
}

function errorLine(output: string): string {
  return output.split('\n').find((line) => /error/i.test(line)) ?? output;
}
