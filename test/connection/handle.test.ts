// Handles: of accepted connections, and their failures, without a server behind them.

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import {
  type Accepted,
  acceptHandles,
  asHandle,
  asSocket,
  discard,
  remoteAddressOf,
  SERVER_OPTIONS,
} from '../../src/connection/handle.ts';
import { type Client, connect, eventually } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';

/** The members of the listening handle that the tests use. */
interface ListeningHandle {
  onconnection(error: number, handle: undefined): void;
  setNoDelay(on: boolean): number;
}

let failures: NodeJS.ErrnoException[];
let listening: ListeningHandle;
let undelayed: boolean[];
let client: Client;
let accepted: Accepted;

beforeEach(async () => {
  failures = [];
  undelayed = [];
  const server = net.createServer(SERVER_OPTIONS).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => void server.close());
  listening = (server as unknown as { _handle: ListeningHandle })._handle;
  const { setNoDelay } = listening;
  listening.setNoDelay = (on) => {
    undelayed.push(on);
    return setNoDelay.call(listening, on);
  };
  const arrivals: Accepted[] = [];
  acceptHandles(
    server,
    (arrival) => arrivals.push(arrival),
    (error) => failures.push(error),
  );
  client = await connect((server.address() as AddressInfo).port, '127.0.0.2');
  atEnd(client.close);
  await eventually('accepted', () => arrivals.length > 0);
  accepted = arrivals[0] as Accepted;
  atEnd(() => expect(arrivals).toHaveLength(1));
  atEnd(() => discard(accepted));
});

test('a connection is accepted as a handle, which knows the address of its client', () => {
  expect(accepted).not.toBeInstanceOf(net.Socket);
  expect(asHandle(accepted)).toBe(accepted);
  expect(remoteAddressOf(accepted)).toBe('127.0.0.2');
  expect(undelayed).toEqual([true]);
});

test('a socket made of a handle reads only after resume()', async () => {
  const socket = asSocket(accepted);
  atEnd(() => void socket.destroy());
  client.send('early');
  await sleep(20);
  expect([socket.bytesRead, socket.remoteAddress]).toEqual([0, '127.0.0.2']);
  expect(asSocket(socket)).toBe(socket);
  const [text] = await once(socket.setEncoding('latin1').resume(), 'data');
  expect(text).toBe('early');
});

test('the handle of a socket is taken out of it', () => {
  const socket = asSocket(accepted);
  expect(asHandle(socket)).toBe(accepted);
  expect(socket.destroyed).toBe(true);
});

test('discard() closes the handle', async () => {
  discard(accepted);
  expect(await client.end()).toBe('');
});

test("an accept failure has the system's error code", () => {
  for (const error of [-24, -12_345]) listening.onconnection(error, undefined);
  expect(failures).toMatchObject([{ code: 'EMFILE' }, { code: '-12345' }]);
  expect(failures[0]?.message).toBe('accept EMFILE: too many open files');
});
