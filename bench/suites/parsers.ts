// The parsers that parse.ts compares. Each parses one input again and again. Before a parser is timed, it must
// report twice the right number of requests, fields and bytes of content in the input.

import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { do_not_optimize } from 'mitata';
import type { EngineName } from '#dist/protocol/codec.js';
import { compileModule } from '#dist/wasm/instance.js';
import { createEngine } from '../measure/engine.ts';
import { hasPeer, INSTALL_PEERS, loadPeer } from './peers.ts';

/** The contents of an input, or the counts that a parser reports about it. */
export interface Findings {
  requests: number;
  fields: number;
  contentBytes: number;
}

export interface Input extends Findings {
  text: string;
  /** The call of the engines: parse() leaves the offsets of one head, serve() also consumes the content and answers. */
  call: 'parse' | 'serve';
}

interface Parser {
  /** Parses the input once. @returns a value that keeps V8 from removing the call */
  parse(): unknown;
  /** The counts that the last parse() has found. */
  findings(): Findings;
}

export interface ParserKind {
  ours: boolean;
  missing?(): string | undefined;
  create(input: Input): Parser;
}

const peer = (name: string) => () => (hasPeer(name) ? undefined : INSTALL_PEERS);

export const PARSERS = {
  'WASM engine': { ours: true, create: (input) => createEngineParser('wasm', input) },
  'JS engine': { ours: true, create: (input) => createEngineParser('js', input) },
  'llhttp (Node)': { ours: false, create: createNodeParser },
  'llhttp (WASM)': { ours: false, missing: peer('undici'), create: createLlhttpWasm },
  'http-parser-js': { ours: false, missing: peer('http-parser-js'), create: createHttpParserJs },
} as const satisfies Record<string, ParserKind>;
export type ParserName = keyof typeof PARSERS;

/** Creates a parser. @throws Error if the parser does not find everything in the input */
export function createParser(name: ParserName, input: Input): () => void {
  const parser = PARSERS[name].create(input);
  // Twice, because the connection must stay open after a request.
  for (let round = 1; round <= 2; round++) {
    parser.parse();
    const { requests, fields, contentBytes } = parser.findings();
    const understood =
      requests === input.requests && fields === input.fields && contentBytes === input.contentBytes;
    if (!understood)
      throw new Error(
        `${name} finds ${requests} requests, ${fields} fields, ${contentBytes} bytes of content`,
      );
  }
  return () => do_not_optimize(parser.parse());
}

function createEngineParser(name: EngineName, { text, call, requests }: Input): Parser {
  const { codec, slot, answered, fieldCount, contentBytes } = createEngine(name);
  const bytes = Buffer.from(text, 'latin1');
  const start = slot.readStart;
  const end = start + bytes.length;
  slot.read.set(bytes);
  if (call === 'parse') {
    let cursor = 0;
    return {
      parse: () => (cursor = codec.parse(start, end)),
      findings: () => ({ requests: cursor === end ? 1 : 0, fields: fieldCount(), contentBytes: 0 }),
    };
  }
  // serve() has reset the record for the next request. The fields are those of the first one, because all requests
  // of an input are alike.
  codec.parse(start, end);
  const fields = fieldCount() * requests;
  slot.record.drop();
  const output = slot.outputs[0] as number;
  let answeredBefore = 0;
  return {
    parse: () => codec.serve(start, end, output),
    findings: () => {
      const all = answered();
      const found = all - answeredBefore;
      answeredBefore = all;
      return { requests: found, fields, contentBytes: contentBytes() };
    },
  };
}

/** Node's own binding, as far as it is used here. */
interface NodeParser {
  [callback: number]: (...args: unknown[]) => void;
  initialize(type: number, resource: object): void;
  execute(bytes: Uint8Array): number | Error;
}
interface NodeParserClass {
  new (): NodeParser;
  REQUEST: number;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
}

/** The index of the raw fields in the arguments of kOnHeadersComplete. */
const RAW_FIELDS = 2;

