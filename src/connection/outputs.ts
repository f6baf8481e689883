// The worker's output regions. One is at hand: responses are built into it one behind the other and leave in one
// write. When a slow peer keeps it, the next takes its place until the peer has read. The last one is never lent:
// while it is the only one, responses are copied out of it, so a worker with many slow peers goes on and each of
// them holds no more than its own bytes.

import type { Slot } from '../wasm/slot.ts';

/** Views of the usual sizes are kept; making one costs as much as a small response. */
const KEPT_VIEW_BYTES_MAX = 4096;

/** One region, and the views of it that are kept, by size. */
export interface OutputRegion {
  readonly pointer: number;
  readonly views: (Uint8Array | undefined)[];
}

export class Outputs {
  /** Where in the region at hand the next bytes go. Nothing is left in it when a connection's turn ends. */
  position: number;
  private current: OutputRegion;
  private readonly free: OutputRegion[];

  constructor(private readonly slot: Slot) {
    const [first, ...others] = slot.outputs.map((pointer) => ({
      pointer,
      // Filled, since V8 makes a slow dictionary of an array that begins far from 0.
      views: new Array<undefined>(KEPT_VIEW_BYTES_MAX + 1).fill(undefined),
    }));
    this.current = first as OutputRegion;
    this.position = this.current.pointer;
    this.free = others;
  }

  /** Pointer of the region at hand. */
  get pointer(): number {
    return this.current.pointer;
  }

  /** How many bytes still fit into the region at hand. */
  get room(): number {
    return this.current.pointer + this.slot.outputBytes - this.position;
  }

  /** How many regions are at home besides the one at hand. */
  get spare(): number {
    return this.free.length;
  }

  /** What the region at hand holds, to be written: the region's own bytes, or a copy of the last one's. */
  take(): Uint8Array {
    const { pointer, views } = this.current;
    const bytes = this.position - pointer;
    this.position = pointer;
    const all = this.slot.views.bytes;
    if (this.free.length === 0) return this.slot.copy(pointer, pointer + bytes);
    if (bytes > KEPT_VIEW_BYTES_MAX) return all.subarray(pointer, pointer + bytes);
    return (views[bytes] ??= all.subarray(pointer, pointer + bytes));
  }

  /** Leaves the region at hand to a slow peer. Returns what to give back later; nothing when it was a copy. */
  lend(): OutputRegion | undefined {
    const next = this.free.pop();
    if (next === undefined) return undefined;
    const lent = this.current;
    this.current = next;
    this.position = next.pointer;
    return lent;
  }

  giveBack(region: OutputRegion): void {
    this.free.push(region);
  }
}
