// The state folder: the server owns it and every file in it, and rejects links and files that another user put there.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CountersFile } from '../../src/durable/counters-file.ts';
import { openStateFolder } from '../../src/durable/folder.ts';
import { lockFolder } from '../../src/durable/lock.ts';
import { Snapshot } from '../../src/durable/snapshot.ts';
import { temporaryFolder } from '../support/fixtures.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function snapshotIn(folder: string, notes: string[]): Snapshot {
  return new Snapshot({ folder, parts: [], publish: () => {}, note: (text) => notes.push(text) });
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const isRoot = process.getuid?.() === 0;

describe.skipIf(platform() === 'win32')('the folder', () => {
  test('is made with the folders above it, for its owner alone', () => {
    const folder = temporaryFolder('own');
    const path = openStateFolder(join(folder, 'a', 'b'));
    expect(path).toBe(join(folder, 'a', 'b'));
    expect([modeOf(path), modeOf(join(folder, 'a'))]).toEqual([0o700, 0o700]);
  });

  test.each([0o700, 0o755, 0o750, 0o711])('of mode %o is used as it is', (mode) => {
    const folder = temporaryFolder('own');
    chmodSync(folder, mode);
    expect(openStateFolder(folder)).toBe(folder);
    expect(modeOf(folder)).toBe(mode);
  });

  test.each([0o777, 0o770, 0o720, 0o702, 0o1777, 0o2775])(
    'of mode %o is rejected with a line that names the folder and the fix',
    (mode) => {
      const folder = temporaryFolder('own');
      chmodSync(folder, mode);
      expect(() => openStateFolder(folder)).toThrow(
        `the state folder ${folder} can't be used: other users can write to it: run chmod 700 ${folder}, or use another folder`,
      );
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('is rejected below a folder in which all users may rename it, but not below one like /tmp', () => {
    const above = temporaryFolder('own');
    const folder = join(above, 'state');
    chmodSync(above, 0o777);
    expect(() => openStateFolder(folder)).toThrow(
      `other users can write to ${above}: run chmod o-w ${above}, or use another folder`,
    );
    for (const mode of [0o1777, 0o775]) {
      chmodSync(above, mode);
      expect(openStateFolder(folder)).toBe(folder);
    }
  });

  test('is reached through a link only if no other user can change the link', () => {
    const above = temporaryFolder('own');
    const folder = join(above, 'state');
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(join(above, 'open'));
    symlinkSync('../state', join(above, 'open', 'link'));
    symlinkSync('open/link', join(above, 'link'));
    expect(openStateFolder(join(above, 'link'))).toBe(folder);
    chmodSync(join(above, 'open'), 0o777);
    expect(() => openStateFolder(join(above, 'link'))).toThrow(`other users can write to ${above}/open`);
    symlinkSync('nowhere', join(above, 'dangling'));
    expect(() => openStateFolder(join(above, 'dangling'))).toThrow("can't be used: EEXIST");
    symlinkSync('loop', join(above, 'loop'));
    expect(() => openStateFolder(join(above, 'loop'))).toThrow("can't be used");
  });

  test('that the server may write to but does not own is rejected', () => {
    const folder = temporaryFolder('own');
    const user = (process.geteuid?.() as number) + 1;
    vi.spyOn(process, 'geteuid').mockReturnValue(user);
    if (isRoot) expect(openStateFolder(folder)).toBe(folder);
    else
      expect(() => openStateFolder(folder)).toThrow(
        `belongs to user ${user - 1} and the server runs as user ${user}: use a folder below folders of user ${user}`,
      );
  });

  test.runIf(isRoot)('is rejected if it, a folder above it, or a link to it belongs to another user', () => {
    const above = temporaryFolder('own');
    const folder = join(above, 'state');
    mkdirSync(folder);
    const says = (path: string): string =>
      `${path} belongs to user 12345 and the server runs as user 0: use a folder below folders of user 0`;
    symlinkSync(folder, join(above, 'link'));
    lchownSync(join(above, 'link'), 12345, 12345);
    expect(() => openStateFolder(join(above, 'link'))).toThrow(says(join(above, 'link')));
    chownSync(folder, 12345, 12345);
    expect(() => openStateFolder(folder)).toThrow(says(folder));
    chownSync(folder, 0, 0);
    chownSync(above, 12345, 12345);
    expect(() => openStateFolder(folder)).toThrow(says(above));
  });
});

describe.skipIf(platform() === 'win32')('a file', () => {
  const open = (folder: string): CountersFile => new CountersFile(folder);
  const lease = (file: CountersFile): void => void file.lease(new Map([['a', 3]]), () => {});

  test('is readable by its owner alone, even if the old file was not', () => {
    const folder = temporaryFolder('own');
    const path = join(folder, 'counters');
    lease(open(folder));
    expect(modeOf(path)).toBe(0o600);
    chmodSync(path, 0o644);
    lease(open(folder));
    expect(modeOf(path)).toBe(0o600);
  });

  test('is never written through a link', () => {
    const folder = temporaryFolder('own');
    const other = join(temporaryFolder('own'), 'mine');
    writeFileSync(other, 'mine');
    const fresh = join(folder, 'counters.new');
    const obstacles = [
      () => symlinkSync(other, fresh),
      () => linkSync(other, fresh),
      () => symlinkSync('/nowhere', fresh),
      () => writeFileSync(fresh, 'half'),
      () => execFileSync('mkfifo', [fresh]),
    ];
    for (const put of obstacles) {
      put();
      lease(open(folder));
      expect(readdirSync(folder)).toEqual(['counters']);
      expect(lstatSync(join(folder, 'counters')).isFile()).toBe(true);
    }
    expect(readFileSync(other, 'utf8')).toBe('mine');
  });

  const strange: [what: string, put: (path: string) => void, says: string][] = [
    ['a link', (path) => symlinkSync('elsewhere', path), 'is a symbolic link, and must be a file'],
    ['a dangling link', (path) => symlinkSync('nowhere', path), 'is a symbolic link, and must be a file'],
    ['a folder', (path) => mkdirSync(path), 'is not a regular file'],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'is not a regular file'],
    [
      'without an end',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 40);
      },
      `has ${2 ** 40} bytes, and can't be hotpath's`,
    ],
  ];

  test.each([0o666, 0o622, 0o660, 0o602])('of mode %o, which others may write, is rejected', (mode) => {
    const folder = temporaryFolder('own');
    const [counters, snapshot] = [join(folder, 'counters'), join(folder, 'snapshot')];
    for (const path of [counters, snapshot]) {
      writeFileSync(path, '');
      chmodSync(path, mode);
    }
    const notes: string[] = [];
    expect(() => open(folder)).toThrow(`other users can write to ${counters}: run chmod 600 ${counters}`);
    snapshotIn(folder, notes).load();
    expect(notes).toEqual([expect.stringContaining(`other users can write to ${snapshot}: `)]);
    expect(readdirSync(folder)).toEqual(['counters', 'snapshot.damaged']);
  });

  test.runIf(isRoot)('of another user is rejected', () => {
    const folder = temporaryFolder('own');
    const path = join(folder, 'counters');
    lease(open(folder));
    chownSync(path, 65_534, 65_534);
    expect(() => open(folder)).toThrow(
      `${path} belongs to user 65534 and the server runs as user 0: run chown 0 ${path}`,
    );
  });

  test.each(strange)('of counters that is %s is rejected with one line, and stays', (_, put, says) => {
    const folder = temporaryFolder('own');
    writeFileSync(join(folder, 'elsewhere'), 'mine');
    const path = join(folder, 'counters');
    put(path);
    const before = lstatSync(path);
    expect(() => open(folder)).toThrow(`${path} ${says}`);
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, size: before.size });
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('mine');
  });

  test.each(strange)('of a snapshot that is %s is renamed', (_, put, says) => {
    const folder = temporaryFolder('own');
    writeFileSync(join(folder, 'elsewhere'), 'mine');
    const path = join(folder, 'snapshot');
    put(path);
    const notes: string[] = [];
    const snapshot = snapshotIn(folder, notes);
    snapshot.load();
    expect(notes).toEqual([expect.stringContaining(`${path} ${says}`)]);
    expect(readdirSync(folder)).toEqual(['elsewhere', 'snapshot.damaged']);
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('mine');
  });

  test('that can not be renamed is reported', () => {
    const folder = temporaryFolder('own');
    mkdirSync(join(folder, 'snapshot.damaged', 'full'), { recursive: true });
    writeFileSync(join(folder, 'snapshot'), 'spoilt');
    const notes: string[] = [];
    snapshotIn(folder, notes).load();
    expect(notes).toEqual([expect.stringContaining("can't be renamed to snapshot.damaged: E")]);
  });
});

