// The parsers that parse.ts compares, each a function that parses one request, call included. Making one
// checks that it accepts the request.

import { createRequire } from 'node:module';
import { do_not_optimize } from 'mitata';
import type { EngineName } from '#dist/protocol/codec.js';
import { createEngine } from './engine.ts';

export const PARSERS = {
  WASM: (request: Uint8Array) => parseWithEngine('wasm', request),
  JS: (request: Uint8Array) => parseWithEngine('js', request),
  llhttp: parseWithLlhttp,
} as const;
export type ParserName = keyof typeof PARSERS;

function parseWithEngine(name: EngineName, request: Uint8Array): () => void {
  const { codec, slot } = createEngine(name);
  const start = slot.readStart;
  const end = start + request.length;
  slot.read.set(request);
  checkAccepted(`${name} engine`, codec.parse(start, end) - start, request);
  return () => do_not_optimize(codec.parse(start, end));
}

/** Node's own binding, as far as it is used here. */
interface LlhttpParser {
  [callback: number]: (...args: unknown[]) => void;
  initialize(type: number, resource: object): void;
  execute(bytes: Uint8Array): number | Error;
}
interface LlhttpParserClass {
  new (): LlhttpParser;
  REQUEST: number;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
}

/** With the callbacks that node:http sets, doing nothing: it pays for their arguments, and so does this. */
function parseWithLlhttp(request: Uint8Array): () => void {
  // The module is meant for Node alone, and says so by a deprecation warning.
  process.noDeprecation = true;
  const { HTTPParser } = createRequire(import.meta.url)('node:_http_common') as {
    HTTPParser: LlhttpParserClass;
  };
  const parser = new HTTPParser();
  let heads = 0;
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeaders] = () => {};
  parser[HTTPParser.kOnHeadersComplete] = () => {
    heads++;
  };
  parser[HTTPParser.kOnBody] = () => {};
  parser[HTTPParser.kOnMessageComplete] = () => {};
  // Twice: the connection has to stay open behind a request.
  for (let round = 1; round <= 2; round++) {
    checkAccepted('llhttp', parser.execute(request), request);
    if (heads !== round) throw new Error('llhttp does not report the head');
  }
  return () => do_not_optimize(parser.execute(request));
}

function checkAccepted(name: string, result: number | Error, request: Uint8Array): void {
  if (result !== request.length)
    throw new Error(`${name} does not accept the request of ${request.length} bytes: ${result}`);
}
