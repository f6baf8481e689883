// The access log of a thread: turns requests into lines, in the thread's ring.

import { hostname } from 'node:os';
import type { Entry, LineFormat } from '../logs/entry.ts';
import { ESCAPES, type LogFormat, makeFormat } from '../logs/formats.ts';
import { Line } from '../logs/line.ts';
import { LineRing, type LogMemory } from '../logs/ring.ts';
import type { RecordHead } from '../wasm/head.ts';
import type { Slot } from '../wasm/slot.ts';
import type { Access } from './access.ts';
import { clientAddress } from './proxy.ts';
import { idsOfThread, passedId } from './request-ids.ts';

/** Plain values, which are sent to every thread. */
export interface AccessLogStart {
  memory: LogMemory;
  format: LogFormat;
  /** Log the query of a target, too. */
  query: boolean;
  pid: number;
}

/** Parts of a request that are read from its fields. */
export interface FieldParts {
  /** Undefined if the peer's counts. */
  address: string | undefined;
  id: string | undefined;
  referer: string;
  agent: string;
}

export class AccessLog {
  private readonly ring: LineRing;
  private readonly line: Line;
  private readonly format: LineFormat;
  private readonly trusts: boolean;

  /** @param worker index of the thread */
  constructor(
    { format, memory, pid, query }: AccessLogStart,
    index: number,
    private readonly slot: Slot,
    private readonly access: Access,
    worker: number,
  ) {
    this.ring = new LineRing(memory, index);
    this.line = new Line(this.ring.bytes, this.ring.data, ESCAPES[format]);
    this.format = makeFormat(format, {
      pid,
      hostname: hostname(),
      worker,
      query,
      routeOf: (cells) => slot.figures.routeOf(cells),
      nextId: () => idsOfThread.next(),
    });
    this.trusts = access.trustProxy > 0;
    // The fields are in the record, which has room for one request.
    if (this.readsFields) slot.recordSingly();
    else slot.recordsEvents = true;
  }

  /** Fields of requests are logged, or say who their clients are. */
  get readsFields(): boolean {
    return this.trusts || this.format.needsFields;
  }

  /** Reads the fields that are logged. @param peer the address at the other end of the connection */
  fieldsOf(head: RecordHead, peer: string): FieldParts {
    const { access, format, trusts } = this;
    return {
      address: trusts ? clientAddress(head, access, peer) : undefined,
      id: passedId(head, access),
      referer: format.needsFields ? fieldOf(head, 'referer') : '',
      agent: format.needsFields ? fieldOf(head, 'user-agent') : '',
    };
  }

  /** Adds a line, or counts it as dropped if the writer is behind. */
  write(entry: Entry): void {
    const { line, ring } = this;
    line.at = ring.begin();
    if (line.at < 0) {
      this.slot.figures.logLineDropped();
      return;
    }
    this.format.write(line, entry);
    ring.commit(line.at);
  }
}

function fieldOf(head: RecordHead, name: string): string {
  const index = head.findField(name);
  return index < 0 ? '' : head.fieldValue(index);
}
