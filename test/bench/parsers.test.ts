// A parser is rejected before it is timed if it does not understand all of its input.

import { describe, expect, it } from 'vitest';
import { INPUTS } from '../../bench/suites/parse.ts';
import {
  createParser,
  type Input,
  PARSERS,
  type ParserKind,
  type ParserName,
} from '../../bench/suites/parsers.ts';

const names = (Object.entries(PARSERS) as [ParserName, ParserKind][])
  .filter(([, kind]) => kind.missing?.() === undefined)
  .map(([name]) => name);

const inputs = Object.entries(INPUTS);
const heads = inputs.filter(([, { call }]) => call === 'parse');

describe.each(names)('%s', (name) => {
  it.each(inputs)('understands %s, again and again', (_, input) => {
    const parse = createParser(name, input);
    for (let i = 0; i < 3; i++) parse();
  });

  it.each(inputs)('is rejected if %s hold something else', (_, input) => {
    const others: Partial<Input>[] = [
      { requests: input.requests + 1 },
      { fields: input.fields + 1 },
      { contentBytes: input.contentBytes + 1 },
    ];
    for (const other of others) expect(() => createParser(name, { ...input, ...other })).toThrow();
  });

  it.each(inputs)('is rejected if the last byte of %s is missing', (_, input) => {
    expect(() => createParser(name, { ...input, text: input.text.slice(0, -1) })).toThrow();
  });

  it.each(heads)('is rejected if %s are no request', (_, input) => {
    expect(() => createParser(name, { ...input, text: input.text.replace('GET ', 'G\0T ') })).toThrow();
  });
});
