// The import directions between files. The test reads the sources.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Import {
  from: string;
  /** A file of the project, with its ending, or a package. */
  to: string;
  /** Types only: the program loads nothing at run time. */
  typeOnly: boolean;
}

const FILES = [...filesOf('src'), ...filesOf('assembly')];
const IMPORTS = FILES.flatMap(importsOf);
const runtime = IMPORTS.filter(({ typeOnly }) => !typeOnly);

/** The layers, lowest first. A file imports from layers below, and from its own layer within its own room. */
const LAYERS: RegExp[] = [
  /^src\/(memory\/(layout|state-layout|codes)|plural|one-line|nearest|within|backoff|node-version|times)\.ts$/,
  /^src\/memory\//,
  /^assembly\/(chars|copy|events|state\/(extent|gauge|latch|lease|mutex|scratch|siphash)|guards)\.ts$/,
  /^assembly\/(scanner|number|extension|http-date|entity-tags|state\/(counter|histogram|limiter|tables))\.ts$/,
  /^assembly\/(coding|host|target|fields|state\/death)\.ts$/,
  /^assembly\/(framing|section|chunked|conditions|redirect)\.ts$/,
  /^assembly\/(request|response|content|routes)\.ts$/,
  /^assembly\/serve\.ts$/,
  /^assembly\/index\.ts$/,
  /^src\/protocol\//,
  /^src\/wasm\//,
  /^src\/tls\//,
  /^src\/logs\//,
  /^src\/(connection|state)\//,
  /^src\/(app|durable|http2)\//,
  /^src\/(workers\/|watch\/|(option-kinds|node-env|options|option-hints|tls-options|read-options|serve-options|listen-fds|systemd-notify|version)\.ts$)/,
  /^src\/(models\/|messages\.ts$)/,
  /^src\/admin\//,
  /^src\/configuration\//,
  /^src\/((supervisor|server-main|serve)\.ts$|testing\/)/,
  /^src\/(command|command-line|help|index|init|test)\.ts$/,
  /^src\/cli\.ts$/,
];

function layerOf(file: string): number {
  const layer = LAYERS.findIndex((pattern) => pattern.test(file));
  if (layer < 0) throw new Error(`${file} has no place among the layers`);
  return layer;
}

/** A folder of src/, with the folders in it; assembly/ and its folder are two. */
function roomOf(file: string): string {
  return dirname(file).split('/', 2).join('/');
}

