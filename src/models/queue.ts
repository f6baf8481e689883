// Connections that wait for their turn. So many are served at a time; the others wait, accepted but not read
// from, as far as there is room for them; the rest are turned away.

import type { Socket } from 'node:net';

export interface QueueOptions {
  /** Serves one connection; resolves when it is over, whatever came of it. */
  serve: (socket: Socket) => Promise<void>;
  turnAway: (socket: Socket) => void;
  servedMax: number;
  waitingMax: number;
}

export class Queue {
  private readonly waiting: Socket[] = [];
  private serving = 0;
  private emptied: (() => void) | undefined;

  constructor(private readonly options: QueueOptions) {}

  enter(socket: Socket): void {
    const { servedMax, waitingMax, turnAway } = this.options;
    if (this.serving < servedMax) void this.serve(socket);
    else if (this.waiting.length < waitingMax) this.waiting.push(socket);
    else turnAway(socket);
  }

  /** Lets go of the one that has waited longest. */
  makeRoom(): void {
    this.waiting.shift()?.destroy();
  }

  /** Lets go of those that wait, and resolves when nobody is served any more. */
  async drain(): Promise<void> {
    for (const socket of this.waiting.splice(0)) socket.destroy();
    if (this.serving > 0) await new Promise<void>((resolve) => (this.emptied = resolve));
  }

  private async serve(first: Socket): Promise<void> {
    this.serving++;
    for (let next: Socket | undefined = first; next !== undefined; next = this.waiting.shift()) {
      const socket = next;
      await this.options.serve(socket).catch(() => socket.destroy());
    }
    this.serving--;
    if (this.serving === 0) this.emptied?.();
  }
}
