// The file `snapshot`: state that is worth keeping but not guaranteed, such as gauges. After a clean stop it is exact; after
// a crash it is about a second old. A damaged snapshot is renamed and ignored.
//
// A thread gets a saved value when it first uses that name and kind. A value that no thread has used stays in the file
// for some time, since the next version of the application, or the former one, may use it.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { NAMES_MAX } from '../wasm/state/names.ts';
import type { Saved } from '../wasm/state/saved.ts';
import { type Files, readIfThere, replaceFile, SYSTEM_FILES } from './files.ts';
import { piecesOf, valueFrom } from './json-with-bytes.ts';
import { digestOf, sealBytes, unsealBytes } from './sealed-file.ts';

const FILE = 'snapshot';
const ASIDE = 'snapshot.damaged';
/** More than the limiters of any memory take. */
const BYTES_MAX = 2 ** 31 - 1;
/** How long a value stays that no thread uses. */
const UNCLAIMED_MS = 30 * 86_400_000;
/**
 * How many unused values of each kind stay: those that were used last. It is twice as many as can be in use, since all
 * values are unused when a server starts.
 */
const UNCLAIMED_MAX = 2 * NAMES_MAX;

/** A kind of named state in the snapshot. */
export interface SnapshotPart {
  /** The name of the kind in the file. */
  readonly name: string;
  /** Returns the values of all names in use: JSON values, which may contain byte arrays. */
  save(): ReadonlyMap<string, unknown>;
  /**
   * Converts values of save(), possibly years old, to those that threads get. A value that it leaves out is forgotten.
   * @param nowMs the wall clock's time, no earlier than that of the snapshot
   */
  offer(saved: ReadonlyMap<string, unknown>, nowMs: number): Saved[];
  /** Converts a value from a snapshot of version 1 to one of save(). */
  fromVersion1?(value: unknown): unknown;
}

/** A saved value that no thread has used. */
interface Unclaimed {
  value: unknown;
  /** The time, by the wall clock, of the start at which it was first unused. */
  sinceMs: number;
}

/** The content of the file. */
interface Content {
  /** By the name of the kind, then by name. */
  values: Record<string, Record<string, unknown>>;
  unclaimed: Record<string, Record<string, Unclaimed>>;
}

export interface SnapshotOptions {
  folder: string;
  parts: readonly SnapshotPart[];
  /** Makes the saved values available to threads. */
  publish(saved: Saved[]): void;
  /** Called with one line for each failure. */
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
  /** Digest of the content that was written last. */
  private written: string | undefined;
  private failed = false;

  constructor(private readonly options: SnapshotOptions) {
    this.path = join(options.folder, FILE);
    this.files = options.files ?? SYSTEM_FILES;
    this.now = options.now ?? Date.now;
    for (const part of options.parts) this.unclaimed.set(part, new Map());
  }

  /**
   * Reads the last snapshot, if there is one. From then on the file is written only when the content has changed.
   * @param resumed whether a former keeper of this process has published the snapshot already
   */
  load(resumed = false): void {
    let nowMs = this.now();
    try {
      nowMs = Math.max(nowMs, this.readFile(nowMs));
    } catch (error) {
      for (const unclaimed of this.unclaimed.values()) unclaimed.clear();
      this.options.note(`${(error as Error).message}; it is ignored, and ${this.putAside()}`);
    }
    for (const [part, unclaimed] of this.unclaimed) this.valuesOf(part, unclaimed);
    if (!resumed) this.publish(nowMs);
    this.written = digestOf(piecesOf(this.content()));
  }

  /** Writes the current state, if it has changed. Logs a failure once; the next call tries again. */
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

  /** Writes the last snapshot. When that fails, logs what is lost. */
  end(): void {
    this.save();
    if (this.failed) this.options.note(lossOf(this.options.folder));
  }

  /** Reads the file. @returns the time at which it was written; 0 when there is none */
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
      // A limiter whose keys are all whole again is left out, and so are values that a kind rejects.
      for (const name of unclaimed.keys()) if (!names.has(name)) unclaimed.delete(name);
      all.push(...saved);
    }
    try {
      this.options.publish(all);
    } catch (error) {
      this.options.note(`Gauges and limiters start from nothing: ${(error as Error).message}`);
    }
  }

  /** Renames a damaged file. @returns the outcome, for the log */
  private putAside(): string {
    try {
      this.files.rename(this.path, join(this.options.folder, ASIDE));
      return `renamed to ${ASIDE}`;
    } catch (error) {
      return `can't be renamed to ${ASIDE}: ${(error as Error).message}`;
    }
  }

  /** Returns the values of the names in use, and removes these names from the unclaimed ones. */
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

/** A line for the log that says from which snapshot the next start begins. */
export function lossOf(folder: string): string {
  const last = statSync(join(folder, FILE), { throwIfNoEntry: false });
  if (last === undefined) return 'Gauges and limiters will start from nothing: there is no snapshot of them';
  return `Gauges and limiters will start as they were at ${last.mtime.toISOString()}, when the last snapshot was written`;
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
