// The common part of the rungs of the ladder: hotpath's reading and writing, and a response that never changes. A rung
// only decides which bytes to write after a read.

import net from 'node:net';
import { SERVER_OPTIONS } from '#dist/connection/handle.js';
import { Reader } from '#dist/connection/reader.js';
import { Writer } from '#dist/connection/writer.js';
import { dateLine } from '#dist/protocol/prepared.js';
import type { Slot } from '#dist/wasm/slot.js';

/** Creates the responder of a connection. It gets the size of each read, and returns the bytes to write, if any. */
export type Respond = (bytes: number) => Uint8Array | undefined;

const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${dateLine(Date.now())}Content-Length: 6\r\n\r\nHello1`,
);
const HEAD_END = '\r\n\r\n';

/** Returns the response repeated so many times, for one write. */
const repeated: Buffer[] = [];

/** Serves on the port that is the script's argument. */
export function serveRung(slot: Slot, createRespond: () => Respond): void {
  const reader = new Reader(slot);
  net
    .createServer(SERVER_OPTIONS)
    .on('connection', (accepted) => {
      const respond = createRespond();
      const socket = reader.open('direct', accepted, {
        received(bytes) {
          const response = respond(bytes);
          return response === undefined || writer.write(response);
        },
      });
      const writer = new Writer('direct', socket, socket, { flushed: () => socket.resume() });
      socket.on('end', () => socket.end());
      socket.on('error', () => socket.destroy());
    })
    .listen(Number(process.argv[2]), '127.0.0.1');
}

/** The most responses in one write. */
export function responses(count: number): Uint8Array | undefined {
  if (count === 0) return undefined;
  return (repeated[count] ??= Buffer.concat(Array.from({ length: count }, () => RESPONSE)));
}

/** Counts requests without parsing. A load client repeats the same request, so the first one shows the size of all. */
export function countBySize(read: Uint8Array): (bytes: number) => number {
  let requestBytes = 0;
  let rest = 0;
  return (bytes) => {
    if (requestBytes === 0) requestBytes = headBytes(read.subarray(0, bytes));
    rest += bytes;
    const requests = Math.floor(rest / requestBytes);
    rest -= requests * requestBytes;
    return requests;
  };
}

/**
 * Returns the size of the request.
 * @throws Error if the read does not contain a whole head, because then every count would be wrong
 */
function headBytes(bytes: Uint8Array): number {
  const end = Buffer.from(bytes).indexOf(HEAD_END);
  if (end < 0) throw new Error('the first read does not contain a whole head');
  return end + HEAD_END.length;
}
