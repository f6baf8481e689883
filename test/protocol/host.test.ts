// Thousands of hosts and transfer codings, compared with their grammar: random texts, mostly nearly valid.

import { describe, expect, test } from 'vitest';
import {
  ERROR_HOST,
  ERROR_TARGET,
  ERROR_TRANSFER_CODING,
  ERROR_TRANSFER_ENCODING,
} from '../../src/memory/codes.ts';
import { Random } from '../fuzz/random.ts';
import { createEngine, ENGINE_NAMES, type Engine, latin1 } from '../support/engines.ts';
import { isAuthority, isHostValue, transferCoding } from '../support/grammar.ts';

const TEXTS = 20_000;

function parse({ codec, slot }: Engine, head: string): number {
  const bytes = latin1(head);
  slot.read.set(bytes);
  const result = codec.parse(slot.readStart, slot.readStart + bytes.length);
  slot.record.drop();
  return Math.min(result, 1);
}

/** A sequence of parts, with a byte added, removed or changed. */
function nearly(parts: readonly string[], partsMax: number, random: Random): string {
  let text = '';
  for (let count = random.below(partsMax + 1); count > 0; count--) text += random.pick(parts);
  const at = random.below(text.length + 1);
  if (random.oneIn(8)) return text.slice(0, at) + text.slice(at + 1);
  return random.oneIn(8) ? text.slice(0, at) + random.pick(parts) + text.slice(at) : text;
}

const GROUPS = [
  '1',
  '0',
  'ab',
  '00fF',
  '12345',
  ':',
  ':',
  ':',
  '::',
  '1:',
  '2:',
  '1.2.3.4',
  '255',
  '256',
  '.',
  '01',
];
const NAMES = [
  'a',
  'Z9',
  '-._~',
  "!$&'()*+,;=",
  '%41',
  '%fF',
  '%',
  '%4',
  ':80',
  ':',
  '@',
  '[',
  ']',
  '/',
  '\xe9',
  '|',
];
const FUTURES = ['v', 'V1', 'f.', '1.', 'a', ':', '-', '%41', '.'];

function randomHost(random: Random): string {
  if (random.oneIn(4)) return nearly(NAMES, 4, random);
  const address = random.oneIn(4) ? nearly(FUTURES, 4, random) : nearly(GROUPS, 9, random);
  return `${random.oneIn(20) ? '' : '['}${address}${random.oneIn(20) ? '' : ']'}${random.pick(['', '', ':80', ':', ':x'])}`;
}

const CODINGS = [
  'chunked',
  'Chunked',
  'gzip',
  'x',
  ',',
  ',',
  ', ',
  ' ,',
  ' ',
  '\t',
  ';',
  ';a=b',
  '; a = "c"',
  '"',
  '\\',
];

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);

  test('a Host, and the authority of a target, are accepted exactly by the grammar of RFC 3986', () => {
    const random = new Random(1);
    let good = 0;
    for (let i = 0; i < TEXTS; i++) {
      const host = randomHost(random);
      const value = host.trim();
      const taken = parse(engine, `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`);
      if (isHostValue(value)) good++;
      expect([value, taken]).toEqual([value, isHostValue(value) ? 1 : ERROR_HOST]);
      if (!/^[!-~]*$/.test(host) || /["#<>\\/?]/.test(host)) continue;
      const target = parse(engine, `GET http://${host}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect([host, target]).toEqual([host, isAuthority(host) ? 1 : ERROR_TARGET]);
    }
    expect(good).toBeGreaterThan(TEXTS / 20);
  });

  test('a list of transfer codings is accepted, unsupported or rejected exactly by its grammar, in one line or several', () => {
    const random = new Random(2);
    const counts = { chunked: 0, coded: 0, unclear: 0 };
    for (let i = 0; i < TEXTS; i++) {
      const lines = Array.from({ length: 1 + random.below(3) }, () => nearly(CODINGS, 4, random).trim());
      const fields = lines.map((line) => `Transfer-Encoding: ${line}\r\n`).join('');
      const coding = transferCoding(lines);
      counts[coding]++;
      const expected = { chunked: 1, coded: ERROR_TRANSFER_CODING, unclear: ERROR_TRANSFER_ENCODING }[coding];
      expect([lines, parse(engine, `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)]).toEqual([
        lines,
        expected,
      ]);
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(TEXTS / 200);
  });
});
