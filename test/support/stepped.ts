// The module with a stop before each of its atomic steps on named state: it calls `step`. The host may use that
// call to look, to let other threads run, or to end the thread. Built from the sources with each `atomic.` replaced.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import asc from 'assemblyscript/asc';
import type { Exports } from '../../src/wasm/instance.ts';

const STEPPED = /^assembly\/state\/(limiter|tables|latch|scratch|extent|gauge)\.ts$/;

/** The value of `turn` while neither thread is running. */
const NOBODY = -1;

/** The data that starts step.js. Each array of `shared` except the turn has a place for each thread. */
interface SteppingStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Pointer of the limiter's row. */
  row: number;
  nowMs: number;
  keys: readonly string[];
  /** The index of this thread, 0 or 1. */
  me: number;
  shared: {
    /** The index of the thread that may continue. */
    turn: Int32Array;
    /** Index of the key to take from. */
    key: Int32Array;
    /** The count of steps before the thread stops. */
    steps: Int32Array;
    /** 1: the thread is at its end. */
    done: Int32Array;
    outcome: Float64Array;
  };
}

/** Like `atomic`, with a step before each operation; no thread sleeps. */
const STEPPING = `
@external("env", "step") declare function step(): void;
export namespace stepping {
  export function load<T>(pointer: usize, offset: usize = 0): T {
    step();
    return atomic.load<T>(pointer + offset);
  }
  export function store<T>(pointer: usize, value: T, offset: usize = 0): void {
    step();
    atomic.store<T>(pointer + offset, value);
  }
  export function cmpxchg<T>(pointer: usize, expected: T, value: T, offset: usize = 0): T {
    step();
    return atomic.cmpxchg<T>(pointer + offset, expected, value);
  }
  export function add<T>(pointer: usize, value: T, offset: usize = 0): T {
    step();
    return atomic.add<T>(pointer + offset, value);
  }
  export function wait<T>(pointer: usize, expected: T, timeout: i64): void {
    step();
  }
}
`;

export async function compileStepped(): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ['assembly/index.ts', '--target', 'debug', '--outFile', 'stepped.wasm'],
    {
      readFile: (name, folder = '.') => {
        const path = join(folder, name).replaceAll('\\', '/');
        if (path === 'assembly/state/stepping.ts') return STEPPING;
        try {
          const text = readFileSync(path, 'utf8');
          if (!STEPPED.test(path)) return text;
          return `import { stepping } from './stepping';\n${text.replaceAll('atomic.', 'stepping.')}`;
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        if (name === 'stepped.wasm') binary = contents as Uint8Array;
      },
    },
  );
  if (error !== null || binary === undefined) throw new Error(`${error?.message}\n${stderr}`);
  return new WebAssembly.Module(binary as BufferSource);
}

/** Instantiates a module that calls `step` before each atomic step. */
export function instantiateStepped(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  step: () => void,
): Exports {
  return new WebAssembly.Instance(module, { env: { memory, step } }).exports as unknown as Exports;
}

/** Two threads that take from a limiter and stop at given steps. */
export class Pair {
  private readonly shared: SteppingStart['shared'];
  private readonly threads: Worker[];

  /** @param keys the keys to take from */
  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    row: number,
    nowMs: number,
    private readonly keys: readonly string[],
  ) {
    const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
    this.shared = {
      turn: words(1).fill(NOBODY),
      key: words(2),
      steps: words(2),
      done: words(2),
      outcome: new Float64Array(new SharedArrayBuffer(16)),
    };
    const start = { module, memory, row, nowMs, keys, shared: this.shared };
    this.threads = [0, 1].map((me) => {
      const workerData: SteppingStart = { ...start, me };
      return new Worker(new URL('step.js', import.meta.url), { workerData });
    });
  }

  /**
   * Has one thread take from key `a` and the other from `b`: the one does `first` steps, the other `second`, then the
   * one runs to its end, then the other. Returns the results of limiterTake() of both.
   */
  take(a: string, b: string, first: number, second: number): [number, number] {
    const { turn, key, steps, done, outcome } = this.shared;
    key.set([this.keys.indexOf(a), this.keys.indexOf(b)]);
    steps.set([first, second]);
    done.fill(0);
    Atomics.store(turn, 0, 0);
    Atomics.notify(turn, 0);
    for (let whose = 0; whose !== NOBODY; whose = Atomics.load(turn, 0)) Atomics.wait(turn, 0, whose);
    return [outcome[0] as number, outcome[1] as number];
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()));
  }
}
