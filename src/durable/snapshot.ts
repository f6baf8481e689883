// The file `snapshot`: what is worth keeping and promises nothing, such as gauges: as it was about a second before a
// crash, and as it was at a clean stop. One that is damaged is put aside and left out.
//
// A thread gets a value back when it asks for the value's name and kind. A value that no thread has asked for stays in the
// file for some time, since the next version of the application, or the one before, may ask for it.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { NAMES_MAX } from '../wasm/state/names.ts';
import type { Saved } from '../wasm/state/saved.ts';
import { type Files, readIfThere, replaceFile, SYSTEM_FILES } from './files.ts';
import { piecesOf, valueFrom } from './json-with-bytes.ts';
import { digestOf, sealBytes, unsealBytes } from './sealed-file.ts';

const FILE = 'snapshot';
const ASIDE = 'snapshot.damaged';
/** More than any memory's limiters have. */
const BYTES_MAX = 2 ** 31 - 1;
/** How long a value stays that no thread asks for. */
const UNCLAIMED_MS = 30 * 86_400_000;
/**
 * How many of those stay, of each kind: those that were in use last. Twice as many as can be in use, since no thread has
 * asked for anything yet when a server starts.
 */
const UNCLAIMED_MAX = 2 * NAMES_MAX;

/** A kind of named state that goes into the snapshot. */
export interface SnapshotPart {
  /** Under this name. */
  readonly name: string;
  /** The values of all names that are in use: JSON, and byte arrays. */
  save(): ReadonlyMap<string, unknown>;
  /**
   * Turns values of save(), possibly years old, into those that threads get when they ask for the names. A value that it
   * leaves out is forgotten.
   * @param nowMs by the wall clock, and no earlier than when it was saved
   */
  offer(saved: ReadonlyMap<string, unknown>, nowMs: number): Saved[];
  /** Turns a value of a snapshot of version 1 into one of save(). */
  fromVersion1?(value: unknown): unknown;
}

/** A value of a name that no thread has asked for. */
interface Unclaimed {
  value: unknown;
  /** By the wall clock: since the start at which it was found. */
  sinceMs: number;
}

/** The content of the file. */
interface Content {
  /** By the name of the kind, then by their own. */
  values: Record<string, Record<string, unknown>>;
  unclaimed: Record<string, Record<string, Unclaimed>>;
}

export interface SnapshotOptions {
  folder: string;
  parts: readonly SnapshotPart[];
  /** Gives threads what they ask for from now on. */
  publish(saved: Saved[]): void;
  /** Told what goes wrong, a line each. */
  note(text: string): void;
  files?: Files;
  /** The wall clock. */
  now?: () => number;
}

export class Snapshot {
  private readonly path: string;
  private readonly files: Files;
  private readonly now: () => number;
  /** By part, then by name. */
  private readonly unclaimed = new Map<SnapshotPart, Map<string, Unclaimed>>();
  /** Digest of what was written last. */
  private written: string | undefined;
  private failed = false;

  constructor(private readonly options: SnapshotOptions) {
    this.path = join(options.folder, FILE);
    this.files = options.files ?? SYSTEM_FILES;
    this.now = options.now ?? Date.now;
    for (const part of options.parts) this.unclaimed.set(part, new Map());
  }

  /**
   * Reads what was written last, where it can be read. From then on only what changes is written.
   * @param resumed another keeper of this process has given it to the threads already
   */
  load(resumed = false): void {
    let nowMs = this.now();
    try {
      nowMs = Math.max(nowMs, this.readFile(nowMs));
    } catch (error) {
      for (const unclaimed of this.unclaimed.values()) unclaimed.clear();
      this.options.note(`${(error as Error).message}; it is left out, and ${this.putAside()}`);
    }
    for (const [part, unclaimed] of this.unclaimed) this.valuesOf(part, unclaimed);
    if (!resumed) this.publish(nowMs);
    this.written = digestOf(piecesOf(this.content()));
  }

  /** Writes how things are, if that has changed. A failure is noted once, and tried again the next time. */
  save(): void {
    for (const unclaimed of this.unclaimed.values()) forgetOld(unclaimed, this.now());
    try {
      const pieces = piecesOf(this.content());
      const digest = digestOf(pieces);
      if (digest === this.written) return;
      replaceFile(this.files, this.path, sealBytes(FILE, [Buffer.from(`${this.now()}\n`), ...pieces]));
      this.written = digest;
      this.failed = false;
    } catch (error) {
      if (!this.failed) this.options.note(`The snapshot can't be written: ${(error as Error).message}`);
      this.failed = true;
    }
  }

