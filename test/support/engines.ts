// Every engine over its own memory, and the ways to hand it the same bytes: whole, cut in two at
// every place, byte by byte, and with bytes behind the end that the engine must ignore.

import { RECORD, RECORD_BYTES, RECORD_CURSOR } from '../../src/memory/layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import { createJsCodec } from '../../src/protocol/js/codec.ts';
import { dateLine, preparedResponses } from '../../src/protocol/prepared.ts';
import { createWasmCodec } from '../../src/wasm/codec.ts';
import { compileModule, type Exports, instantiate } from '../../src/wasm/instance.ts';
import { createMemory, guardsIntact, type MemoryOptions } from '../../src/wasm/memory.ts';
import { Slot } from '../../src/wasm/slot.ts';
import { type RequestRecord, readRecord } from './record.ts';

export const ENGINE_NAMES = ['wasm', 'wasm debug', 'js'] as const;
export type TestedEngine = (typeof ENGINE_NAMES)[number];

/** 06 Nov 1994 08:49:37 GMT, the RFC's own example. */
export const EPOCH_MS = 784111777000;

export interface Engine {
  name: TestedEngine;
  /** The index of its slot. */
  index: number;
  codec: Codec;
  slot: Slot;
  exports: Exports;
}

/** The limits that the cases assume. */
export const LIMITS: MemoryOptions = {
  slotCount: 1,
  headBytesMax: 16384,
  targetBytesMax: 8192,
  fieldCountMax: 100,
  contentBytesMax: 100_000,
};

/** @param index chooses the slot of the memory that the engine works on */
export function createEngine(name: TestedEngine, limits: Partial<MemoryOptions> = {}, index = 0): Engine {
  const memory = createMemory({ ...LIMITS, ...limits });
  const exports = instantiate(compileModule(name === 'wasm debug' ? 'debug' : 'release'), memory);
  const views = viewsOf(memory);
  const slot = new Slot(views, index);
  slot.setDate(dateLine(EPOCH_MS));
  for (const prepared of preparedResponses(0)) slot.prepared.put(prepared);
  const codec =
    name === 'js'
      ? createJsCodec(views, slot.pointer, exports.counterAdd)
      : createWasmCodec(exports, slot.pointer);
  return { name, index, codec, slot, exports };
}

/** The outcome of a parse. */
export interface Outcome {
  /** Below 0 an error, 0 MORE, above 0 the size of the head. */
  result: number;
  record: RequestRecord | undefined;
}

/** Bytes behind the input that would change the outcome if the engine read them. */
const POISONS = ['\0', '\xff', '\r\n', ': x\r\n\r\n', ' HTTP/1.1\r\n\r\n', 'a'].map((poison) =>
  latin1(poison.repeat(Math.ceil(64 / poison.length)).slice(0, 64)),
);

/** Parses the input in all ways. Returns the outcome; throws if two ways disagree. */
export function parseEveryWay(engine: Engine, input: string): Outcome {
  const bytes = latin1(input);
  const whole = parseInParts(engine, [bytes]);
  const ways = new Map<string, Outcome>();
  for (const [i, poison] of POISONS.entries()) ways.set(`poison ${i}`, parseInParts(engine, [bytes], poison));
  if (whole.result > 0 || whole.result < 0)
    ways.set('trailing bytes', parseInParts(engine, [latin1(`${input}GET /x`)]));
  for (const cut of cuts(bytes.length))
    ways.set(
      `cut at ${cut}`,
      parseInParts(engine, [bytes.subarray(0, cut), bytes.subarray(cut)], POISONS[cut % 6]),
    );
  if (bytes.length <= 4096)
    ways.set(
      'byte by byte',
      parseInParts(
        engine,
        Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
        POISONS[3],
      ),
    );
  for (const [way, outcome] of ways)
    if (JSON.stringify(outcome) !== JSON.stringify(whole))
      throw new Error(
        `${engine.name}, ${way}: ${JSON.stringify(outcome)} but whole ${JSON.stringify(whole)}`,
      );
  if (!guardsIntact(engine.slot.views, engine.index)) throw new Error(`${engine.name}: guard overwritten`);
  return whole;
}

/** Parses as connections do: the tail leaves the slot between two reads, and is laid elsewhere before the next read. */
function parseInParts(engine: Engine, parts: Uint8Array[], poison = POISONS[0]): Outcome {
  const { codec, slot } = engine;
  const { bytes } = slot.views;
  let tail: Uint8Array = new Uint8Array(0);
  let record: Uint8Array | undefined;
  let outcome: Outcome = { result: 0, record: undefined };
  for (const part of parts) {
    slot.read.set(part);
    const end = slot.readStart + part.length;
    bytes.set(poison as Uint8Array, end);
    const start = slot.layBefore(tail, 1);
    if (record) slot.record.restore(record);
    const result = codec.parse(start, end);
    if (result !== 0) {
      outcome =
        result < 0
          ? { result, record: undefined }
          : { result: result - start, record: readRecord(slot, start) };
      break;
    }
    tail = bytes.slice(start, end);
    record = slot.record.take();
    // Another connection uses the input and the record in between.
    bytes.fill(0xee, start, end);
    bytes.fill(0xee, slot.pointer + RECORD + RECORD_CURSOR, slot.pointer + RECORD + RECORD_BYTES);
  }
  slot.record.drop();
  return outcome;
}

/** Lists all places of a short input, and some places of a long one: near its ends and around powers of two. */
function cuts(length: number): number[] {
  const all = Array.from({ length: length - 1 }, (_, i) => i + 1);
  if (length <= 1200) return all;
  return all.filter((cut) => cut < 64 || cut > length - 64 || cut % 977 === 0 || isNearPower(cut));
}

function isNearPower(cut: number): boolean {
  return [cut - 1, cut, cut + 1].some((n) => (n & (n - 1)) === 0);
}

/** Returns the bytes of a Latin-1 text. */
export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Returns the Latin-1 text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
