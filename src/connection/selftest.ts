// Tries the direct ways together, over a real connection, before anything depends on them. If a Node has changed the internals
// that they rest on, each is tried alone: the server uses those that work, and the start line reports it.

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import type { Slot } from '../wasm/slot.ts';
import { type Io, PUBLIC } from './endpoint.ts';
import { type Accepted, acceptHandles, asSocket, discard, SERVER_OPTIONS } from './handle.ts';
import { Reader } from './reader.ts';
import { type Contexts, encrypt, plainSocketOf } from './secure-socket.ts';
import { Writer } from './writer.ts';

export const IO_CHOICES = ['auto', 'direct', 'public'] as const;
export type IoChoice = (typeof IO_CHOICES)[number];

const DIRECT: Io = { accept: 'direct', read: 'direct', write: 'direct' };
const ACTIONS = ['accept', 'read', 'write'] as const;

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
  if (choice === 'public') return PUBLIC;
  if (await works(DIRECT, slot, timeoutMs)) return DIRECT;
  const io: Io = { ...PUBLIC };
  for (const action of ACTIONS) {
    if (await works({ ...PUBLIC, [action]: 'direct' }, slot, timeoutMs)) io[action] = 'direct';
    else if (choice === 'direct') throw new Error(`the direct way to ${action} does not work with this Node`);
  }
  if (await works(io, slot, timeoutMs)) return io;
  if (choice === 'direct') throw new Error('the direct ways do not work together with this Node');
  return PUBLIC;
}

/**
 * Returns the ways of a server with TLS: those of its plain sockets, and whether the fast way of sockets that encrypt works.
 * @param contexts of the server, whose first certificate is used
 * @throws Error if that way was chosen and does not work
 */
export async function chooseEncrypted(
  choice: IoChoice,
  io: Io,
  slot: Slot,
  { byDefault }: Contexts,
  timeoutMs = TIMEOUT_MS,
): Promise<Io> {
  if (choice === 'public') return io;
  const contexts: Contexts = { byDefault, of: () => undefined, client: undefined };
  const fast: Io = { accept: io.accept, read: 'encrypted', write: 'encrypted' };
  if (await works(fast, slot, timeoutMs, contexts)) return { ...io, encrypted: true };
  if (choice === 'direct') throw new Error('the direct way over TLS does not work with this Node');
  return io;
}

/**
 * Checks that a question is read into the slot, and its answer is written out of it after a half-close.
 * @param contexts given if the client asks over TLS
 */
async function works(io: Io, slot: Slot, timeoutMs: number, contexts?: Contexts): Promise<boolean> {
  const server = net.createServer(SERVER_OPTIONS);
  let client: net.Socket | undefined;
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accept = (accepted: Accepted): void =>
      attempt(
        () => discard(accepted),
        () => {
          if (contexts === undefined) answerInto(io, accepted, slot);
          else answerOverTls(io, asSocket(accepted), slot, contexts);
        },
      );
    if (io.accept === 'direct') {
      acceptHandles(server, accept, () => {});
      server.on('connection', (socket) => socket.destroy());
    } else server.on('connection', accept);
    const to = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
    client = contexts === undefined ? net.connect(to) : tls.connect({ ...to, rejectUnauthorized: false });
    client.end(QUESTION);
    return (await textOf(client, timeoutMs)) === ANSWER;
  } catch {
    return false;
  } finally {
    client?.destroy();
    server.close();
  }
}

function answerOverTls(io: Io, plain: net.Socket, slot: Slot, contexts: Contexts): void {
  plain.on('error', () => plain.destroy());
  const socket = encrypt(plain, contexts, [], () =>
    attempt(
      () => socket.destroy(),
      () => answerInto(io, socket, slot),
    ),
  );
}

function answerInto({ read, write }: Io, accepted: Accepted, slot: Slot): void {
  let received = '';
  const socket = new Reader(slot).open(read, accepted, {
    received(bytes) {
      received += Buffer.from(slot.read.subarray(0, bytes)).toString('latin1');
      return true;
    },
  });
  const writer = new Writer(write, socket, plainSocketOf(socket), { flushed: () => socket.end() });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    const output = slot.outputs[0] as number;
    slot.views.bytes.set(Buffer.from(ANSWER), output);
    const answer = slot.views.bytes.subarray(output, output + ANSWER.length);
    if (received !== QUESTION) socket.destroy();
    else
      attempt(
        () => socket.destroy(),
        () => writer.write(answer) && socket.end(),
      );
  });
}

/** Closes the connection if the action throws: then the way does not work, and the client gets no answer. */
function attempt(close: () => void, action: () => void): void {
  try {
    action();
  } catch {
    close();
  }
}

async function textOf(socket: net.Socket, timeoutMs: number): Promise<string> {
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')));
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}
