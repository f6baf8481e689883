// An engine under test, over its own memory, of which every byte is watched.

import { readFileSync } from 'node:fs';
import { STATE_START } from '../../src/memory/codes.ts';
import {
  HEADER_CONTENT_BYTES_MAX,
  HEADER_FIELD_COUNT_MAX,
  HEADER_HEAD_BYTES_MAX,
  HEADER_TARGET_BYTES_MAX,
  RECORD,
  RECORD_BYTES,
  RECORD_STATE,
  STATE,
  STATISTICS_REFUSED,
  STATISTICS_REQUESTS,
} from '../../src/memory/layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import { createJsCodec } from '../../src/protocol/js/codec.ts';
import { dateLine, type Prepared, prepare, preparedResponses } from '../../src/protocol/prepared.ts';
import { createWasmCodec } from '../../src/wasm/codec.ts';
import { instantiate } from '../../src/wasm/instance.ts';
import { createMemory } from '../../src/wasm/memory.ts';
import { REQUESTS_MAX, Slot } from '../../src/wasm/slot.ts';
import { statisticsPointer } from '../../src/wasm/statistics-row.ts';
import { roomForOne } from '../support/conversation.ts';
import { LIMITS, type LimitsName } from './input.ts';
import { OUTPUT_INDEX, SLOT_COUNT, SLOT_INDEX, Watch } from './memory.ts';

export const SUBJECT_NAMES = ['wasm', 'wasm debug', 'js'] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

/** 06 Nov 1994 08:49:37 GMT, the RFC's own example. */
const EPOCH_MS = 784111777000;
const POISON = 0xee;
/** The port that redirects lead to. */
export const HTTPS_PORT = 8443;
const COUNTER = 0;

/** Paths that inputs request: a path that another path begins with, and a path longer than a load among them. */
const PATHS = ['/', '/a', '/a/b', '/aaaaaaaaaaaaaaaaaaaaaa'];

/** A record between messages: nothing else in it is valid. */
const SPOILT_RECORD = new Uint8Array(RECORD_BYTES).fill(POISON);
new DataView(SPOILT_RECORD.buffer).setInt32(RECORD_STATE, STATE_START);

/** Bytes behind the input that would change the outcome if the engine believed them. */
const POISONS = ['\0', '\xff', '\r\n', ': x\r\n\r\n', ' HTTP/1.1\r\n\r\n', 'a', '0\r\n\r\n'].map((poison) =>
  Buffer.from(poison.repeat(32).slice(0, 32), 'latin1'),
);

export class Subject {
  readonly codec: Codec;
  readonly slot: Slot;
  readonly bytes: Buffer;
  readonly record: number;
  /** Where responses are built. */
  output: number;
  readonly watch: Watch;
  private limits: LimitsName = 'usual';

  constructor(readonly name: SubjectName) {
    const memory = createMemory({ slotCount: SLOT_COUNT, ...LIMITS.usual });
    // The path starts at the folder in which npm runs scripts, since this file also runs where it was compiled to.
    const file = name === 'wasm debug' ? 'build/hotpath.debug.wasm' : 'build/hotpath.wasm';
    const exports = instantiate(new WebAssembly.Module(readFileSync(file)), memory);
    const views = viewsOf(memory);
    this.slot = new Slot(views, SLOT_INDEX);
    this.slot.setDate(dateLine(EPOCH_MS));
    for (const prepared of preparedResponses(COUNTER)) this.slot.prepared.put(prepared);
    for (const path of PATHS) this.slot.prepared.addRoute(path, routed(path));
    this.codec =
      name === 'js'
        ? createJsCodec(views, this.slot.pointer, exports.counterAdd)
        : createWasmCodec(exports, this.slot.pointer);
    this.bytes = Buffer.from(memory.buffer);
    this.record = this.slot.pointer + RECORD;
    this.output = this.slot.outputs[OUTPUT_INDEX] as number;
    this.watch = new Watch(this.bytes);
  }

  /** Begins a connection: no state of an earlier connection may count. */
  begin(draining: boolean, step: boolean, redirects = false): void {
    this.output = step ? roomForOne(this.slot, OUTPUT_INDEX) : (this.slot.outputs[OUTPUT_INDEX] as number);
    const { words, doubles } = this.slot.views;
    words[STATE >> 2] = 0;
    const statistics = statisticsPointer(SLOT_INDEX);
    doubles[(statistics + STATISTICS_REQUESTS) >> 3] = 0;
    doubles[(statistics + STATISTICS_REFUSED) >> 3] = 0;
    this.slot.draining = draining;
    this.slot.recordsEvents = step;
    this.slot.turnBegins(REQUESTS_MAX, redirects ? HTTPS_PORT : 0);
    this.spoilRecord();
  }

  /** Overwrites the record, since other connections use it between two turns. */
  spoilRecord(): void {
    this.slot.views.bytes.set(SPOILT_RECORD, this.record);
  }

  /** Puts bytes where a read lands, and misleading bytes behind them. Returns the end of the bytes. */
  lay(bytes: Buffer, from: number, to: number, poison: number): number {
    const { readStart, readEnd } = this.slot;
    const end = readStart + to - from;
    bytes.copy(this.bytes, readStart, from, to);
    const behind = POISONS[poison % POISONS.length] as Buffer;
    if (end + behind.length <= readEnd) behind.copy(this.bytes, end);
    this.watch.laid(readStart, end + behind.length);
    return end;
  }

  /** Overwrites the input, since other connections use it between two turns. */
  spoilInput(start: number, end: number): void {
    this.slot.views.bytes.fill(POISON, start, end);
    this.watch.laid(start, end);
  }

  setLimits(name: LimitsName): void {
    if (name === this.limits) return;
    const { words, doubles } = this.slot.views;
    const { headBytesMax, targetBytesMax, fieldCountMax, contentBytesMax } = LIMITS[name];
    words[HEADER_HEAD_BYTES_MAX >> 2] = headBytesMax;
    words[HEADER_TARGET_BYTES_MAX >> 2] = targetBytesMax;
    words[HEADER_FIELD_COUNT_MAX >> 2] = fieldCountMax;
    doubles[HEADER_CONTENT_BYTES_MAX >> 3] = contentBytesMax;
    this.limits = name;
  }

  get requests(): number {
    return this.figure(STATISTICS_REQUESTS);
  }

  get refused(): number {
    return this.figure(STATISTICS_REFUSED);
  }

  private figure(figure: number): number {
    return this.slot.views.doubles[(statisticsPointer(SLOT_INDEX) + figure) >> 3] as number;
  }
}

export const POISON_COUNT = POISONS.length;

/** Returns the response of a path: with the built-in app's status, and counted like it, or a 304. */
function routed(path: string): Prepared {
  const fields = [['Route', path]] as const;
  const { head } = prepare(0, { statusCode: 304, fields, content: '' });
  const conditional = { head, tag: '"a"', modified: EPOCH_MS / 1000 };
  return { ...prepare(0, { statusCode: 200, fields, content: 'route', counter: COUNTER }), conditional };
}
