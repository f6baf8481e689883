// A worker thread from its start to its end: the stage of its start, the places where it listens, and why it ended. Its
// generation decides when it drains, and whether another thread takes its place.

import { fileURLToPath } from 'node:url';
import { reclaimAddresses } from '../connection/addresses.ts';
import type { ListenAt } from '../connection/listener.ts';
import { viewsOf } from '../memory/views.ts';
import { threadEnded } from '../state/threads.ts';
import type { TlsMaterial } from '../tls/material.ts';
import { openConnections, reclaimSlot } from '../wasm/statistics-row.ts';
import { within } from '../within.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import type { SpareThreads } from './spare-threads.ts';
import { Thread } from './thread.ts';
import { whileAnswering } from './under-way.ts';

/** Time for a thread to end after its start has failed, in milliseconds. After that the log reports it. */
const STUCK_MS = 2000;
/** Time for a thread to answer, in milliseconds. A blocked thread does not. */
const ANSWER_MS = 2000;

/** The stage of a start: the thread imports the application, awaits its start(), or begins to listen. */
type Stage = 'import' | 'start()' | 'listen';

/** Receives the questions and reports of a thread. */
export interface ThreadHost {
  /** Threads that wait for their data, in a server that watches files. */
  readonly spares?: SpareThreads | undefined;
  /** Milliseconds until it must listen. */
  readonly loadMs: number;
  /** Milliseconds after which its start is reported as slow. */
  readonly slowMs: number;
  takePlace(listener: number, ordinal: number): Promise<ListenAt>;
  /** Called each time that the thread begins to listen for one of the server's listeners. */
  listening(listener: number, port: number): void;
  /** Called when its start takes long, with a line for the log. */
  slow(text: string): void;
  /** Called when the start has failed and the thread does not end. */
  stuck(): void;
  /** Called with a line for the log. */
  warn(text: string): void;
  /** Called with files that the thread imports, in a server that watches them. */
  imported(files: string[], atMs: number): void;
  /** Called when the thread has ended, before `started` is rejected. */
  ended(thread: StartedThread): void;
}

/** The reason why a thread ended. */
export interface Death {
  /** Completes the sentence that begins with `Worker 1`. */
  text: string;
  /** The thread has printed the reason itself. */
  told: boolean;
}

export class StartedThread {
  readonly startedMs = Date.now();
  /** Resolves with the port of each listener when the thread listens for all; rejects if the start fails. */
  readonly started: Promise<number[]>;
  /** Resolves when the thread has ended and its slot is free. */
  readonly ended: Promise<void>;
  /** The thread has listened for all listeners. */
  listened = false;
  /** The thread has answered the message to drain. */
  hearsDrain = false;
  /** Connections that were cut. */
  cut = 0;
  /** The thread was ended because its event loop stood still. */
  private stood = false;
  private stage: Stage = 'import';
  private readonly places: ListenAt[] = [];
  private readonly ports: number[] = [];
  private drains = false;
  private drained = false;
  private over = false;
  /** Set if the thread ended by itself: its exit code, and the requests that were under way. */
  private exit: { code: number; requests: string[] } | undefined;
  /** The thread has printed the exception that ended it. */
  private printedItsError = false;
  private readonly thread: Thread;
  private readonly timers: NodeJS.Timeout[];
  /** The messages that the thread has not yet answered by `done`, in order. */
  private readonly asked: (() => void)[] = [];
  private succeed: (ports: number[]) => void = () => {};
  private fail: (error: Error) => void = () => {};

