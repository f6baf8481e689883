// Node's own parser, llhttp, through the binding that node:http uses: strict, without leniency flags.

import { createRequire } from 'node:module';

/** A message as llhttp sees it. */
export interface PeerMessage {
  /** '' when Node has no name for it. */
  method: string;
  target: string;
  minor: number;
  /** Names and values by turns. */
  fields: string[];
  trailers: string[];
  persistent: boolean;
  /** Latin-1. */
  content: string;
  /** llhttp takes the bytes after the head for another protocol; it reports no errors in them. */
  upgrade: boolean;
  /** Whether the head, and whether the message, is whole. */
  headWhole: boolean;
  whole: boolean;
}

export interface Peer {
  messages: PeerMessage[];
  /** An HPE_* code, or ''. */
  error: string;
  reason: string;
}

/** The part of Node's binding that is used here. */
interface Parser {
  [callback: number]: (...args: never[]) => void;
  initialize(type: number, resource: object, headBytesMax: number, leniency: number): void;
  execute(bytes: Uint8Array): number | (Error & { code: string; reason: string });
}
interface Binding {
  HTTPParser: {
    new (): Parser;
    REQUEST: number;
    kLenientNone: number;
    kOnHeaders: number;
    kOnHeadersComplete: number;
    kOnBody: number;
    kOnMessageBegin: number;
    kOnMessageComplete: number;
  };
  methods: string[];
}

// Node prints a deprecation warning, since the module is meant for Node's own use.
process.noDeprecation = true;
const { HTTPParser, methods } = createRequire(import.meta.url)('node:_http_common') as Binding;

/** The methods that llhttp knows: it rejects others. */
export const LLHTTP_METHODS: ReadonlySet<string> = new Set(methods);
/** hotpath's own limit is tested elsewhere. */
const HEAD_BYTES_MAX = 1 << 30;
const RESOURCE = {};

const parser = new HTTPParser();
let messages: PeerMessage[] = [];
let message: PeerMessage;

parser[HTTPParser.kOnMessageBegin] = () => {
  message = {
    method: '',
    target: '',
    minor: -1,
    fields: [],
    trailers: [],
    persistent: false,
    content: '',
    upgrade: false,
    headWhole: false,
    whole: false,
  };
  messages.push(message);
};
// llhttp calls this with more fields than fit one call, or with trailers.
parser[HTTPParser.kOnHeaders] = (fields: string[], target: string) => {
  if (message.headWhole) message.trailers.push(...fields);
  else {
    message.fields.push(...fields);
    message.target += target;
  }
};
parser[HTTPParser.kOnHeadersComplete] = (
  _major: number,
  minor: number,
  fields: string[] | undefined,
  method: number,
  target: string | undefined,
  _status: undefined,
  _phrase: undefined,
  upgrade: boolean,
  persistent: boolean,
) => {
  // The list has gaps at its end, for methods that node:http doesn't offer.
  message.method = methods[method] ?? '';
  message.minor = minor;
  if (fields !== undefined) message.fields = fields;
  if (target !== undefined) message.target = target;
  message.persistent = persistent;
  message.upgrade = upgrade;
  message.headWhole = true;
};
parser[HTTPParser.kOnBody] = (content: Buffer) => {
  message.content += content.toString('latin1');
};
parser[HTTPParser.kOnMessageComplete] = () => {
  message.whole = true;
};

/** Parses all messages in the bytes, up to the first error or request to upgrade. */
export function parseWithLlhttp(bytes: Buffer): Peer {
  messages = [];
  parser.initialize(HTTPParser.REQUEST, RESOURCE, HEAD_BYTES_MAX, HTTPParser.kLenientNone);
  const result = parser.execute(bytes);
  if (typeof result !== 'number') return { messages, error: result.code, reason: result.reason };
  return { messages, error: '', reason: '' };
}
