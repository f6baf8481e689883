// The programs of docs/listening.md, which run beside a certificate for localhost and print what the page says.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pair } from '../support/certificates.ts';
import { appFiles, temporaryFolder } from '../support/fixtures.ts';

const PROGRAM = /^## (.*)\n(?:(?!^## )[\s\S])*?^```js\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm;

const programs = [...readFileSync('docs/listening.md', 'utf8').matchAll(PROGRAM)];

test('every section that has a program is here', () => {
  const sections = programs.map(([, section]) => section);
  expect(sections).toEqual(['Addresses', 'HTTPS', 'HTTP/2', 'Unix sockets']);
});

test.each(programs.map(([, section, code = '', says = '']) => [section, code, says] as const))(
  '%s: the program prints what the page says, and leaves nothing behind',
  async (_, code, says) => {
    const file = appFiles().write('page.mjs', code);
    const cwd = temporaryFolder('page');
    const { cert, ca, key } = pair();
    // The page's client trusts the file, so its authority is in it.
    writeFileSync(join(cwd, 'cert.pem'), cert + ca);
    writeFileSync(join(cwd, 'key.pem'), key);
    expect((await promisify(execFile)(process.execPath, [file], { cwd })).stdout).toBe(says);
    expect(readdirSync(cwd).sort()).toEqual(['cert.pem', 'key.pem']);
  },
);
