// A copy of the working tree in which defects are tried, one at a time. Dependencies are linked.

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
/** What building under a defect changes. */
const BUILT = ['build/hotpath.wasm', 'build/hotpath.debug.wasm', 'dist'];
/** Where that is kept as it was. */
const GOOD = 'build/good';
const REPORT = 'build/report.json';

/** A single test, or a hook, that takes longer hangs; those of a good tree take a few seconds. */
const TEST_LIMIT_MS = 20_000;
/** A run that takes longer hangs as a whole: an engine that doesn't come back can't be told to. */
const RUN_LIMIT_MS = 300_000;

export class Copy {
  private readonly root = mkdtempSync(join(realpathSync(tmpdir()), 'hotpath-mutants-'));
  private readonly shared = sharedSources(readTexts('.'));

  constructor() {
    for (const name of readdirSync('.'))
      if (!NOT_COPIED.has(name)) cpSync(name, join(this.root, name), { recursive: true });
    for (const name of BUILT) cpSync(join(this.root, name), join(this.root, GOOD, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(this.root, 'node_modules'), 'junction');
  }

  /** Puts the defect in, builds what it touches, runs its tests, and takes it out again. */
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

  /** Runs test files, or only those tests whose names hold one of `only`. */
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
    // What a defect leaves unused is no error.
    const lenient = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
    const typescript = [TSC, '-p', 'src', ...lenient];
    return this.shared.has(file) ? [[typescript, release, debug]] : [[typescript]];
  }

  remove(): void {
    // Commands that are being killed may still be writing.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
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
