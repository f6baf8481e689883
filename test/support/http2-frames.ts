// A client that writes single frames of HTTP/2 (RFC 9113 4), also those that no library would send, and lists the frames
// that it receives.

import { once } from 'node:events';
import tls, { type TLSSocket } from 'node:tls';
import { pair } from './certificates.ts';
import { atEnd } from './fixtures.ts';

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

/** Error codes of RFC 9113 7. */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const ENHANCE_YOUR_CALM = 11;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEAD_BYTES = 9;

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

export interface FrameClient {
  socket: TLSSocket;
  received: Frame[];
  closed: boolean;
  send(...frames: Uint8Array[]): void;
  /** Resolves with the first frame that fits; rejects if the server closes first. */
  until(fits: (frame: Frame) => boolean): Promise<Frame>;
  /** Resolves when the connection has closed, or the server reports an error for all of it, with the code of that error. */
  end(): Promise<number | undefined>;
}

export function frame(type: number, stream: number, payload: Uint8Array | string = '', flags = 0): Buffer {
  const content = Buffer.from(payload as Uint8Array);
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(content.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, content]);
}

/** A 32-bit number, the payload of RST_STREAM and WINDOW_UPDATE. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function settings(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat(
    entries.map(([id, value]) => {
      const entry = Buffer.alloc(6);
      entry.writeUInt16BE(id);
      entry.writeUInt32BE(value, 2);
      return entry;
    }),
  );
}

type Fields = readonly (readonly [name: string, value: string])[];

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'localhost'],
  [':path', '/'],
];

/** The fields of a request in which others replace some. */
export function withFields(fields: Record<string, string | undefined>): Fields {
  const all = new Map<string, string | undefined>([...GET, ...Object.entries(fields)]);
  return [...all].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** Field lines as literals without indexing (RFC 7541 6.2.2). */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

/** A literal that enters the dynamic table (RFC 7541 6.2.1). */
export function indexed(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** An integer with a prefix of so many bits (RFC 7541 5.1). */
export function integer(value: number, bits: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.of(value);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** A whole request without content. */
export function request(stream: number, fields: Fields = GET, flags = END_STREAM | END_HEADERS): Buffer {
  return frame(HEADERS, stream, block(fields), flags);
}

/** Connects, and sends the preface and SETTINGS. @param allowHalfOpen does not close when the server does */
export async function connectFrames(
  port: number,
  entries: readonly (readonly [number, number])[] = [],
  allowHalfOpen = false,
): Promise<FrameClient> {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: pair().ca,
    ALPNProtocols: ['h2'],
    ...({ allowHalfOpen } as object),
  });
  atEnd(() => socket.destroy());
  const client: FrameClient = {
    socket,
    received: [],
    closed: false,
    send: (...frames) => socket.write(Buffer.concat(frames)),
    until: async (fits) => {
      for (;;) {
        const found = client.received.find(fits);
        if (found !== undefined) return found;
        if (client.closed) throw new Error(`closed after ${client.received.map(({ type }) => type)}`);
        await once(socket, 'progress');
      }
    },
    end: async () => {
      for (;;) {
        const last = client.received.findLast(({ type }) => type === GOAWAY);
        const code = last?.payload.readUInt32BE(4);
        if (client.closed || (code !== undefined && code !== NO_ERROR)) return code;
        await once(socket, 'progress');
      }
    },
  };
  let waiting = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    for (;;) {
      if (waiting.length < FRAME_HEAD_BYTES) break;
      const end = FRAME_HEAD_BYTES + waiting.readUIntBE(0, 3);
      if (waiting.length < end) break;
      client.received.push({
        type: waiting[3] as number,
        flags: waiting[4] as number,
        stream: waiting.readUInt32BE(5) & 0x7fffffff,
        payload: waiting.subarray(FRAME_HEAD_BYTES, end),
      });
      waiting = waiting.subarray(end);
    }
    socket.emit('progress');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    client.closed = true;
    socket.emit('progress');
  });
  await once(socket, 'secureConnect');
  client.send(Buffer.from(PREFACE), frame(SETTINGS, 0, settings(entries)));
  return client;
}

/** Whether a frame resets a stream. */
export function resets(stream: number): (frame: Frame) => boolean {
  return (given) => given.type === RST_STREAM && given.stream === stream;
}

/** Whether a frame ends a stream. */
export function ends(stream: number): (frame: Frame) => boolean {
  return ({ type, flags, stream: of }) =>
    of === stream && (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
}
