// docs/operations.md is true: its commands print what it says, promtool accepts its files, and its table has all metrics.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { adminOf, scrape } from '../../support/admin.ts';
import { appFiles, startServer, temporaryFolder } from '../../support/fixtures.ts';

const PAGE = readFileSync('docs/operations.md', 'utf8');
const run = promisify(execFile);

const APP = `import { counter, limiter, Response } from 'hotpath';
const calls = limiter('calls', { limit: 5, windowMs: 60000 });
export default { fetch: () => {
  counter('hits').add();
  calls.take('ada');
  return new Response('');
} };`;

function blocksOf(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );
}

test('every block is a console, or a file of Prometheus', () => {
  const all = [...PAGE.matchAll(/^```(\w*)$/gm)].map(([, language]) => language).filter(Boolean);
  expect(all).toHaveLength(blocksOf('console').length + blocksOf('yaml').length);
});

test('the commands print what the page says', async () => {
  const folder = temporaryFolder('operations');
  writeFileSync(join(folder, 'admin-token'), 'secret\n');
  const app = appFiles().write('app.mjs', APP);
  const open = await startServer(['--admin', '127.0.0.1:0', '--workers', '2', app]);
  const guarded = await startServer([
    '--admin',
    '127.0.0.1:0',
    '--admin-token',
    join(folder, 'admin-token'),
    '--workers',
    '2',
    app,
  ]);
  for (const { port } of [open, guarded])
    for (let i = 0; i < 3; i++) await (await fetch(`http://127.0.0.1:${port}`)).text();
  for (const block of blocksOf('console'))
    for (const [, command = '', output = ''] of block.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      // The server's token must stay as it is.
      if (command.startsWith('openssl')) continue;
      const server = command.includes('Authorization') ? guarded : open;
      const line = command.replaceAll('http://127.0.0.1:9090', adminOf(server));
      const { stdout } = await run('bash', ['-c', line], { cwd: folder });
      const [begin = ''] = output.split('…\n');
      if (begin === output) expect(stdout.trimEnd(), command).toBe(output.trimEnd());
      else expect(stdout.startsWith(begin), command).toBe(true);
    }
});

test.skipIf(!existsSync('/usr/bin/promtool'))('promtool accepts the files', async () => {
  const folder = temporaryFolder('prometheus');
  writeFileSync(join(folder, 'admin-token'), 'secret\n');
  for (const block of blocksOf('yaml')) {
    const [, name = ''] = /^# (\S+\.yml)$/m.exec(block) ?? [];
    writeFileSync(join(folder, name), block);
  }
  expect((await run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: folder })).stdout).toContain(
    'is valid prometheus config file syntax',
  );
  expect((await run('promtool', ['check', 'rules', 'alerts.yml'], { cwd: folder })).stdout).toContain(
    'SUCCESS: 8 rules found',
  );
});

test('the table has the metrics of the server, and the rules use no others', async () => {
  const server = await startServer(['--admin', '127.0.0.1:0', '--workers', '1']);
  await (await fetch(`http://127.0.0.1:${server.port}`)).text();
  const families = await scrape(adminOf(server));
  const endings: Record<string, string> = { counter: '_total', info: '_info' };
  const names = [...families.values()].map(({ name, type }) => name + (endings[type] ?? ''));
  const table = [...PAGE.matchAll(/^\| (`(?:hotpath|process)_.*?) \|/gm)]
    .flatMap(([, cell = '']) => cell.split(', '))
    .map((name) => name.replaceAll('`', ''));
  expect(table.sort()).toEqual(names.sort());
  const used = PAGE.matchAll(/\b(?:hotpath|process)_[a-z_]+[a-z]\b/g);
  for (const [name] of used) expect(names, name).toContain(name.replace(/_bucket$/, ''));
});
