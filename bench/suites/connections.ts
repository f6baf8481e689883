// The suite `connections`: the memory of an idle connection and of a half-sent head, and the latency of another
// connection meanwhile. It runs only if it is named.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../measure/children.ts';
import { type Cores, chooseCores, describeCores } from '../measure/machine.ts';
import type { SubjectResult } from '../results.ts';
import type { Suite } from '../suite.ts';

const WAYS = { socket: 'net.Socket', direct: 'net.Socket, wrapped again', hotpath: 'hotpath' } as const;
export type KeepWay = keyof typeof WAYS;
const WAY_NAMES = Object.keys(WAYS) as KeepWay[];

/** The answer of bench/servers/keep.ts: bytes after a garbage collection. */
export interface Kept {
  port: number;
  open: number;
  /** The JavaScript heap with the external memory that V8 accounts for. */
  heap: number;
  resident: number;
}

/** The orders for bench/clients/crowd.ts, which answers when it is done. */
export type CrowdOrder =
  | { type: 'open'; port: number; count: number }
  | { type: 'send'; text: string; answered: boolean }
  | { type: 'close' };

const CONNECTIONS_WANTED = 10_000;
/** Descriptors for everything else that a process has open. */
const DESCRIPTORS_SPARED = 200;
const SETTLE_TIMEOUT_MS = 10_000;
/** The estimated time to open, ask and close all connections. */
const OPENING_SECONDS = 10;
const PROBES = 3.5;

const REQUEST = readFileSync('bench/data/request-703-bytes.http', 'latin1');
const HALF_HEAD = REQUEST.slice(0, 200);
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Bytes a connection, and the latency of another connection meanwhile. */
interface Stage {
  heap: number;
  resident: number;
  probe: Probe;
}

interface Probe {
  answers: number;
  p50Ms: number;
  p99Ms: number;
}

const STAGES = {
  open: 'accepted',
  idle: 'idle after a request',
  half: 'half a head sent',
} as const;
type StageName = keyof typeof STAGES;
const STAGE_NAMES = Object.keys(STAGES) as StageName[];

type Measured = Record<StageName, Stage> & {
  /** Bytes of heap after all connections are closed, beyond those before them. */
  left: number;
};

export const connections: Suite = {
  name: 'connections',
  title: 'memory of thousands of connections, and latency of another one meanwhile',
  byDefault: false,
  seconds: (pace) => WAY_NAMES.length * (OPENING_SECONDS + PROBES * pace.loadSeconds),
  async run(result, progress, pace) {
    const cores = chooseCores();
    const limit = descriptorLimit();
    const count = Math.min(CONNECTIONS_WANTED, limit - DESCRIPTORS_SPARED);
    result.notes.push(
      `${count.toLocaleString('en-US')} connections to one thread, measured once. Bytes are for each connection.`,
      'Heap: the JavaScript heap with the external memory that V8 knows of, after garbage collections.',
      "Resident: the process's memory as the kernel counts it, with Node's own part of a socket.",
      'Latencies are those of another connection, which meanwhile sends one request after another.',
      describeCores(cores),
    );
    if (count < CONNECTIONS_WANTED)
      result.notes.push(
        `This system allows a process ${limit} descriptors: too few for ${CONNECTIONS_WANTED} connections.`,
      );
    for (const name of STAGE_NAMES)
      result.groups.push({
        name: STAGES[name],
        reference: WAYS.socket,
        measure: 'heapBytes',
        subjects: [],
        missing: [],
      });
    const bare: Partial<Record<StageName, Stage>> = {};
    for (const [i, way] of WAY_NAMES.entries()) {
      if (progress.stopped) return;
      progress.at(WAYS[way], (i * this.seconds(pace)) / WAY_NAMES.length);
      const measured = await measure(way, count, cores, pace.loadSeconds);
      for (const [j, name] of STAGE_NAMES.entries()) {
        const stage = measured[name];
        bare[name] ??= stage;
        result.groups[j]?.subjects.push(subject(way, stage));
        if (way === 'hotpath')
          result.notes.push(
            `hotpath, ${STAGES[name]}: ${signed(stage.heap - bare[name].heap)} bytes of heap and ${signed(stage.resident - bare[name].resident)} resident beyond net.Socket.`,
          );
      }
      result.notes.push(
        `${WAYS[way]}: ${signed(measured.left)} bytes of heap in all after they were closed.`,
      );
    }
  },
};