  /** Writes how things are at the end. When that fails, a note says what is lost. */
  end(): void {
    this.save();
    if (this.failed) this.options.note(lossOf(this.options.folder));
  }

  /** Returns when the file was written. */
  private readFile(nowMs: number): number {
    const bytes = readIfThere(this.files, this.path, BYTES_MAX);
    if (bytes === undefined) return 0;
    const { version, rest } = unsealBytes(FILE, this.path, bytes);
    try {
      const { writtenMs, content } = version === 1 ? contentOfVersion1(rest) : contentOf(rest);
      this.takeContent(content, version, nowMs);
      return writtenMs;
    } catch (error) {
      throw new Error(`${this.path} can't be read: ${(error as Error).message}`);
    }
  }

  private takeContent(content: Content, version: number, nowMs: number): void {
    for (const [part, unclaimed] of this.unclaimed) {
      for (const [name, { value, sinceMs }] of Object.entries(content.unclaimed[part.name] ?? {}))
        unclaimed.set(name, { value, sinceMs });
      for (const [name, value] of Object.entries(content.values[part.name] ?? {}))
        unclaimed.set(name, {
          value: version === 1 && part.fromVersion1 !== undefined ? part.fromVersion1(value) : value,
          sinceMs: nowMs,
        });
    }
  }

  private publish(nowMs: number): void {
    const all: Saved[] = [];
    for (const [part, unclaimed] of this.unclaimed) {
      const saved = part.offer(new Map([...unclaimed].map(([name, { value }]) => [name, value])), nowMs);
      const names = new Set(saved.map(({ name }) => name));
      // Nothing is left of a limiter's keys after a window.
      for (const name of unclaimed.keys()) if (!names.has(name)) unclaimed.delete(name);
      all.push(...saved);
    }
    try {
      this.options.publish(all);
    } catch (error) {
      this.options.note(`Gauges and limiters begin anew: ${(error as Error).message}`);
    }
  }

  /** Moves what can't be read out of the way. Returns what came of that. */
  private putAside(): string {
    try {
      this.files.rename(this.path, join(this.options.folder, ASIDE));
      return `put aside as ${ASIDE}`;
    } catch (error) {
      return `can't be put aside as ${ASIDE}: ${(error as Error).message}`;
    }
  }

  /** The values of the names in use, which are no longer unclaimed. */
  private valuesOf(part: SnapshotPart, unclaimed: Map<string, Unclaimed>): ReadonlyMap<string, unknown> {
    const values = part.save();
    for (const name of values.keys()) unclaimed.delete(name);
    return values;
  }

  private content(): Content {
    const content: Content = { values: {}, unclaimed: {} };
    for (const [part, unclaimed] of this.unclaimed) {
      content.values[part.name] = Object.fromEntries(this.valuesOf(part, unclaimed));
      content.unclaimed[part.name] = Object.fromEntries(unclaimed);
    }
    return content;
  }
}

/** A line that says what the next start has when this snapshot is the last. */
export function lossOf(folder: string): string {
  const last = statSync(join(folder, FILE), { throwIfNoEntry: false });
  if (last === undefined) return 'Gauges and limiters will begin anew: there is no snapshot of them';
  return `Gauges and limiters will begin as they were at ${last.mtime.toISOString()}, when the last snapshot was written`;
}

function forgetOld(unclaimed: Map<string, Unclaimed>, nowMs: number): void {
  const oldestFirst = [...unclaimed].sort(([, a], [, b]) => a.sinceMs - b.sinceMs);
  for (const [i, [name, { sinceMs }]] of oldestFirst.entries())
    if (oldestFirst.length - i > UNCLAIMED_MAX || nowMs - sinceMs > UNCLAIMED_MS) unclaimed.delete(name);
}

function contentOf(rest: Buffer): { writtenMs: number; content: Content } {
  const end = rest.indexOf('\n');
  return {
    writtenMs: Number(rest.toString('latin1', 0, end)) || 0,
    content: valueFrom(rest.subarray(end + 1)) as Content,
  };
}

function contentOfVersion1(rest: Buffer): { writtenMs: number; content: Content } {
  return { writtenMs: 0, content: { values: JSON.parse(rest.toString()), unclaimed: {} } };
}
