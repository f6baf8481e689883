// Mutates bytes, without knowledge of the grammar except for some of its bytes and words.

import type { Random } from './random.ts';

/** Bytes and words that have a meaning in some part of the grammar. */
const WORDS = [
  ...'\r\n\t \0:;,=-+0159afAFxX"\x0b\x0c\x1f\x7f\x80\xa0\xff/[]*@#?%',
  '\r\n',
  '\r\n\r\n',
  '\r\n ',
  ' \r\n',
  '0\r\n\r\n',
  '\r\n0\r\n',
  ' HTTP/1.1\r\n',
  'HTTP/1.0',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD ',
  'Host: a\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding:',
  'Expect: 100-continue\r\n',
  'chunked',
  'http://',
];
const MUTATIONS_MAX = 6;
const REPEATS = [2, 3, 4, 16, 100, 101, 256, 257];
/** Bounds repetition, so that not every input becomes long. */
const REPEATED_BYTES_MAX = 6000;

type Mutation = (text: string, random: Random, other: string) => string;

const MUTATIONS: readonly Mutation[] = [
  replaceByte,
  replaceByte,
  flipBit,
  insertWord,
  insertWord,
  insertWord,
  remove,
  remove,
  duplicate,
  move,
  truncate,
  splice,
  swapCase,
  repeatLine,
];

/** Applies some mutations to the text, mostly one or two. `other`: a text to take parts from. */
export function mutate(text: string, random: Random, other: string): string {
  let count = 1;
  while (count < MUTATIONS_MAX && random.oneIn(2)) count++;
  for (; count > 0; count--) text = random.pick(MUTATIONS)(text, random, other);
  return text;
}

function replaceByte(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const byte = random.oneIn(2) ? String.fromCharCode(random.below(256)) : random.pick(WORDS);
  return text.slice(0, at) + byte + text.slice(at + 1);
}

function flipBit(text: string, random: Random): string {
  if (text === '') return text;
  const at = random.below(text.length);
  const flipped = text.charCodeAt(at) ^ (1 << random.below(8));
  return text.slice(0, at) + String.fromCharCode(flipped) + text.slice(at + 1);
}

function insertWord(text: string, random: Random): string {
  // Half of the places are borders of lines, since mutations matter most there.
  const [at] = random.oneIn(2) ? lineOf(text, random) : [random.below(text.length + 1)];
  return text.slice(0, at) + random.pick(WORDS) + text.slice(at);
}

function remove(text: string, random: Random): string {
  const [from, to] = random.oneIn(4) ? lineOf(text, random) : spanOf(text, random);
  return text.slice(0, from) + text.slice(to);
}

function duplicate(text: string, random: Random): string {
  const [from, to] = random.oneIn(2) ? lineOf(text, random) : spanOf(text, random);
  return text.slice(0, to) + text.slice(from, to) + text.slice(to);
}

function move(text: string, random: Random): string {
  const [from, to] = random.oneIn(2) ? lineOf(text, random) : spanOf(text, random);
  const rest = text.slice(0, from) + text.slice(to);
  const at = random.below(rest.length + 1);
  return rest.slice(0, at) + text.slice(from, to) + rest.slice(at);
}

function truncate(text: string, random: Random): string {
  return text.slice(0, random.below(text.length + 1));
}

function splice(text: string, random: Random, other: string): string {
  const [at] = lineOf(text, random);
  const [from] = lineOf(other, random);
  return text.slice(0, at) + other.slice(from);
}

function swapCase(text: string, random: Random): string {
  const [from, to] = spanOf(text, random);
  const span = text.slice(from, to);
  const lower = span.toLowerCase();
  return text.slice(0, from) + (span === lower ? upperOf(span) : lower) + text.slice(to);
}

function repeatLine(text: string, random: Random): string {
  const [from, to] = lineOf(text, random);
  const times = Math.min(random.pick(REPEATS), Math.floor(REPEATED_BYTES_MAX / (to - from + 1)));
  return text.slice(0, to) + text.slice(from, to).repeat(times) + text.slice(to);
}

/** Picks a short span, rarely a long one. */
function spanOf(text: string, random: Random): [from: number, to: number] {
  const from = random.below(text.length + 1);
  const size = 1 + random.below(random.oneIn(4) ? text.length + 1 : 4);
  return [from, Math.min(from + size, text.length)];
}

/** Picks a line with its end. */
function lineOf(text: string, random: Random): [from: number, to: number] {
  const place = random.below(text.length + 1);
  const from = place === 0 ? 0 : text.lastIndexOf('\n', place - 1) + 1;
  const end = text.indexOf('\n', place);
  return [from, end < 0 ? text.length : end + 1];
}

/** Changes ASCII letters only: toUpperCase() leaves Latin-1. */
function upperOf(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}
