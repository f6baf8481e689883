// The file `snapshot`: what is worth keeping and promises nothing, such as gauges: as it was about a second before a
// crash, and as it was at a clean stop. One that is damaged is put aside and left out.

import { join } from 'node:path';
import { type Files, readIfThere, replaceFile, SYSTEM_FILES } from './files.ts';
import { seal, unseal } from './sealed.ts';

const FILE = 'snapshot';
const ASIDE = 'snapshot.damaged';
/** More than any memory's limiters have. */
const BYTES_MAX = 2 ** 31 - 1;

/** A kind of named state that goes into the snapshot. */
export interface Snapshotted {
  /** Under this name. */
  readonly name: string;
  /** What can be written as JSON. */
  save(): unknown;
  /** Puts back what save() gave, possibly years ago; what has been used since then stays as it is. */
  load(saved: unknown): void;
}

export class Snapshot {
  private readonly path: string;
  /** What was written last. */
  private written: string | undefined;
  private failed = false;

  constructor(
    private readonly folder: string,
    private readonly parts: readonly Snapshotted[],
    private readonly note: (text: string) => void,
    private readonly files: Files = SYSTEM_FILES,
  ) {
    this.path = join(folder, FILE);
  }

  /** Puts back what was written last, where it can be read. From then on only what changes is written. */
  load(): void {
    this.loadFile();
    this.written = JSON.stringify(this.content());
  }

  /** Writes how things are, if that has changed. A failure is noted once, and tried again the next time. */
  save(): void {
    const content = this.content();
    const text = JSON.stringify(content);
    if (text === this.written) return;
    try {
      replaceFile(this.files, this.path, seal(FILE, content));
      this.written = text;
      this.failed = false;
    } catch (error) {
      if (!this.failed) this.note(`The snapshot can't be written: ${(error as Error).message}`);
      this.failed = true;
    }
  }

  private loadFile(): void {
    try {
      const bytes = readIfThere(this.files, this.path, BYTES_MAX);
      if (bytes === undefined) return;
      const saved = unseal(FILE, this.path, bytes) as Record<string, unknown>;
      for (const part of this.parts) if (saved[part.name] !== undefined) part.load(saved[part.name]);
    } catch (error) {
      this.note(`${(error as Error).message}; it is left out, and ${this.putAside()}`);
    }
  }

  /** Moves what can't be read out of the way. Returns what came of that. */
  private putAside(): string {
    try {
      this.files.rename(this.path, join(this.folder, ASIDE));
      return `put aside as ${ASIDE}`;
    } catch (error) {
      return `can't be put aside as ${ASIDE}: ${(error as Error).message}`;
    }
  }

  private content(): Record<string, unknown> {
    return Object.fromEntries(this.parts.map((part) => [part.name, part.save()]));
  }
}
