// The suite `parse`: parsing of requests by both engines and by other parsers.

import { atPace, type Pace } from '../measure/pace.ts';
import { type Contest, Rounds, type Subject } from '../measure/rounds.ts';
import { time, timingSeconds } from '../measure/timing.ts';
import type { Suite } from '../suite.ts';
import { type Input, PARSERS, type ParserKind, type ParserName } from './parsers.ts';
import { BROWSER, chunked, PLAIN, withFields } from './requests.ts';

const PIPELINED = 16;
const MANY_FIELDS = 64;
const CHUNK_COUNT = 8;
const CHUNK_BYTES = 256;
const NANOS_PER_SECOND = 1e9;

export const INPUTS: Record<string, Input> = {
  [`${PLAIN.length} bytes`]: head(PLAIN, 1),
  [`${BROWSER.length} bytes`]: head(BROWSER, 9),
  [`${MANY_FIELDS} fields`]: head(withFields(MANY_FIELDS), MANY_FIELDS),
  [`${PIPELINED} pipelined`]: {
    text: PLAIN.repeat(PIPELINED),
    call: 'serve',
    requests: PIPELINED,
    fields: PIPELINED,
    contentBytes: 0,
  },
  [`${CHUNK_COUNT} chunks of ${CHUNK_BYTES} bytes`]: {
    text: chunked(CHUNK_COUNT, CHUNK_BYTES),
    call: 'serve',
    requests: 1,
    fields: 2,
    contentBytes: CHUNK_COUNT * CHUNK_BYTES,
  },
};
const NAMES = Object.keys(PARSERS) as ParserName[];

export const parse: Suite = {
  name: 'parse',
  title: 'nanoseconds a call, the call from JavaScript included',
  byDefault: true,
  seconds: (pace) => inputsAt(pace).length * NAMES.length * pace.timingRounds * timingSeconds(pace),
  async run(result, progress, pace) {
    result.notes.push(
      'Engines, one head: parse() checks method, target, host and every field, and leaves their offsets in the record. It makes no strings and calls no callbacks.',
      'Engines, pipelined and chunked: serve() also consumes the content and builds each response with Date and count, all in one call.',
      'llhttp (Node): the binding that node:http uses, with callbacks for head, content and end. It makes a string of the target and of each name and value.',
      'llhttp (WASM): the module in undici, with its input already in its memory. It calls JavaScript for each name, value and piece of content, and passes offsets only.',
      'WASM is compiled by the optimising compiler before it is timed, as in a server that has run for a while.',
      'http-parser-js: strings of the target and of each name and value, and the same callbacks as llhttp (Node).',
      `A call parses the whole input: all ${PIPELINED} pipelined requests, the head and all ${CHUNK_COUNT} chunks. Each parser had to find every request, field and byte of content before it was timed.`,
    );
    const rounds = new Rounds(result, progress);
    const present = NAMES.filter((name) => missing(name) === undefined);
    for (const [name, input] of inputsAt(pace)) {
      const contest: Contest = {
        name,
        measure: 'nanoseconds',
        missing: NAMES.filter((one) => !present.includes(one)).map((one) => `${one}: ${missing(one)}`),
        subjects: present.map(
          (parser): Subject => ({
            name: parser,
            ours: PARSERS[parser].ours,
            ...(input.call === 'parse' ? { at: input.text.length } : {}),
            measure: async () => {
              const nanoseconds = await time(parser, input, pace);
              return { nanoseconds, bytesPerSecond: (input.text.length / nanoseconds) * NANOS_PER_SECOND };
            },
          }),
        ),
      };
      await rounds.run(contest, pace.timingRounds, timingSeconds(pace));
    }
  },
};

function inputsAt(pace: Pace): readonly (readonly [string, Input])[] {
  const all = Object.entries(INPUTS);
  return atPace(pace, all, all.slice(0, 2));
}

function head(text: string, fields: number): Input {
  return { text, call: 'parse', requests: 1, fields, contentBytes: 0 };
}

function missing(name: ParserName): string | undefined {
  const parser: ParserKind = PARSERS[name];
  return parser.missing?.();
}
