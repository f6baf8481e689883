// The lines of the access log on their way from the threads to the writer, in memory that all of them share. Each thread
// has a ring of its own, into which it builds lines, and never waits: if the ring has no room, the line is dropped.
//
//   control │ ring 0: control, bytes │ ring 1 ...
//
//   tail ──▶ lines that the writer has not taken ──▶ head ──▶ the line that is being built
//
// A line lies in one piece. If the room behind the head is too small for the longest line, the head goes back to the start,
// and `wrap` says where the lines end. The head moves behind whole lines only, so a thread that dies loses no more than the
// line that it was building, and the next owner of its slot goes on behind the head. Head and tail are equal only if the ring
// is empty.

/** Bytes of one ring, unless a test chooses less. */
export const RING_BYTES = 1_048_576;
/** No line is longer. */
export const LINE_BYTES_MAX = 32_768;
/** Words are copied behind the end of a line. */
const SLACK_BYTES = 64;
/** The writer is woken when the ring has filled by this part. */
const WAKE_PARTS = 4;

const CONTROL_BYTES = 128;
/** Words of the control that all threads share. 1: the writer waits until it is woken. */
const ASLEEP = 0;
/** Rises whenever the writer is woken. */
const BELL = 1;
/** 1: the writer takes what is there and ends. */
const STOP = 2;
/** How often the file is to be opened anew, and how often it has been. */
const REOPEN = 3;
const REOPENED = 4;
/** 1: the writer has ended. */
const ENDED = 5;

/** Words of the control of one ring. */
const HEAD = 0;
const TAIL = 1;
const WRAP = 2;

/** Plain values, which are sent to every thread. */
export interface LogMemory {
  buffer: SharedArrayBuffer;
  ringCount: number;
  ringBytes: number;
}

/** Makes the memory. Its pages are allocated when they are used. @param ringBytes more than twice LINE_BYTES_MAX */
export function createLogMemory(ringCount: number, ringBytes = RING_BYTES): LogMemory {
  const buffer = new SharedArrayBuffer(CONTROL_BYTES + ringCount * strideOf(ringBytes));
  return { buffer, ringCount, ringBytes };
}

function strideOf(ringBytes: number): number {
  return CONTROL_BYTES + ringBytes + SLACK_BYTES;
}

/** Offset of the control of ring `index`. */
function ringStart({ ringBytes }: LogMemory, index: number): number {
  return CONTROL_BYTES + index * strideOf(ringBytes);
}

/** The words that the threads, the writer and the control plane wake each other with. */
export class LogControl {
  private readonly words: Int32Array;

  constructor({ buffer }: LogMemory) {
    this.words = new Int32Array(buffer, 0, CONTROL_BYTES >> 2);
  }

  /** Wakes the writer if it is asleep. */
  wakeIfAsleep(): void {
    if (Atomics.load(this.words, ASLEEP) === 1) this.wake();
  }

  /** Wakes the writer, or ends its pause. */
  wake(): void {
    Atomics.store(this.words, ASLEEP, 0);
    Atomics.add(this.words, BELL, 1);
    Atomics.notify(this.words, BELL);
  }

  /** For the writer: the value to pass to pause() or sleep(), read before the rings are looked at. */
  get bell(): number {
    return Atomics.load(this.words, BELL);
  }

  /** Blocks the writer until it is woken, at most for this time. */
  pause(bell: number, ms: number): void {
    Atomics.wait(this.words, BELL, bell, ms);
  }

  /** Says that the writer has to be woken for each line. Lines may have come before, so the rings must be looked at again. */
  fallAsleep(): void {
    Atomics.store(this.words, ASLEEP, 1);
  }

  awake(): void {
    Atomics.store(this.words, ASLEEP, 0);
  }

  get stopping(): boolean {
    return Atomics.load(this.words, STOP) === 1;
  }

  stop(): void {
    Atomics.store(this.words, STOP, 1);
    Atomics.notify(this.words, STOP);
    this.wake();
  }

  /** Blocks the writer for this time, or until it has to stop. Full rings, which ring the bell, don't end the time. */
  rest(ms: number): void {
    Atomics.wait(this.words, STOP, 0, ms);
  }