  constructor(
    private readonly start: WorkerStart,
    private readonly host: ThreadHost,
  ) {
    this.started = new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
    });
    this.thread = new Thread(start, (message) => this.hear(message), host.spares);
    this.timers = [
      setTimeout(() => host.slow(`${this.unfinished} after ${host.slowMs / 1000} s`), host.slowMs),
      setTimeout(() => this.endStart(this.tooSlow), host.loadMs),
    ];
    this.ended = this.thread.ended.then(() => this.afterEnd());
  }

  get starting(): boolean {
    return !this.listened && !this.over;
  }

  get ordinal(): number {
    return this.start.ordinal;
  }

  get slot(): number {
    return this.start.slot;
  }

  get id(): number {
    return this.thread.id;
  }

  get death(): Death {
    const { thread, exit } = this;
    if (this.stood) return { text: 'was ended because its event loop stood still', told: false };
    const answering = exit === undefined ? '' : whileAnswering(exit.requests);
    const told = thread.cause !== undefined && this.printedItsError;
    if (thread.cause !== undefined) return { text: `failed${answering}: ${thread.cause.message}`, told };
    return { text: exit === undefined ? 'ended' : `ended with exit code ${exit.code}${answering}`, told };
  }

  tell(message: ToWorker): void {
    this.thread.tell(message);
  }

  drain(message: ToWorker & { type: 'drain' }): void {
    this.drains = true;
    this.tell(message);
  }

  /**
   * Makes the thread stop accepting for these listeners, so that other threads may listen at their addresses. A thread
   * that is blocked keeps listening.
   */
  async stopListening(listeners: number[]): Promise<void> {
    await this.ask({ type: 'stop-listening', listeners });
  }

  /** Gives new certificates to the thread, and waits until its new connections have them. */
  async renewTls(material: TlsMaterial): Promise<void> {
    const renewed = this.ask({ type: 'tls', material });
    if (this.listened) await renewed;
  }

  /** Makes the thread listen again where it did before stopListening(). */
  listenAgain(listeners: number[]): void {
    for (const listener of listeners) {
      const at = this.places[listener];
      if (at !== undefined) this.tell({ type: 'listen', listener, at });
    }
  }

  /** Ends the thread at once, even in the middle of requests. */
  async terminate(): Promise<void> {
    await this.thread.terminate();
  }

  /** Ends the thread, which has not drained in time. Its connections are cut, unless only its application was late. */
  cutOff(): void {
    const { memory, slot } = this.start;
    if (!this.drained) this.cut += openConnections(viewsOf(memory), slot);
    this.drained = true;
    void this.thread.terminate();
  }

  /**
   * Ends the thread, so that its start fails with this error. Node ends a thread between two steps of its JavaScript, so
   * a thread in a blocking call goes on.
   */
  async endStart(error: Error): Promise<void> {
    await within(STUCK_MS, this.thread.terminate(error));
    if (this.starting) this.host.stuck();
  }

  /** Ends the thread, whose event loop stands still, so that another one takes its place. */
  async endStalled(): Promise<void> {
    this.stood = true;
    await within(STUCK_MS, this.thread.terminate());
    if (!this.over)
      this.host.warn(
        `Worker ${this.ordinal} waits in a blocking call, such as execSync(), and cannot be ended: a new one takes its place when that call returns`,
      );
  }

  private async ask(message: ToWorker): Promise<void> {
    const answered = new Promise<void>((resolve) => this.asked.push(resolve));
    this.tell(message);
    await within(ANSWER_MS, Promise.race([answered, this.thread.ended]));
  }

  private hear(message: FromWorker): void {
    switch (message?.type) {
      case 'imported':
        this.stage = 'start()';
        break;
      case 'ready':
        this.stage = 'listen';
        this.place().catch((error: Error) => this.endStart(error));
        break;
      case 'imports':
        this.host.imported(message.files, message.atMs);
        break;
      case 'loader':
        this.thread.hearAt(message.port);
        break;
      case 'listening':
        this.listens(message.listener, message.port);
        break;
      case 'done':
        this.asked.shift()?.();
        break;
      case 'draining':
        this.hearsDrain = true;
        break;
      case 'drained':
        this.drained = true;
        this.cut += message.cut;
        break;
      case 'failed':
        void this.endStart(Object.assign(new Error(message.message), { code: message.code }));
        break;
      case 'crashed':
        this.printedItsError = message.told;
        break;
      case 'exiting':
        this.exit = message;
        break;
      case 'warning':
        this.host.warn(message.text);
    }
  }

  /** Asks for places to listen at. The thread asks only now, since a socket is lost if its thread never listens. */
  private async place(): Promise<void> {
    const { listeners, ordinal } = this.start;
    await Promise.all(
      listeners.map(async (_, listener) => {
        if (this.drains) return;
        const at = await this.host.takePlace(listener, ordinal);
        this.places[listener] = at;
        this.tell({ type: 'listen', listener, at });
      }),
    );
  }

  private listens(listener: number, port: number): void {
    const at = this.places[listener];
    // Port 0 has become this port.
    if (at !== undefined && 'host' in at) this.places[listener] = { ...at, port };
    this.ports[listener] = port;
    this.host.listening(listener, port);
    if (Object.keys(this.ports).length < this.start.listeners.length) return;
    this.listened = true;
    this.clearTimers();
    this.succeed(this.ports);
  }

  private afterEnd(): void {
    const { memory, slot, addresses } = this.start;
    this.over = true;
    this.clearTimers();
    reclaimSlot(viewsOf(memory), slot);
    if (addresses !== undefined) reclaimAddresses(addresses, slot);
    threadEnded(this.thread.id);
    this.host.ended(this);
    if (!this.listened) this.fail(this.thread.cause ?? this.endedEarly);
  }

  private clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private get tooSlow(): Error {
    return new Error(
      `${this.unfinished} after ${this.host.loadMs} ms: settle it, or raise the load timeout (--load-timeout, or loadTimeout)`,
    );
  }

  private get unfinished(): string {
    const { app } = this.start;
    if (app === undefined || this.stage === 'listen') return 'A worker has not begun to listen';
    const path = fileURLToPath(app.file);
    return this.stage === 'start()'
      ? `start() of ${path} has not ended`
      : `${path} has not finished loading (a top-level await, or code that is busy)`;
  }

  private get endedEarly(): Error {
    const { exit, start } = this;
    return new Error(
      exit === undefined || start.app === undefined
        ? 'a worker thread ended before it listened'
        : `${fileURLToPath(start.app.file)} ended its thread with exit code ${exit.code} before it listened`,
    );
  }
}
