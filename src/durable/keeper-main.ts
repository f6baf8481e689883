// The keeper's thread: leases numbers ahead of need, so that no request waits for the disk or Redis.

import { parentPort, workerData } from 'node:worker_threads';
import { viewsOf } from '../memory/views.ts';
import { oneLine } from '../one-line.ts';
import { instantiate } from '../wasm/instance.ts';
import { bellOf, bellRung, ringBell } from '../wasm/state/leasing.ts';
import { offerSaved, type Saved } from '../wasm/state/saved.ts';
import { Gauges } from './gauges.ts';
import type { FromKeeper, KeeperStart, ToKeeper } from './keeper-messages.ts';
import { LeaseRenewer } from './lease-renewer.ts';
import type { Lessor } from './lessor.ts';
import { Limiters } from './limiters.ts';
import { openLessor } from './open-lessor.ts';
import { Snapshot } from './snapshot.ts';

/** How often to look without being woken: a thread may end after it has taken the last number and before it rings. */
const ROUND_MS = 1000;
/** At most one part in this many of the thread's time is spent on snapshots. */
const SAVING_SHARE = 20;

const port = parentPort;
if (port === null) throw new Error('keeper-main.ts runs only as a worker thread');

const start = workerData as KeeperStart;
const views = viewsOf(start.state.memory);
let stopping = false;
/** Ends the current pause. */
let wake = (): void => {};

// Listening for messages keeps the thread alive; closing the port lets it end.
port.on('message', (_: ToKeeper) => {
  stopping = true;
  wake();
  ringBell(views);
});

try {
  await keep(await openLessor(start, note));
} catch (error) {
  tell({ type: 'failed', message: (error as Error).message });
}
port.close();

async function keep(lessor: Lessor): Promise<void> {
  const { module, memory } = start.state;
  const exports = instantiate(module, memory);
  const leases = new LeaseRenewer(exports, views, lessor, note);
  // The snapshot is loaded before threads use named state; a replaced keeper finds the memory newer than the file.
  const parts = [new Gauges(start.state, exports, views), new Limiters(start.state, views, note)];
  const publish = (saved: Saved[]): void => offerSaved(memory, saved);
  const snapshot =
    start.folder === undefined ? undefined : new Snapshot({ folder: start.folder, parts, publish, note });
  snapshot?.load(start.resumed);
  let saveAtMs = performance.now() + ROUND_MS;
  await leases.renew();
  tell({ type: 'ready' });
  for (;;) {
    const seen = bellOf(views);
    await leases.renew();
    if (stopping) break;
    const nowMs = performance.now();
    if (nowMs >= saveAtMs) {
      snapshot?.save();
      const savedMs = performance.now() - nowMs;
      leases.delayed(savedMs);
      // A snapshot of a million keys takes long, so the next one waits, and leases come first.
      saveAtMs = nowMs + Math.max(ROUND_MS, savedMs * SAVING_SHARE);
    }
    // While all leases fail, threads without numbers ring all the time, so the bell is ignored during the pause.
    if (leases.pauseMs > 0) await pause(leases.pauseMs);
    else await bellRung(views, seen, leases.waitMs(ROUND_MS));
  }
  // Numbers come before the snapshot, since only they are guaranteed.
  try {
    await leases.end();
  } catch (error) {
    note(
      `The last numbers could not be written down, so some numbers will be skipped: ${(error as Error).message}`,
    );
  }
  tell({ type: 'counted' });
  snapshot?.end();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
    setTimeout(resolve, ms);
  });
}

/** Logs one line. Control characters, which a name may contain, become spaces. */
function note(text: string): void {
  tell({ type: 'note', text: oneLine(text) });
}

function tell(message: FromKeeper): void {
  port?.postMessage(message);
}
