// A process for each connection: the one that listens hands the accepted socket to a fresh process and goes on
// accepting. The second server of the tutorial, with Node's fork(), which starts a program anew where the
// system's would copy the running one. Nothing is shared, so nothing needs a lock, and a crash takes one
// connection with it; but a process costs tens of milliseconds and tens of megabytes.
//
// Processes don't share memory in Node. The number that a response shows is handed over with the socket, so
// each process answers one request; a number that was not used goes to a later connection.

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { HELLO_COUNTER, type Io } from '../connection/plane.ts';
import { releaseHandle } from '../connection/reader.ts';
import type { ServerOptions } from '../options.ts';
import { instantiate } from '../wasm/instance.ts';
import { counterPointer, readStatistics, type Statistics, viewsOf } from '../wasm/memory.ts';
import { openFront } from './front.ts';
import { countLiving, type ModelStart, preparePlanes, type Server } from './model.ts';

export type ToConnectionProcess =
  /** Comes with the socket. `number` is what its response shows. */
  { type: 'serve'; options: ServerOptions; io: Io; number: number } | { type: 'drain' };

/** The connection is over. */
export interface FromConnectionProcess {
  type: 'served';
  statistics: Statistics;
}

export async function processes(start: ModelStart): Promise<Server> {
  const { options } = start;
  const living = new Set<ChildProcess>();
  const livingMax = countLiving(options.workers);
  const planes = await preparePlanes(start, livingMax, 1);
  const { io, memory } = planes;
  const total = readStatistics(viewsOf(memory));
  const { counterAdd } = instantiate(planes.module, memory);
  const unused: number[] = [];

  const serve = async (socket: Socket): Promise<void> => {
    const number = unused.pop() ?? counterAdd(counterPointer(HELLO_COUNTER), 1);
    const child = fork(new URL('./process-child.js', import.meta.url), { stdio: 'inherit' });
    // When it was not even forked, 'exit' does not follow. Other errors are messages that came too late.
    const ended = Promise.race([once(child, 'exit'), once(child, 'error')]);
    living.add(child);
    let used = true;
    child.on('message', ({ statistics }: FromConnectionProcess) => {
      used = statistics.requests > 0;
      total.requests += statistics.requests;
      total.refused += statistics.refused;
    });
    total.accepted++;
    total.open++;
    const message: ToConnectionProcess = { type: 'serve', options, io, number };
    // The handle and not the socket: Node would begin to read a socket before anyone there listens.
    const handle = releaseHandle(socket);
    child.send(message, handle as unknown as SendHandle, () => handle.close());
    await ended.catch(() => {
      used = false;
    });
    living.delete(child);
    total.open--;
    // One that ended without a word may have used it: then it is lost, but never shown twice.
    if (!used) unused.push(number);
  };

  const front = await openFront(planes, 0, start.takePlace, livingMax, serve);
  return {
    port: front.port,
    who: `a process for each connection, up to ${livingMax}`,
    io,
    statistics: () => add(total, readStatistics(viewsOf(memory))),
    drain: async (timeoutMs) => {
      let late = 0;
      const timer = setTimeout(() => {
        for (const child of living) {
          late++;
          child.kill('SIGKILL');
        }
      }, timeoutMs);
      for (const child of living)
        if (child.connected) child.send({ type: 'drain' } satisfies ToConnectionProcess);
      await front.close();
      clearTimeout(timer);
      return late;
    },
  };
}

function add(a: Statistics, b: Statistics): Statistics {
  return {
    requests: a.requests + b.requests,
    refused: a.refused + b.refused,
    accepted: a.accepted + b.accepted,
    open: a.open + b.open,
  };
}
