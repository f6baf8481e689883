import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { besideOf } from '../../src/connection/socket-file.ts';

const LONGEST = platform() === 'linux' ? 107 : 103;

describe('the name at which a socket is bound', () => {
  test('is the path with random digits behind it, if there is room', () => {
    expect(besideOf('/run/app.sock', '0123abcd')).toBe('/run/app.sock.0123abcd');
  });

  test('differs from the path for every name of one byte at the limit of length, whatever the digits are', () => {
    const folder = join('/', 'd'.repeat(LONGEST - 3));
    for (let byte = 1; byte < 128; byte++) {
      const name = String.fromCharCode(byte);
      if (name === '/') continue;
      for (const digit of '0123456789abcdef') {
        const beside = besideOf(`${folder}/${name}`, digit.repeat(8));
        expect(beside).not.toBe(`${folder}/${name}`);
        expect(dirname(beside)).toBe(folder);
        expect(beside).toHaveLength(LONGEST);
      }
    }
  });

  test('differs from the path if its name is as long as the digits', () => {
    const folder = join('/', 'd'.repeat(LONGEST - 10));
    for (const name of ['0123abcd', 'xxxxxxxx', 'ffffffff']) {
      const beside = besideOf(`${folder}/${name}`, '0123abcd');
      expect(beside).not.toBe(`${folder}/${name}`);
      expect(dirname(beside)).toBe(folder);
    }
  });
});
