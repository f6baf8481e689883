// A data plane in the test's own thread, behind a real socket.

import { type Listener, listen } from '../../src/connection/listener.ts';
import { Log, type LogLevel } from '../../src/connection/log.ts';
import { type Io, Plane } from '../../src/connection/plane.ts';
import { guardsIntact, readStatistics, type Statistics } from '../../src/wasm/memory.ts';
import { createEngine, type Engine, type TestedEngine } from './engines.ts';

export interface TestedPlane {
  plane: Plane;
  engine: Engine;
  listener: Listener;
  port: number;
  lines: string[];
  statistics(): Statistics;
  /** Drains, and fails when a guard was overwritten. */
  stop(): Promise<void>;
}

export async function startPlane(
  engineName: TestedEngine = 'wasm',
  io: Io = { read: 'direct', write: 'direct' },
  level: LogLevel = 'silent',
): Promise<TestedPlane> {
  const engine = createEngine(engineName);
  const lines: string[] = [];
  const plane = new Plane(engine.codec, engine.slot, io, new Log(level, (line) => lines.push(line)));
  const listener = await listen(plane, { host: '127.0.0.1', port: 0, reusePort: false });
  return {
    plane,
    engine,
    listener,
    port: listener.port,
    lines,
    statistics: () => readStatistics(engine.slot.views),
    stop: async () => {
      listener.close();
      await plane.drain();
      if (!guardsIntact(engine.slot.views, 0)) throw new Error('guard overwritten');
    },
  };
}