describe.skipIf(platform() === 'win32')('the lock', () => {
  test.each(['lock.999999999999999', 'lock.1000000000', 'lock.99999999999999999999999'])(
    '%s is rejected with a line that names it',
    async (name) => {
      const folder = temporaryFolder('own');
      writeFileSync(join(folder, name), '');
      await expect(lockFolder(folder)).rejects.toThrow(
        `the state folder ${folder} has a ${name}, whose number is too high: remove it when no server uses the folder`,
      );
      expect(readdirSync(folder)).toEqual([name]);
    },
  );

  test('goes up to the highest number, and not beyond', async () => {
    const folder = temporaryFolder('own');
    writeFileSync(join(folder, 'lock.999999998'), '');
    const lock = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual(['lock.999999999']);
    await lock.release();
    await expect(lockFolder(folder)).rejects.toThrow(
      `the state folder ${folder} has a lock.999999999, whose number is too high: remove it when no server uses the folder`,
    );
    expect(readdirSync(folder)).toEqual(['lock.999999999']);
    rmSync(join(folder, 'lock.999999999'));
    const again = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual(['lock.1']);
    await again.release();
  });

  test('does not remove folders, nor files with names that no server uses', async () => {
    const folder = temporaryFolder('own');
    const names = [
      'lock.-1',
      'lock.0',
      'lock.00001',
      'lock.007',
      'lock.1.2',
      'lock.1e9',
      'lock.abc',
      'lock.',
    ];
    for (const name of names) writeFileSync(join(folder, name), '');
    mkdirSync(join(folder, 'lock.5'));
    mkdirSync(join(folder, 'lock.fresh-00000000'));
    const lock = await lockFolder(folder);
    expect(readdirSync(folder).sort()).toEqual([...names, 'lock.5', 'lock.6', 'lock.fresh-00000000'].sort());
    expect(modeOf(join(folder, 'lock.6'))).toBe(0o600);
    await lock.release();
  });

  test('does not follow a link to a socket, and removes only the link', async () => {
    const folder = temporaryFolder('own');
    const elsewhere = join(temporaryFolder('own'), 'socket');
    let asked = 0;
    const server = createServer((socket) => {
      asked++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(elsewhere, resolve));
    symlinkSync(elsewhere, join(folder, 'lock.3'));
    symlinkSync(elsewhere, join(folder, 'lock.fresh-00000000'));
    execFileSync('mkfifo', [join(folder, 'lock.2')]);
    const lock = await lockFolder(folder);
    expect([readdirSync(folder), asked]).toEqual([['lock.4'], 0]);
    expect(lstatSync(elsewhere).isSocket()).toBe(true);
    await lock.release();
    await new Promise((resolve) => server.close(resolve));
  });

  test('works in a folder with thousands of files', async () => {
    const folder = temporaryFolder('own');
    for (let number = 1; number <= 3000; number++) writeFileSync(join(folder, `lock.${number}`), '');
    const lock = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual(['lock.3001']);
    await lock.release();
  });
});
