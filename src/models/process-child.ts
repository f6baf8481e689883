// The process of one connection. It makes its own memory, serves, tells what came of it, and ends. Signals
// mean nothing here: the process that listens says when to finish, and when it is gone, that is said, too.

import { createPlane } from '../connection/create.ts';
import { HELLO_COUNTER, type Plane } from '../connection/plane.ts';
import { adoptHandle } from '../connection/reader.ts';
import { readStatistics, type Statistics, setCounter, viewsOf } from '../wasm/memory.ts';
import { makePlanes } from './model.ts';
import type { FromConnectionProcess, ToConnectionProcess } from './process.ts';

let plane: Plane | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdout.on('error', () => {});
process.on('message', (message: ToConnectionProcess, handle: unknown) => {
  if (message.type === 'drain') void plane?.drain();
  else serve(message, handle);
});
process.on('disconnect', () => (plane === undefined ? process.exit() : void plane.drain()));

function serve({ options, io, number }: ToConnectionProcess & { type: 'serve' }, handle: unknown): void {
  const planes = makePlanes(options, 1);
  const views = viewsOf(planes.memory);
  setCounter(views, HELLO_COUNTER, number - 1);
  plane = createPlane({ ...planes, io, slot: 0 });
  plane.onClosed = () => end(readStatistics(views));
  if (handle === undefined || plane.accept(adoptHandle(handle)) === undefined) end(readStatistics(views));
}

function end(statistics: Statistics): void {
  const served: FromConnectionProcess = { type: 'served', statistics };
  if (process.connected) process.send?.(served, undefined, undefined, () => process.exit());
  else process.exit();
}
