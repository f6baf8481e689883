// The output regions of a worker. One region is at hand: responses are built into it one behind the other and leave in one
// write. If a peer is slow, the region is lent to its connection until the peer has read, and another region is at hand
// meanwhile. The last region is never lent: responses are copied out of it. So a worker with many slow peers goes on, and
// each peer holds no more than its own bytes.

import type { Slot } from '../wasm/slot.ts';

/** Views up to this size are kept: making a view takes as long as a small response. */
const KEPT_VIEW_BYTES_MAX = 4096;

/** A region and the views of it that are kept, by size. */
export interface OutputRegion {
  readonly pointer: number;
  readonly views: (Uint8Array | undefined)[];
}

export class Outputs {
  /** The position of the next bytes in the region at hand. The region is empty when the turn of a connection has ended. */
  position: number;
  private current: OutputRegion;
  private readonly free: OutputRegion[];

  constructor(private readonly slot: Slot) {
    const [first, ...others] = slot.outputs.map((pointer) => ({
      pointer,
      // Fill the array at once, since V8 makes a slow dictionary of an array that begins far from 0.
      views: new Array<undefined>(KEPT_VIEW_BYTES_MAX + 1).fill(undefined),
    }));
    this.current = first as OutputRegion;
    this.position = this.current.pointer;
    this.free = others;
  }

  /** The pointer of the region at hand. */
  get pointer(): number {
    return this.current.pointer;
  }

  /** The bytes that still fit into the region at hand. */
  get room(): number {
    return this.current.pointer + this.slot.outputBytes - this.position;
  }

  /** The number of regions that are not lent, besides the one at hand. */
  get spare(): number {
    return this.free.length;
  }

  /** Takes the bytes of the region at hand to write them: a view of the region, or a copy if it is the last one. */
  take(): Uint8Array {
    const { pointer, views } = this.current;
    const bytes = this.position - pointer;
    this.position = pointer;
    const all = this.slot.views.bytes;
    if (this.free.length === 0) return this.slot.copy(pointer, pointer + bytes);
    if (bytes > KEPT_VIEW_BYTES_MAX) return all.subarray(pointer, pointer + bytes);
    return (views[bytes] ??= all.subarray(pointer, pointer + bytes));
  }

  /** Lends the region at hand to a connection. @returns the region, to give back later; undefined if take() copied */
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
