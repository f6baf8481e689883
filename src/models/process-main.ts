// The entry of the process of one connection. The process makes its own memory, serves, reports its statistics, and ends.
// It ignores signals: its parent, which listens, tells it when to finish. When the parent is gone, this process ends.

import { serveBuiltIn } from '../app/built-in.ts';
import type { Connections } from '../connection/connections.ts';
import { createConnections } from '../connection/create.ts';
import type { Handle } from '../connection/handle.ts';
import { HELLO_COUNTER } from '../connection/plane.ts';
import { viewsOf } from '../memory/views.ts';
import { setCounter } from '../wasm/state/rows.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { makePlanes } from './model.ts';
import type { FromConnectionProcess, ToConnectionProcess } from './process.ts';

let connections: Connections | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdout.on('error', () => {});
process.on('message', (message: ToConnectionProcess, handle: Handle | undefined) => {
  if (message.type === 'serve') serve(message, handle);
  else if (connections === undefined) process.exit();
  else void connections.drain();
});
// No parent could stop this process any more, and the next server may issue the same numbers.
process.on('disconnect', () => process.exit());

function serve(
  { options, endpoint, number }: ToConnectionProcess & { type: 'serve' },
  handle: Handle | undefined,
): void {
  if (handle === undefined) process.exit();
  tell({ type: 'taken' });
  const planes = makePlanes(options, 1);
  const views = viewsOf(planes.memory);
  setCounter(views, HELLO_COUNTER, number - 1);
  connections = createConnections({ ...planes, slot: 0 });
  serveBuiltIn(connections.plane, planes.access);
  connections.onClosed = () =>
    tell({ type: 'served', statistics: readStatistics(views) }, () => process.exit());
  connections.accept(handle, endpoint);
}

function tell(message: FromConnectionProcess, sent?: () => void): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
}