describe('import directions', () => {
  test('every file has its layer, and imports only from its own room or from layers below', () => {
    const wrong = IMPORTS.filter(({ to }) => /^(src|assembly)\//.test(to)).filter(
      ({ from, to }) =>
        layerOf(to) > layerOf(from) || (layerOf(to) === layerOf(from) && roomOf(from) !== roomOf(to)),
    );
    expect(wrong).toEqual([]);
  });

  test('src/ and assembly/ import nothing from test/ and bench/', () => {
    expect(IMPORTS.filter(({ to }) => /^(test|bench)\//.test(to))).toEqual([]);
  });

  test('no files import each other in a circle, types included', () => {
    expect(circlesOf(IMPORTS)).toEqual([]);
  });

  test('memory/ and protocol/ import only each other: no package and nothing of Node', () => {
    const pure = /^src\/(memory|protocol)\//;
    expect(IMPORTS.filter(({ from, to }) => pure.test(from) && !pure.test(to))).toEqual([]);
  });

  test('only memory/, both engines and wasm/ import the layout', () => {
    const readers = IMPORTS.filter(({ to }) => /^src\/memory\/(state-)?layout\.ts$/.test(to)).map(
      ({ from }) => from,
    );
    expect(readers.filter((from) => !/^(src\/(memory|protocol\/js|wasm)|assembly)\//.test(from))).toEqual([]);
  });

  test('wasm/ imports nothing from the JS engine', () => {
    const engine = IMPORTS.filter(({ to }) => to.startsWith('src/protocol/js/'));
    expect(engine.filter(({ from }) => from.startsWith('src/wasm/'))).toEqual([]);
  });

  test('the files of the lowest layer import nothing', () => {
    expect(IMPORTS.filter(({ from }) => layerOf(from) === 0)).toEqual([]);
  });

  test.each([
    // guard.ts uses it only to recognise IP addresses.
    ['node:net', /^src\/(connection\/|models\/thread\.ts$|admin\/guard\.ts$|durable\/lock\.ts$)/],
    // binding.ts asks for the id of its thread.
    [
      'node:worker_threads',
      /^src\/((workers|models)\/|configuration\/probe-main\.ts$|durable\/keeper(-main)?\.ts$|logs\/writer(-main)?\.ts$|state\/binding\.ts$)/,
    ],
    [
      'node:child_process',
      /^src\/(supervisor|systemd-notify|configuration\/probe|models\/process|app\/load)\.ts$/,
    ],
    // body-metadata.ts asks for the version of undici, monotonic-clock.ts for the time, server-user.ts for the user.
    [
      'node:process',
      /^src\/(node-env|configuration\/probe|models\/(access-log|descriptors|process|in-thread)|logs\/(context-log|own-lines|writer)|admin\/(metrics|process-families)|app\/(load|body-metadata)|workers\/worker-main|state\/monotonic-clock|durable\/server-user)\.ts$/,
    ],
    ['node:http2', /^src\/http2\//],
    ['@assemblyscript/loader', /^src\/wasm\/instance\.ts$/],
  ])('%s', (name, allowed) => {
    expect(runtime.filter(({ from, to }) => to === name && !allowed.test(from))).toEqual([]);
  });

  test('only a server that speaks HTTP/2 loads it', () => {
    const from = IMPORTS.filter(({ from, to }) => /^src\/http2\//.test(to) && !/^src\/http2\//.test(from));
    expect(from.map(({ from: file }) => file).sort()).toEqual([
      'src/models/in-thread.ts',
      'src/workers/worker-main.ts',
    ]);
    for (const { from: file } of from) expect(readFileSync(file, 'utf8')).not.toMatch(/^import .*http2/m);
  });

  test('only wasm/ names WebAssembly; only entry points and files that start processes use the global process', () => {
    for (const file of FILES) {
      const code = readFileSync(file, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
      if (!file.startsWith('src/wasm/')) expect(code, file).not.toMatch(/\bWebAssembly\b/);
      if (
        !/^src\/(cli|command|node-version|supervisor|server-main|systemd-notify|models\/(access-log|process-main|in-thread)|logs\/(context-log|own-lines|writer)|configuration\/probe-main|workers\/worker-main)\.ts$/.test(
          file,
        )
      )
        expect(code, file).not.toMatch(/\bprocess\./);
    }
  });
});

describe('habits', () => {
  test('every file begins with a comment', () => {
    for (const file of FILES)
      expect(readFileSync(file, 'utf8').replace(/^#!.*\n/, ''), file).toMatch(/^\/[/*]/);
  });

  test('assembly/ allocates nothing and imports no host function', () => {
    for (const file of filesOf('assembly')) {
      const code = readFileSync(file, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
      expect(code, file).not.toMatch(/\bnew\b|\bheap\.|\bstring\b|Array|@external|\bdeclare\b/);
    }
  });
});

describe('importsIn() and circlesOf()', () => {
  const seen = (code: string): Import[] => importsIn('src/a/file.ts', code);

  test.each([
    ["import { one } from './one.ts';", 'src/a/one.ts', false],
    ["import {\n  one,\n  type Two,\n} from '../b/one.ts';", 'src/b/one.ts', false],
    ["import type { One } from './one.ts';", 'src/a/one.ts', true],
    ["import { type One, type Two } from './one.ts';", 'src/a/one.ts', true],
    ["import * as one from './one.ts';", 'src/a/one.ts', false],
    ["import one, { two } from './one.ts';", 'src/a/one.ts', false],
    ["import './one.ts';", 'src/a/one.ts', false],
    ["export { one } from './one.ts';", 'src/a/one.ts', false],
    ["export type { One } from './one.ts';", 'src/a/one.ts', true],
    ["export * from './one.ts';", 'src/a/one.ts', false],
    ["export * as one from './one.ts';", 'src/a/one.ts', false],
    ["  const { one } = await import('./one.ts');", 'src/a/one.ts', false],
    ["let one: typeof import('./one.ts');", 'src/a/one.ts', true],
    ["import { readFileSync } from 'node:fs';", 'node:fs', false],
  ])('%j', (code, to, typeOnly) => {
    expect(seen(code)).toEqual([{ from: 'src/a/file.ts', to, typeOnly }]);
  });

  test('comments and plain exports are not imports', () => {
    expect(seen("// import './one.ts';\n/* import('./one.ts') */\nexport const from = 'one';")).toEqual([]);
  });

  test('specifiers in assembly/ have no file ending', () => {
    expect(importsIn('assembly/state/a.ts', "import { one } from '../../src/one';")).toEqual([
      { from: 'assembly/state/a.ts', to: 'src/one.ts', typeOnly: false },
    ]);
  });

  test('a circle of any length is found, without the files beside it', () => {
    const imports = ['ab', 'bc', 'ca', 'cd', 'de', 'ff', 'ge'].map((pair) => ({
      from: pair.charAt(0),
      to: pair.charAt(1),
    }));
    expect(circlesOf(imports)).toEqual([['a', 'b', 'c'], ['f']]);
  });
});

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(from: string): Import[] {
  return importsIn(from, readFileSync(from, 'utf8'));
}

/** Finds static and dynamic imports, and exports from other files. */
function importsIn(from: string, text: string): Import[] {
  const code = text.replace(/^\s*\/\/.*|\/\*[\s\S]*?\*\//gm, '');
  const statements = code.matchAll(/^(?:import|export)\b(?: (type)\b)?([^;'"=]*?)(?:\bfrom )?'([^']+)';/gm);
  const calls = code.matchAll(/(\btypeof )?\bimport\('([^']+)'\)/g);
  return [
    ...[...statements].map(([, type, names = '', specifier = '']) => ({
      from,
      to: resolve(from, specifier),
      typeOnly: type !== undefined || /^ \{(\s*type \w+( as \w+)?,?)+\s*\} $/.test(names),
    })),
    ...[...calls].map(([, type, specifier = '']) => ({
      from,
      to: resolve(from, specifier),
      typeOnly: type !== undefined,
    })),
  ];
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const path = normalize(join(dirname(from), specifier));
  return path.endsWith('.ts') ? path : `${path}.ts`;
}

/** Finds the circles: groups of files that reach each other by imports. */
function circlesOf(imports: readonly Pick<Import, 'from' | 'to'>[]): string[][] {
  const targets = grouped(imports);
  const reached = new Map([...targets.keys()].sort().map((file) => [file, reachableFrom(file, targets)]));
  const circles = [...reached].flatMap(([file, files]) => {
    if (!files.has(file)) return [];
    const circle = [...files].filter((other) => reached.get(other)?.has(file)).sort();
    return circle[0] === file ? [circle] : [];
  });
  return circles;
}

function reachableFrom(
  file: string,
  targets: ReadonlyMap<string, readonly Pick<Import, 'to'>[]>,
  seen = new Set<string>(),
): Set<string> {
  for (const { to } of targets.get(file) ?? [])
    if (!seen.has(to)) {
      seen.add(to);
      reachableFrom(to, targets, seen);
    }
  return seen;
}

function grouped<T extends { from: string }>(imports: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of imports) groups.set(one.from, [...(groups.get(one.from) ?? []), one]);
  return groups;
}