  /** The writer has ended. */
  end(): void {
    Atomics.store(this.words, ENDED, 1);
    Atomics.notify(this.words, ENDED);
  }

  /** Blocks until the writer has ended, at most for this time. */
  awaitEnd(ms: number): void {
    Atomics.wait(this.words, ENDED, 0, ms);
  }

  /** Asks the writer to open its file anew. @returns the number of this request */
  reopen(): number {
    const request = Atomics.add(this.words, REOPEN, 1) + 1;
    this.wake();
    return request;
  }

  /** For the writer: the number of the last request, if it has not been dealt with; otherwise 0. */
  get reopenAsked(): number {
    const asked = Atomics.load(this.words, REOPEN);
    return asked === Atomics.load(this.words, REOPENED) ? 0 : asked;
  }

  reopened(request: number): void {
    Atomics.store(this.words, REOPENED, request);
  }
}

/** The end of a ring that a thread builds lines in. */
export class LineRing {
  /** All bytes of the ring. A line is built at `at`. */
  readonly bytes: Uint8Array;
  readonly data: DataView;
  private readonly words: Int32Array;
  private readonly control: LogControl;
  private readonly ringBytes: number;
  private head: number;
  /** A line that begins before this has room, and needs no look at the tail. */
  private roomEnd = -1;

  constructor(memory: LogMemory, index: number) {
    const start = ringStart(memory, index);
    const size = memory.ringBytes + SLACK_BYTES;
    this.words = new Int32Array(memory.buffer, start, CONTROL_BYTES >> 2);
    this.bytes = new Uint8Array(memory.buffer, start + CONTROL_BYTES, size);
    this.data = new DataView(memory.buffer, start + CONTROL_BYTES, size);
    this.control = new LogControl(memory);
    this.ringBytes = memory.ringBytes;
    this.head = Atomics.load(this.words, HEAD);
  }

  /** Where the next line begins; -1 if there is no room for it. */
  begin(): number {
    return this.head < this.roomEnd || this.makeRoom() ? this.head : -1;
  }

  /** Gives the line that ends at `end` to the writer. */
  commit(end: number): void {
    this.head = end;
    Atomics.store(this.words, HEAD, end);
    this.control.wakeIfAsleep();
  }

  private makeRoom(): boolean {
    const { ringBytes, words } = this;
    const tail = Atomics.load(words, TAIL);
    const used = (this.head - tail + ringBytes) % ringBytes;
    if (used >= ringBytes / WAKE_PARTS) this.control.wake();
    let end = tail <= this.head ? ringBytes : tail - 1;
    if (tail <= this.head && this.head + LINE_BYTES_MAX > end) {
      if (tail - 1 <= LINE_BYTES_MAX) return false;
      Atomics.store(words, WRAP, this.head);
      this.head = 0;
      end = tail - 1;
    }
    const last = end - LINE_BYTES_MAX;
    // A ring that fills up looks at the tail, and wakes the writer, several times.
    this.roomEnd = Math.min(last + 1, this.head + ringBytes / WAKE_PARTS);
    return this.head <= last;
  }
}

/** The end of a ring that the writer takes lines from. */
export class LineSource {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private tail: number;

  constructor(memory: LogMemory, index: number) {
    const start = ringStart(memory, index);
    this.words = new Int32Array(memory.buffer, start, CONTROL_BYTES >> 2);
    this.bytes = new Uint8Array(memory.buffer, start + CONTROL_BYTES, memory.ringBytes);
    this.tail = Atomics.load(this.words, TAIL);
  }

  /** The lines that lie in one piece: whole lines, except that the first one may have been taken in part. */
  get lines(): Uint8Array {
    const head = Atomics.load(this.words, HEAD);
    if (head >= this.tail) return this.bytes.subarray(this.tail, head);
    const wrap = Atomics.load(this.words, WRAP);
    if (this.tail < wrap) return this.bytes.subarray(this.tail, wrap);
    this.tail = 0;
    return this.bytes.subarray(0, head);
  }

  /** Takes so many bytes of `lines`. */
  take(bytes: number): void {
    this.tail += bytes;
    Atomics.store(this.words, TAIL, this.tail);
  }

  get empty(): boolean {
    return Atomics.load(this.words, HEAD) === this.tail;
  }
}