/** Sets the callbacks that node:http sets, without work in them, because node:http pays for their arguments as well. */
function createNodeParser({ text }: Input): Parser {
  // Node reserves the module for itself and prints a deprecation warning.
  process.noDeprecation = true;
  const { HTTPParser } = createRequire(import.meta.url)('node:_http_common') as {
    HTTPParser: NodeParserClass;
  };
  const bytes = Buffer.from(text, 'latin1');
  const parser = new HTTPParser();
  const tally = new Tally();
  parser.initialize(HTTPParser.REQUEST, {});
  // Many fields come in batches, the last batch with the end of the head, which then has no list of fields.
  parser[HTTPParser.kOnHeaders] = (raw) => tally.addFields(raw as string[]);
  parser[HTTPParser.kOnHeadersComplete] = (...args) =>
    tally.addFields(args[RAW_FIELDS] as string[] | undefined);
  parser[HTTPParser.kOnBody] = (content) => tally.addContent((content as Uint8Array).length);
  parser[HTTPParser.kOnMessageComplete] = () => tally.addRequest();
  return { parse: () => accepted(parser.execute(bytes)), findings: () => tally.take() };
}

interface HttpParserJs {
  [callback: number]: (...args: never[]) => void;
  execute(bytes: Buffer): number | Error;
}
interface HttpParserJsClass {
  new (type: string): HttpParserJs;
  REQUEST: string;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
}

function createHttpParserJs({ text }: Input): Parser {
  const { HTTPParser } = loadPeer('http-parser-js') as { HTTPParser: HttpParserJsClass };
  const bytes = Buffer.from(text, 'latin1');
  const parser = new HTTPParser(HTTPParser.REQUEST);
  const tally = new Tally();
  parser[HTTPParser.kOnHeadersComplete] = ({ headers }: { headers: string[] }) => tally.addFields(headers);
  parser[HTTPParser.kOnBody] = (_chunk: Buffer, _start: number, size: number) => tally.addContent(size);
  parser[HTTPParser.kOnMessageComplete] = () => tally.addRequest();
  return { parse: () => accepted(parser.execute(bytes)), findings: () => tally.take() };
}

interface LlhttpExports {
  memory: WebAssembly.Memory;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_execute(parser: number, bytes: number, size: number): number;
}

const LLHTTP_REQUEST = 1;

function compileLlhttp(): WebAssembly.Module {
  return new WebAssembly.Module(loadPeer('undici/lib/llhttp/llhttp_simd-wasm.js') as Uint8Array<ArrayBuffer>);
}

/** The modules of all parsers. While they are referenced, V8 does not compile the same bytes again. */
export function compileModules(): unknown[] {
  const llhttp = PARSERS['llhttp (WASM)'].missing() === undefined ? [compileLlhttp()] : [];
  return [compileModule(), ...llhttp];
}

/**
 * The module with which undici parses responses, set to parse requests. The input is already in its memory, as with
 * our engines; undici copies it there.
 */
function createLlhttpWasm({ text }: Input): Parser {
  const bytes = Buffer.from(text, 'latin1');
  const tally = new Tally();
  const proceed = () => 0;
  const env = {
    wasm_on_url: proceed,
    wasm_on_status: proceed,
    wasm_on_message_begin: proceed,
    wasm_on_header_field: proceed,
    wasm_on_header_value: () => tally.addField(),
    wasm_on_headers_complete: proceed,
    wasm_on_body: (_parser: number, _at: number, size: number) => tally.addContent(size),
    wasm_on_message_complete: () => tally.addRequest(),
  };
  const { exports } = new WebAssembly.Instance(compileLlhttp(), { env });
  const { memory, malloc, llhttp_alloc, llhttp_execute } = exports as unknown as LlhttpExports;
  const parser = llhttp_alloc(LLHTTP_REQUEST);
  const place = malloc(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, place);
  return {
    parse: () => {
      const error = llhttp_execute(parser, place, bytes.length);
      if (error !== 0) throw new Error(`llhttp rejects the input with error ${error}`);
      return error;
    },
    findings: () => tally.take(),
  };
}

/** Counts the arguments of the callbacks. The callbacks return 0, so that llhttp continues. */
class Tally {
  private requests = 0;
  private fields = 0;
  private contentBytes = 0;

  addRequest(): number {
    this.requests++;
    return 0;
  }

  addField(): number {
    this.fields++;
    return 0;
  }

  /** Counts fields. @param raw names and values in turns */
  addFields(raw: readonly string[] | undefined): void {
    if (raw !== undefined) this.fields += raw.length / 2;
  }

  addContent(bytes: number): number {
    this.contentBytes += bytes;
    return 0;
  }

  /** Returns the counts since the last call, and resets them. */
  take(): Findings {
    const { requests, fields, contentBytes } = this;
    this.requests = this.fields = this.contentBytes = 0;
    return { requests, fields, contentBytes };
  }
}

/** Checks a result of the parser. @throws the error that was returned in place of a size */
function accepted(result: number | Error): number {
  if (result instanceof Error) throw result;
  return result;
}
