// `hotpath init`: the files that it writes, which run as they are, and the files that it never writes over.

import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { readCommand } from '../src/command-line.ts';
import { OptionError } from '../src/option-kinds.ts';
import { runCli } from './support/cli.ts';
import { startServer, temporaryFolder } from './support/fixtures.ts';

const folder = temporaryFolder('init');
const FILES = ['README.md', 'app.js', 'package.json'];

describe('a first application', () => {
  const made = join(folder, 'My first app!');

  test('is three files, and the command says what to do next', async () => {
    const { code, output, errors } = await runCli(['init', made]);
    expect([code, errors]).toEqual([0, '']);
    expect(output).toBe(
      `Wrote app.js, package.json and README.md in ${made}. Next:\n  cd '${made}'\n  npm install\n  npm run dev\n`,
    );
    expect(readdirSync(made).sort()).toEqual(FILES);
    expect(readFileSync(join(made, 'README.md'), 'utf8').split('\n')).toHaveLength(11);
    expect(JSON.parse(readFileSync(join(made, 'package.json'), 'utf8'))).toMatchObject({
      name: 'my-first-app',
      private: true,
      type: 'module',
      dependencies: { hotpath: `^${packageJson.version}` },
    });
  });

  test.each(['start', 'dev'])('runs by npm run %s', async (script) => {
    mkdirSync(join(made, 'node_modules'), { recursive: true });
    const link = join(made, 'node_modules/hotpath');
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(resolve('.'), link);
    const { scripts } = JSON.parse(readFileSync(join(made, 'package.json'), 'utf8'));
    const [command, app, ...options] = scripts[script].split(' ');
    expect(command).toBe('hotpath');
    const { port } = await startServer([join(made, app), ...options, '--workers', '2']);
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()];
    };
    expect(await get('/')).toEqual([200, 'Hello1']);
    expect(await get('/')).toEqual([200, 'Hello2']);
    expect(await get('/health')).toEqual([200, 'ok\n']);
    expect(await get('/users/7')).toEqual([200, '{"id":"7"}']);
    expect(await get('/a/b?c')).toEqual([404, 'Nothing at /a/b\n']);
  });

  test('is never written over a file, and then nothing is written', async () => {
    const before = FILES.map((name) => readFileSync(join(made, name), 'utf8'));
    const again = await runCli(['init', made]);
    expect([again.code, again.output]).toEqual([1, '']);
    expect(again.errors).toMatch(
      /^hotpath: .*app\.js exists, and hotpath init writes over no file: name another folder, [^\n]*\n$/,
    );
    expect(FILES.map((name) => readFileSync(join(made, name), 'utf8'))).toEqual(before);
    for (const name of FILES) {
      const other = join(folder, `with-${name}`);
      mkdirSync(other);
      // A broken link is a file, too.
      symlinkSync('nowhere', join(other, name));
      const { code, errors } = await runCli(['init', other]);
      expect([code, errors]).toEqual([1, expect.stringContaining(`${name} exists`)]);
      expect(readdirSync(other)).toEqual([name]);
    }
  });

  test('needs a folder that can be made', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, errors } = await runCli(['init', join(file, 'below')]);
    expect([code, errors]).toEqual([
      1,
      expect.stringMatching(/^hotpath: can't write to [^\n]*ENOTDIR[^\n]*\n$/),
    ]);
  });
});

describe('the word init', () => {
  test('is a command with one folder and no options', () => {
    expect(readCommand(['init'], {})).toEqual({ init: '.' });
    expect(readCommand(['init', 'a'], {})).toEqual({ init: 'a' });
    expect(() => readCommand(['init', 'a', 'b'], {})).toThrow(
      new OptionError("unexpected argument 'b': hotpath init takes one folder"),
    );
    expect(() => readCommand(['init', '--port', '80'], {})).toThrow(
      new OptionError('hotpath init takes no --port: add it to the scripts of package.json'),
    );
    expect(() => readCommand(['init', ''], {})).toThrow('needs the name of a folder');
  });

  test('is a file if the path says so', () => {
    const file = join(folder, 'init');
    writeFileSync(file, '');
    expect(readCommand([file], {})).toMatchObject({ asked: { app: expect.stringMatching(/\/init$/) } });
  });
});
