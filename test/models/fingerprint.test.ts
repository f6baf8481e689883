// What counts as a change of an application's files.

import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { fingerprintOf } from '../../src/models/fingerprint.ts';
import { temporaryFolder } from '../support/fixtures.ts';

let folder = '';

beforeEach(() => {
  folder = temporaryFolder('fingerprint');
  mkdirSync(join(folder, 'src', 'deep'), { recursive: true });
  for (const file of ['package.json', 'src/app.js', 'src/deep/other.js', 'page.html']) write(file);
});

function write(file: string, text = file): void {
  writeFileSync(join(folder, file), text);
}

async function print(except: string[] = []): Promise<string | undefined> {
  return await fingerprintOf(pathToFileURL(join(folder, 'src/app.js')).href, except);
}

test('it stays the same as long as nothing changes', async () => {
  const before = await print();
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  expect(await print()).toBe(before);
});

test.each<[string, () => void]>([
  ['a file of another size', () => write('src/deep/other.js', 'longer than it was')],
  ['a file in the folder of the package.json', () => write('page.html', 'PAGE.HTML')],
  ['a new file', () => write('src/new.js')],
  ['a file that is gone', () => rmSync(join(folder, 'page.html'))],
  ['a file with another name', () => renameSync(join(folder, 'page.html'), join(folder, 'pages.html'))],
  ['a file with another time', () => utimesSync(join(folder, 'page.html'), 1, 1)],
])('%s changes it', async (_, change) => {
  const before = await print();
  // A file system may count time in steps.
  await new Promise((resolve) => setTimeout(resolve, 20));
  change();
  expect(await print()).not.toBe(before);
});

test('node_modules, folders that begin with a dot, and the files of certificates do not count', async () => {
  const before = await print([join(folder, 'cert.pem')]);
  for (const name of ['node_modules', '.git', 'src/node_modules']) {
    mkdirSync(join(folder, name));
    write(`${name}/file.js`);
  }
  write('cert.pem');
  expect(await print([join(folder, 'cert.pem')])).toBe(before);
  expect(await print()).not.toBe(before);
});

test('without a package.json the folder of the application counts', async () => {
  rmSync(join(folder, 'package.json'));
  const before = await print();
  write('page.html', 'changed');
  expect(await print()).toBe(before);
  write('src/deep/other.js', 'changed');
  expect(await print()).not.toBe(before);
});

test('a link to another folder makes it unknown, a link to a file does not', async () => {
  symlinkSync(join(folder, 'page.html'), join(folder, 'link.html'));
  const before = await print();
  expect(before).toBeDefined();
  symlinkSync(join(folder, 'src'), join(folder, 'linked'));
  expect(await print()).toBeUndefined();
});

test('a link that leads nowhere, a folder that is gone, and too many files make it unknown', async () => {
  symlinkSync(join(folder, 'nothing'), join(folder, 'broken'));
  expect(await print()).toBeUndefined();
  rmSync(join(folder, 'broken'));
  for (let i = 0; i < 10_000; i++) write(`page-${i}.html`, '');
  expect(await print()).toBeUndefined();
  rmSync(folder, { recursive: true });
  expect(await print()).toBeUndefined();
});

test('the same files behind another link are other files', async () => {
  const current = join(folder, 'current');
  const release = (name: string): void => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'app.js'), '');
  };
  const app = pathToFileURL(join(current, 'app.js')).href;
  for (const name of ['one', 'two']) release(name);
  const prints: (string | undefined)[] = [];
  for (const name of ['one', 'two']) {
    writeFileSync(join(folder, name, 'package.json'), '{}');
    rmSync(current, { force: true });
    symlinkSync(join(folder, name), current);
    prints.push(await fingerprintOf(app, []));
  }
  expect(prints[0]).toBeDefined();
  expect(prints[0]).not.toBe(prints[1]);
});