function subject(way: KeepWay, { heap, resident, probe }: Stage): SubjectResult {
  return {
    name: WAYS[way],
    ours: way === 'hotpath',
    measures: {
      heapBytes: [heap],
      residentBytes: [resident],
      latency50Millis: [probe.p50Ms],
      latency99Millis: [probe.p99Ms],
    },
  };
}

/** Opens the crowd's connections, sends a request on each, then half a request, then the rest, and closes them. */
async function measure(way: KeepWay, count: number, cores: Cores, seconds: number): Promise<Measured> {
  const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const keep = [process.execPath, '--expose-gc', script('../servers/keep.js'), way];
  const server = new Child(WAYS[way], keep, cores.server, true);
  const crowd = new Child('crowd', [process.execPath, script('../clients/crowd.js')], cores.client, true);
  const tell = (order: CrowdOrder): Promise<void> => crowd.ask(order);
  try {
    const { port } = await server.ask<Kept>({});
    // Run through everything once, so that code and pools do not count as memory of connections.
    await tell({ type: 'open', port, count: 100 });
    await tell({ type: 'send', text: REQUEST, answered: true });
    await tell({ type: 'close' });
    await probe(port, seconds / 2);
    const before = await settled(server, 0);
    const stage = async (): Promise<Stage> => {
      const { heap, resident } = await settled(server, count);
      return {
        heap: (heap - before.heap) / count,
        resident: (resident - before.resident) / count,
        probe: await probe(port, seconds),
      };
    };
    await tell({ type: 'open', port, count });
    const open = await stage();
    await tell({ type: 'send', text: REQUEST, answered: true });
    const idle = await stage();
    await tell({ type: 'send', text: HALF_HEAD, answered: false });
    const half = await stage();
    await tell({ type: 'send', text: REQUEST.slice(HALF_HEAD.length), answered: true });
    await tell({ type: 'close' });
    const after = await settled(server, 0);
    return { open, idle, half, left: after.heap - before.heap };
  } finally {
    await Promise.all([server.end(), crowd.end()]);
  }
}

/** Waits until the server has so many connections. @throws Error if it does not get them */
async function settled(server: Child, open: number): Promise<Kept> {
  for (const endMs = Date.now() + SETTLE_TIMEOUT_MS; ; ) {
    const now = await server.ask<Kept>({});
    if (now.open === open) return now;
    if (Date.now() > endMs) throw new Error(`${now.open} connections are open, not ${open}`);
    await sleep(100);
  }
}

/** Sends one request after another on one connection. */
async function probe(port: number, seconds: number): Promise<Probe> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  const latencies: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  let sentMs = 0;
  await new Promise<void>((resolve, reject) => {
    const ask = (): void => {
      sentMs = performance.now();
      socket.write(GET);
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection of the probe')));
    socket.on('data', () => {
      const nowMs = performance.now();
      latencies.push(nowMs - sentMs);
      if (nowMs < endMs) ask();
      else resolve();
    });
  });
  socket.removeAllListeners('close').destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] as number;
  return { answers: latencies.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Returns how many descriptors a process may have. Node raises its own limit to the maximum when it starts. */
function descriptorLimit(): number {
  try {
    const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'latin1' }));
    return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
  } catch {
    // Windows has no such limit.
    return Number.POSITIVE_INFINITY;
  }
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '-' : '+'}${Math.round(Math.abs(bytes)).toLocaleString('en-US')}`;
}
