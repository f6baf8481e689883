// Finds every byte that an engine has written outside its writable regions. The engine works on the middle
// slot of three; a check compares all the memory around the writable regions with its earlier content.

import {
  FIGURES_CELLS,
  FIGURES_IN_TURN,
  FIGURES_LISTENERS,
  FIGURES_REFUSALS,
  FIGURES_TIMED,
} from '../../src/memory/figures-layout.ts';
import {
  CARRY,
  CONTROL_EVENT_COUNT,
  CONTROL_HEAD,
  CONTROL_REQUESTS_LEFT,
  CONTROL_STATISTICS,
  EVENTS,
  EVENTS_BYTES,
  FIGURES,
  FIGURES_BYTES,
  GUARD_BEFORE_RECORD,
  GUARD_BYTES,
  OUTPUT,
  OUTPUT_COUNT,
  OUTPUT_STRIDE,
  RECORD,
  RECORD_BYTES,
  STATE,
  STATE_ROW_BYTES,
  STATISTICS_ACCEPTED,
} from '../../src/memory/layout.ts';
import { slotPointer, statisticsPointer } from '../../src/wasm/statistics-row.ts';

export const SLOT_COUNT = 3;
/** Slot and output region that the engine works on: each has others before and behind it. */
export const SLOT_INDEX = 1;
export const OUTPUT_INDEX = 3;

const PATTERN = 0xcc;
const COUNTER_BYTES = 8;
/** Bytes that a store of 16 bytes may write past the end of a response. */
const STORE_BYTES = 15;

type Span = [from: number, to: number];

const SLOT = slotPointer(SLOT_INDEX);
const STATISTICS_ROW = statisticsPointer(SLOT_INDEX);
const INPUT: Span = [SLOT + CARRY, SLOT + GUARD_BEFORE_RECORD];
const OUTPUTS: readonly Span[] = Array.from({ length: OUTPUT_COUNT }, (_, i) => {
  const output = SLOT + OUTPUT + i * OUTPUT_STRIDE;
  return [output, output + OUTPUT_STRIDE - GUARD_BYTES];
});
const OUTPUT_USED = OUTPUTS[OUTPUT_INDEX] as Span;

/** The regions that an engine may write, in order, and the input, which its caller writes. */
const WRITABLE: readonly Span[] = [
  [STATISTICS_ROW, STATISTICS_ROW + STATISTICS_ACCEPTED],
  [STATE, STATE + COUNTER_BYTES],
  [SLOT, SLOT + CONTROL_STATISTICS],
  [SLOT + CONTROL_HEAD, SLOT + CONTROL_HEAD + 4],
  [SLOT + CONTROL_REQUESTS_LEFT, SLOT + CONTROL_REQUESTS_LEFT + 4],
  [SLOT + CONTROL_EVENT_COUNT, SLOT + CONTROL_EVENT_COUNT + 4],
  [SLOT + EVENTS, SLOT + EVENTS + EVENTS_BYTES],
  [SLOT + FIGURES + FIGURES_IN_TURN, SLOT + FIGURES + FIGURES_TIMED],
  [SLOT + FIGURES + FIGURES_REFUSALS, SLOT + FIGURES + FIGURES_LISTENERS],
  [SLOT + FIGURES + FIGURES_CELLS, SLOT + FIGURES + FIGURES_BYTES],
  INPUT,
  [SLOT + RECORD, SLOT + RECORD + RECORD_BYTES],
  OUTPUT_USED,
];

export class Watch {
  private readonly before: Buffer;
  /** All memory between the writable regions. */
  private readonly watched: readonly Span[];
  private readonly input: Span = [INPUT[1], INPUT[0]];
  private outputEnd = OUTPUT_USED[0];

  /** Takes the memory as it is now as the expected content; fills unused memory with a pattern. */
  constructor(private readonly bytes: Buffer) {
    const others = Array.from({ length: SLOT_COUNT }, (_, i): Span => [slotPointer(i), slotPointer(i + 1)]);
    others.splice(SLOT_INDEX, 1);
    for (const [from, to] of [...others, INPUT, ...OUTPUTS, [STATE + STATE_ROW_BYTES, slotPointer(0)]])
      bytes.fill(PATTERN, from, to);
    this.before = Buffer.from(bytes);
    this.watched = [...WRITABLE, [bytes.length, bytes.length] as Span].map(([from], i) => [
      WRITABLE[i - 1]?.[1] ?? 0,
      from,
    ]);
  }

  /** Notes that the caller has written into the input. */
  laid(from: number, to: number): void {
    if (from < this.input[0]) this.input[0] = from;
    if (to > this.input[1]) this.input[1] = to;
  }

  /** Notes that the engine has written an output that ends at `end`. */
  built(end: number): void {
    if (end > this.outputEnd) this.outputEnd = end;
  }

  /** Finds the first byte that was written without permission since the last check; -1 if there is none. */
  check(): number {
    const used: Span = [OUTPUT_USED[0], this.outputEnd + STORE_BYTES];
    const around = [INPUT[0], this.input[0], this.input[1], INPUT[1], used[1], OUTPUT_USED[1]];
    let touched = -1;
    for (const [from, to] of [...this.watched, ...pairs(around)])
      if (from < to && touched < 0 && this.differs(from, to)) touched = this.firstDifference(from, to);
    if (touched >= 0) this.restore(0, this.bytes.length);
    for (const [from, to] of [this.input, used]) this.restore(from, to);
    [this.input[0], this.input[1], this.outputEnd] = [INPUT[1], INPUT[0], OUTPUT_USED[0]];
    return touched;
  }

  private differs(from: number, to: number): boolean {
    return this.bytes.compare(this.before, from, to, from, to) !== 0;
  }

  private firstDifference(from: number, to: number): number {
    while (from < to && this.bytes[from] === this.before[from]) from++;
    return from;
  }

  private restore(from: number, to: number): void {
    if (from < to) this.before.copy(this.bytes, from, from, to);
  }
}

/** Describes where an address lies. */
export function placeOf(address: number): string {
  if (address < slotPointer(0)) return `${address}, before the slots`;
  const slot = Math.floor((address - slotPointer(0)) / (slotPointer(1) - slotPointer(0)));
  const offset = address - slotPointer(slot);
  return `${slot === SLOT_INDEX ? 'its own' : 'another'} slot, offset ${offset}`;
}

function pairs([a, b, c, d, e, f]: number[]): Span[] {
  return [
    [a, b],
    [c, d],
    [e, f],
  ] as Span[];
}
