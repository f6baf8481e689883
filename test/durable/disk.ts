// A simulated disk that fails on request and loses power: a power loss keeps all of the unsynced data, a part of it, or
// none of it.

import type { Files } from '../../src/durable/files.ts';

interface Inode {
  bytes: Buffer;
  /** The state of the disk after a power loss. */
  durable: Buffer;
}

/** The files that a disk may have after a power loss. */
export type Remains = ReadonlyMap<string, Buffer>;

export class Disk implements Files {
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private readonly open_ = new Map<number, { inode: Inode | undefined }>();
  private descriptors = 3;
  /** Operations so far, by name. */
  readonly log: string[] = [];
  /** Called before each operation. If it throws, the operation fails with that error. */
  before: (operation: string, index: number) => void = () => {};
  /** The most bytes that one write accepts. */
  writeMax = Number.POSITIVE_INFINITY;

  constructor(remains: Remains = new Map()) {
    for (const [path, bytes] of remains) this.names.set(path, { bytes, durable: bytes });
    this.durableNames = new Map(this.names);
  }

  /** Descriptors that have not been closed. */
  get openCount(): number {
    return this.open_.size;
  }

  /** All states that a power loss could leave now. */
  *afterPowerLoss(): Generator<Remains> {
    for (const names of [this.durableNames, this.names]) {
      const paths = [...names];
      const torn = paths.filter(([, inode]) => !inode.bytes.equals(inode.durable));
      const whole = paths.map(([path, { durable }]) => [path, durable] as const);
      yield new Map(whole);
      for (const [path, { bytes }] of torn)
        for (let size = 0; size <= bytes.length; size++)
          yield new Map(whole).set(path, bytes.subarray(0, size));
    }
  }

  read(path: string): Buffer {
    this.begin('read');
    const inode = this.names.get(path);
    if (inode === undefined) throw fault('ENOENT');
    return inode.bytes;
  }

  open(path: string, flags: 'w' | 'r'): number {
    this.begin(flags === 'w' ? 'open' : 'open folder');
    let inode: Inode | undefined;
    if (flags === 'w') {
      inode = this.names.get(path) ?? { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
      inode.bytes = Buffer.alloc(0);
      this.names.set(path, inode);
    }
    const descriptor = this.descriptors++;
    this.open_.set(descriptor, { inode });
    return descriptor;
  }

  write(descriptor: number, bytes: Uint8Array): number {
    this.begin('write');
    const inode = this.inodeOf(descriptor) as Inode;
    const part = bytes.subarray(0, this.writeMax);
    inode.bytes = Buffer.concat([inode.bytes, part]);
    return part.length;
  }

  sync(descriptor: number): void {
    const inode = this.inodeOf(descriptor);
    this.begin(inode === undefined ? 'sync folder' : 'sync');
    if (inode !== undefined) inode.durable = inode.bytes;
    else this.durableNames = new Map(this.names);
  }

  close(descriptor: number): void {
    this.inodeOf(descriptor);
    this.open_.delete(descriptor);
    this.begin('close');
  }

  rename(from: string, to: string): void {
    this.begin('rename');
    const inode = this.names.get(from);
    if (inode === undefined) throw fault('ENOENT');
    this.names.set(to, inode);
    this.names.delete(from);
  }

  remove(path: string): void {
    this.begin('remove');
    this.names.delete(path);
  }

  private begin(operation: string): void {
    this.before(operation, this.log.push(operation) - 1);
  }

  private inodeOf(descriptor: number): Inode | undefined {
    const file = this.open_.get(descriptor);
    if (file === undefined) throw fault('EBADF');
    return file.inode;
  }
}

/** Makes an error with the code and message of a system error. */
export function fault(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}
