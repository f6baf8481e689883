// How messages show texts from outside.

import { expect, test } from 'vitest';
import { escaped, oneLine } from '../src/one-line.ts';

test.each([
  ['one line', 'one line'],
  ['Unexpected token\n\n    at a.js:1\r\n', 'Unexpected token at a.js:1'],
  ['a\u001b[2Jb\u009bc\u007f', 'a [2Jb c'],
  ['two  blanks stay', 'two  blanks stay'],
  ['\n', ''],
])('oneLine(%j) has no control character', (text, line) => {
  expect(oneLine(text)).toBe(line);
});

test('oneLine() takes time in proportion to the text', () => {
  const startMs = performance.now();
  oneLine(' '.repeat(1_000_000));
  oneLine('\n '.repeat(1_000_000));
  expect(performance.now() - startMs).toBeLessThan(2000);
});

test('escaped() shows where a value has which control characters', () => {
  expect(escaped('a\tb\r\nc\u009b')).toBe('a\\x09b\\x0d\\x0ac\\x9b');
  expect(escaped('plain é')).toBe('plain é');
});
