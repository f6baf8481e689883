// The writer's thread: takes the lines of all threads out of their rings, and writes them to the file in large pieces. It
// waits a moment between two rounds, so that lines gather; while there are none, it sleeps until a thread wakes it.

import { parentPort, workerData } from 'node:worker_threads';
import { AccessFile, reasonOf } from './access-file.ts';
import { LineSource, LogControl } from './ring.ts';
import type { FromWriter, WriterStart } from './writer-messages.ts';

/** Between two rounds, in milliseconds. */
const PAUSE_MS = 25;
/** The longest sleep. A thread may end after it has added a line and before it wakes the writer. */
const SLEEP_MS = 1000;
/** Between two attempts to write to a file that fails. */
const RETRY_MS = 250;
/** How long the last lines may take if the file takes none at the moment. */
const LAST_MS = 1000;
const LF = 0x0a;

const port = parentPort;
if (port === null) throw new Error('writer-main.ts runs only as a worker thread');

const { memory, path } = workerData as WriterStart;
const control = new LogControl(memory);
const sources = Array.from({ length: memory.ringCount }, (_, index) => new LineSource(memory, index));
let file = AccessFile.open(path);
/** Why the file can't be written at the moment. */
let failure: string | undefined;
/** The source whose line has been written in part: its rest comes next. */
let begun: LineSource | undefined;

tell({ type: 'ready' });
write();
file.close();
control.end();

function write(): void {
  for (;;) {
    const { bell } = control;
    const wrote = round();
    const asked = control.reopenAsked;
    if (asked !== 0) reopen(asked);
    if (control.stopping) break;
    if (failure !== undefined) control.rest(RETRY_MS);
    else if (wrote > 0) control.pause(bell, PAUSE_MS);
    else if (!empty()) control.rest(PAUSE_MS);
    else {
      control.fallAsleep();
      if (empty()) control.pause(bell, SLEEP_MS);
      control.awake();
    }
  }
  const endMs = performance.now() + LAST_MS;
  while (!empty() && performance.now() < endMs && (round() > 0 || failure === undefined))
    if (!empty()) control.pause(control.bell, 1);
}

function empty(): boolean {
  return sources.every((source) => source.empty);
}

/** Writes what the rings hold. @returns how many bytes were written */
function round(): number {
  let written = 0;
  try {
    if (begun !== undefined) written += drain(begun);
    for (const source of sources) if (begun === undefined) written += drain(source);
    if (written > 0 && failure !== undefined) {
      failure = undefined;
      note(`The access log ${path} is written again`);
    }
  } catch (error) {
    const reason = reasonOf(error);
    if (failure !== reason)
      note(`The access log ${path} can't be written: ${reason}. Lines are dropped until it can be`);
    failure = reason;
  }
  return written;
}

/** Writes what one ring holds, until the file takes no more. */
function drain(source: LineSource): number {
  let total = 0;
  for (let lines = source.lines; lines.length > 0; lines = source.lines) {
    const written = file.write(pieceOf(lines));
    if (written === 0) break;
    source.take(written);
    total += written;
    begun = file.midLine ? source : undefined;
  }
  return total;
}

/** Whole lines that fit one write, or the beginning of a longer line. */
function pieceOf(lines: Uint8Array): Uint8Array {
  const { pieceBytes } = file;
  if (lines.length <= pieceBytes) return lines;
  const end = lines.lastIndexOf(LF, pieceBytes - 1) + 1;
  return lines.subarray(0, end === 0 ? pieceBytes : end);
}

/** Opens the file at its path anew: a tool that rotates logs has moved the old one. */
function reopen(request: number): void {
  control.reopened(request);
  let error: string | undefined;
  try {
    const next = AccessFile.open(path);
    file.close();
    file = next;
    skipRest();
  } catch (cause) {
    error = reasonOf(cause);
    note(`The access log ${path} can't be opened anew: ${error}. The old file is written on`);
  }
  tell({ type: 'reopened', request, error });
}

/** The beginning of a line is in the old file, so its rest does not belong into the new one. */
function skipRest(): void {
  if (begun === undefined) return;
  const { lines } = begun;
  begun.take(lines.indexOf(LF) + 1);
  begun = undefined;
}

function note(text: string): void {
  tell({ type: 'note', text });
}

function tell(message: FromWriter): void {
  port?.postMessage(message);
}
