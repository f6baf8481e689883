// Tries the two direct ways once, over a real connection, before anything depends on them. If a Node has changed the internals
// that they rest on, the public ways are used, and the start line reports it.

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Slot } from '../wasm/slot.ts';
import type { Io } from './endpoint.ts';
import { openSocket, type ReadWay, SERVER_OPTIONS } from './reader.ts';
import { Writer, type WriteWay } from './writer.ts';

export const IO_CHOICES = ['auto', 'direct', 'public'] as const;
export type IoChoice = (typeof IO_CHOICES)[number];

const QUESTION = 'What do you read?';
const ANSWER = 'What you write.';
const TIMEOUT_MS = 2000;

/**
 * Returns the fastest ways that work here, or the chosen ones.
 * @param slot any slot that is not in use yet
 * @param timeoutMs for the answer to be read
 * @throws Error if a chosen way does not work
 */
export async function chooseIo(choice: IoChoice, slot: Slot, timeoutMs = TIMEOUT_MS): Promise<Io> {
  if (choice === 'public') return { read: 'public', write: 'public' };
  const io: Io = {
    read: (await works('direct', 'public', slot, timeoutMs)) ? 'direct' : 'public',
    write: (await works('public', 'direct', slot, timeoutMs)) ? 'direct' : 'public',
  };
  if (choice === 'direct' && (io.read === 'public' || io.write === 'public'))
    throw new Error(`this Node reads only the ${io.read} way and writes only the ${io.write} way`);
  return io;
}

/** Checks that a question is read into the slot, and its answer is written out of it after a half-close. */
async function works(read: ReadWay, write: WriteWay, slot: Slot, timeoutMs: number): Promise<boolean> {
  const server = net.createServer(SERVER_OPTIONS);
  let client: net.Socket | undefined;
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('connection', (accepted) => {
      attempt(accepted, () => answerInto(read, write, accepted, slot));
    });
    client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.end(QUESTION);
    return (await textOf(client, timeoutMs)) === ANSWER;
  } catch {
    return false;
  } finally {
    client?.destroy();
    server.close();
  }
}

function answerInto(read: ReadWay, write: WriteWay, accepted: net.Socket, slot: Slot): void {
  let received = '';
  const socket = openSocket(read, accepted, slot, {
    received(bytes) {
      received += Buffer.from(slot.read.subarray(0, bytes)).toString('latin1');
      return true;
    },
  });
  const writer = new Writer(write, socket, { flushed: () => socket.end() });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    const output = slot.outputs[0] as number;
    slot.views.bytes.set(Buffer.from(ANSWER), output);
    const answer = slot.views.bytes.subarray(output, output + ANSWER.length);
    if (received !== QUESTION) socket.destroy();
    else attempt(socket, () => writer.write(answer) && socket.end());
  });
}

/** Destroys the socket if the action throws: then the way does not work, and the client gets no answer. */
function attempt(socket: net.Socket, action: () => void): void {
  try {
    action();
  } catch {
    socket.destroy();
  }
}

async function textOf(socket: net.Socket, timeoutMs: number): Promise<string> {
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')));
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}
