// Node's own parser, llhttp, through the binding that node:http uses: strict, without leniency flags.

import { createRequire } from 'node:module';

/** One message as llhttp sees it. */
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
  /** What follows the head is another protocol to llhttp; its errors are not told there. */
  upgrade: boolean;
  /** The head is whole; the message is. */
  headWhole: boolean;
  whole: boolean;
}

export interface Peer {
  messages: PeerMessage[];
  /** HPE_* and what is said of it, or ''. */
  error: string;
  reason: string;
}

/** Node's binding, as far as it is used here. */
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

// The module is meant for Node alone, and says so by a deprecation warning.
process.noDeprecation = true;
const { HTTPParser, methods } = createRequire(import.meta.url)('node:_http_common') as Binding;

/** The methods that llhttp knows: it refuses others. */
export const LLHTTP_METHODS: ReadonlySet<string> = new Set(methods);
/** hotpath's own limit is compared elsewhere. */
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
// More fields than fit one call, or trailers.
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

/** All messages in the bytes, up to the first error or request to upgrade. */
export function parseWithLlhttp(bytes: Buffer): Peer {
  messages = [];
  parser.initialize(HTTPParser.REQUEST, RESOURCE, HEAD_BYTES_MAX, HTTPParser.kLenientNone);
  const result = parser.execute(bytes);
  if (typeof result !== 'number') return { messages, error: result.code, reason: result.reason };
  return { messages, error: '', reason: '' };
}
