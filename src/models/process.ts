// A process for each connection: the process that listens sends the accepted socket to a new process and goes on
// accepting. The second server of the tutorial, with Node's fork(), which starts a new program, while the system's fork()
// copies the running one. Nothing is shared, so nothing needs a lock, and a crash ends one connection; but a process costs
// tens of milliseconds and tens of megabytes.
//
// Processes don't share memory in Node. The number that a response shows is sent with the socket, so each process answers
// one request. A number that was not used goes to a later connection.

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import { platform } from 'node:os';
import { execArgv } from 'node:process';
import type { Endpoint } from '../connection/endpoint.ts';
import { asHandle } from '../connection/handle.ts';
import { HELLO_COUNTER } from '../connection/plane.ts';
import { viewsOf } from '../memory/views.ts';
import type { ServerOptions } from '../options.ts';
import { instantiate } from '../wasm/instance.ts';
import { rowPointer } from '../wasm/state/rows.ts';
import type { Statistics } from '../wasm/statistics.ts';
import { addStatistics, readStatistics } from '../wasm/statistics.ts';
import { countLiving } from './counts.ts';
import { openFront, type ServeOne } from './front.ts';
import { drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';

export type ToConnectionProcess =
  /** Sent with the socket. `number` is shown in the response. */
  { type: 'serve'; options: ServerOptions; endpoint: Endpoint; number: number } | { type: 'drain' };

export type FromConnectionProcess =
  /** The socket has arrived. */
  | { type: 'taken' }
  /** The connection is over. */
  | { type: 'served'; statistics: Statistics };

/** The channel to a process, and the socket until the process has it. */
const DESCRIPTORS_OF_CHILD = 3;

export async function processes(start: ModelStart): Promise<Server> {
  const { options, note } = start;
  const wanted = countLiving(options.workers);
  const planes = await preparePlanes(start, wanted * DESCRIPTORS_OF_CHILD, 1);
  const { io, memory } = planes;
  const livingMax = Math.min(wanted, planes.limits.connectionsMax);
  const living = new Set<ChildProcess>();
  let total = readStatistics(viewsOf(memory), start.listeners.length);
  const { counterAdd } = instantiate(planes.module, memory);
  const unused: number[] = [];

  const serve: ServeOne = async (arrival, turnAway) => {
    const { accepted, endpoint } = arrival;
    const child = forkChild();
    if (child === undefined) {
      note('No process could be started for a connection');
      turnAway(arrival);
      return;
    }
    const number = unused.pop() ?? counterAdd(rowPointer(HELLO_COUNTER), 1);
    const handle = asHandle(accepted);
    // A process that crashes may have used its number. Then the number is lost, but never shown twice.
    let used = true;
    living.add(child);
    total.accepted++;
    total.open++;
    child.on('message', (message: FromConnectionProcess) => {
      // Close the socket now and not earlier, since the handle may still be in the channel.
      if (message.type === 'taken') handle.close();
      else {
        used = message.statistics.requests > 0;
        const { statistics } = message;
        // The connection has been counted here, and the process ends.
        total = addStatistics(total, { ...statistics, accepted: 0, open: 0, listeners: [], threads: [] });
      }
    });
    const message: ToConnectionProcess = { type: 'serve', options, endpoint, number };
    // Sends the handle, since Node would begin to read a socket before the process listens to its events.
    child.send(message, handle as unknown as SendHandle);
    await new Promise((resolve) => child.once('exit', resolve));
    handle.close();
    living.delete(child);
    total.open--;
    if (!used) unused.push(number);
  };

  const front = await openFront(planes, 0, start, livingMax, serve);
  return {
    listeners: front.listeners,
    who: `a process for each connection, up to ${livingMax}`,
    io,
    statistics: () => addStatistics(total, readStatistics(viewsOf(memory), start.listeners.length)),
    drain: async (timeoutMs) => {
      let late = 0;
      for (const child of living)
        if (child.connected) child.send({ type: 'drain' } satisfies ToConnectionProcess);
      await drainWithin(timeoutMs, front.close(), () => {
        late = living.size;
        for (const child of living) child.kill('SIGKILL');
        front.destroy();
      });
      return late;
    },
  };
}

/** Starts a process; undefined when the system is out of processes or descriptors. */
function forkChild(): ChildProcess | undefined {
  try {
    const child = fork(new URL('./process-main.js', import.meta.url), {
      stdio: 'inherit',
      // The debugger of this process occupies the port.
      execArgv: execArgv.filter((flag) => !flag.startsWith('--inspect')),
      // In a process group of its own: Ctrl-C would end the process before it ignores the signal.
      detached: platform() !== 'win32',
    });
    // The process has ended before a message, or could not start: then it has no pid.
    child.on('error', () => {});
    return child.pid === undefined ? undefined : child;
  } catch {
    return undefined;
  }
}
