// Who may know whom. Reads the sources.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Import {
  from: string;
  /** A file of the project, with its ending, or a package. */
  to: string;
  typeOnly: boolean;
}

const FILES = [...filesOf('src'), ...filesOf('assembly')];
const IMPORTS = FILES.flatMap(importsOf);
const runtime = IMPORTS.filter(({ typeOnly }) => !typeOnly);

/** Lower knows nothing of higher; the same rank only within its folder. */
const RANKS: [RegExp, number][] = [
  [/^src\/(wasm\/layout|protocol\/codes|plural|one-line|within|backoff|node-version)\.ts$/, 0],
  [/^assembly\/(chars|state\/(extent|gauge|hold|lease|mutex|scratch|siphash)|guards)\.ts$/, 1],
  [
    /^assembly\/(scanner|number|extension|http-date|entity-tags|state\/(counter|histogram|limiter|tables))\.ts$/,
    2,
  ],
  [/^assembly\/(coding|host|target|fields|state\/death)\.ts$/, 3],
  [/^assembly\/(framing|section|chunked|conditions)\.ts$/, 4],
  [/^assembly\/(request|response|content|routes)\.ts$/, 5],
  [/^assembly\/serve\.ts$/, 6],
  [/^assembly\/index\.ts$/, 7],
  [/^src\/protocol\//, 1],
  [/^src\/wasm\//, 2],
  [/^src\/(connection|state)\//, 3],
  [/^src\/(app|durable)\//, 4],
  [/^src\/(workers\/|(option-kinds|options|read-options|serve-options|command-line)\.ts$)/, 5],
  [/^src\/(models\/|messages\.ts$)/, 6],
  [/^src\/(supervisor|server-main|serve)\.ts$/, 7],
  [/^src\/(command|index)\.ts$/, 8],
  [/^src\/cli\.ts$/, 9],
];

function rankOf(file: string): number {
  const rank = RANKS.find(([pattern]) => pattern.test(file))?.[1];
  if (rank === undefined) throw new Error(`${file} has no place among the layers`);
  return rank;
}

describe('import directions', () => {
  test('every file has its layer, and imports only from its own folder or from below', () => {
    const wrong = IMPORTS.filter(({ to }) => /^(src|assembly)\//.test(to)).filter(
      ({ from, to }) =>
        rankOf(to) > rankOf(from) || (rankOf(to) === rankOf(from) && dirname(from) !== dirname(to)),
    );
    // The JS engine lives in a folder of the protocol.
    expect(wrong.filter(({ from, to }) => !(isProtocol(from) && isProtocol(to)))).toEqual([]);
  });

  test('nothing in the product imports tests or benches', () => {
    expect(IMPORTS.filter(({ to }) => /^(test|bench)\//.test(to))).toEqual([]);
  });

  test('no file imports itself around a corner', () => {
    for (const file of FILES) expect(reachable(file), file).not.toContain(file);
  });

  test('protocol/ is pure: only protocol/, and the map for the JS engine', () => {
    const foreign = IMPORTS.filter(({ from }) => isProtocol(from)).filter(
      ({ from, to }) =>
        !isProtocol(to) && !(from.startsWith('src/protocol/js/') && to === 'src/wasm/layout.ts'),
    );
    expect(foreign).toEqual([]);
  });

  test('the map is read by wasm/, the JS engine and assembly/ alone', () => {
    const readers = IMPORTS.filter(({ to }) => to === 'src/wasm/layout.ts').map(({ from }) => from);
    expect(readers.filter((from) => !/^(src\/wasm|src\/protocol\/js|assembly)\//.test(from))).toEqual([]);
  });

  test('the map and the codes import nothing', () => {
    expect(IMPORTS.filter(({ from }) => rankOf(from) === 0)).toEqual([]);
  });

  test.each([
    // proxy.ts asks it only what is an IP address.
    ['node:net', /^src\/(connection\/|models\/thread\.ts$|app\/proxy\.ts$|durable\/lock\.ts$)/],
    // bound.ts asks who this thread is.
    ['node:worker_threads', /^src\/((workers|models)\/|durable\/keep(er-main)?\.ts$|state\/bound\.ts$)/],
    ['node:child_process', /^src\/(supervisor|models\/process|app\/load)\.ts$/],
    // bodies.ts asks which undici there is, clock.ts what time it is, folder.ts which user this is.
    [
      'node:process',
      /^src\/(models\/(descriptors|process|in-thread)|app\/(load|bodies)|workers\/worker-main|state\/clock|durable\/owner)\.ts$/,
    ],
    ['@assemblyscript/loader', /^src\/wasm\/instance\.ts$/],
  ])('%s', (name, allowed) => {
    expect(runtime.filter(({ from, to }) => to === name && !allowed.test(from))).toEqual([]);
  });

  test('only wasm/ speaks of WebAssembly, only entries and those who start processes speak of the process', () => {
    for (const file of FILES) {
      const code = readFileSync(file, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
      if (!file.startsWith('src/wasm/')) expect(code, file).not.toMatch(/\bWebAssembly\b/);
      if (
        !/^src\/(cli|command|node-version|supervisor|server-main|models\/(process-main|in-thread)|workers\/worker-main)\.ts$/.test(
          file,
        )
      )
        expect(code, file).not.toMatch(/\bprocess\./);
    }
  });
});

describe('habits', () => {
  test('every file opens with what it is for', () => {
    for (const file of FILES)
      expect(readFileSync(file, 'utf8').replace(/^#!.*\n/, ''), file).toMatch(/^\/[/*]/);
  });

  test('assembly/ allocates nothing and imports no function of its host', () => {
    for (const file of filesOf('assembly')) {
      const code = readFileSync(file, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
      expect(code, file).not.toMatch(/\bnew\b|\bheap\.|\bstring\b|Array|@external|\bdeclare\b/);
    }
  });
});

function isProtocol(file: string): boolean {
  return file.startsWith('src/protocol/');
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(from: string): Import[] {
  const text = readFileSync(from, 'utf8');
  return [...text.matchAll(/^import (type )?[^;]*?from '([^']+)'/gm)].map(([, type, specifier]) => ({
    from,
    to: resolve(from, specifier as string),
    typeOnly: type !== undefined,
  }));
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const path = normalize(join(dirname(from), specifier));
  return path.endsWith('.ts') ? path : `${path}.ts`;
}

/** What a file imports at run time, directly or not. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  for (const { from, to } of runtime)
    if (from === file && !seen.has(to)) {
      seen.add(to);
      reachable(to, seen);
    }
  return seen;
}
