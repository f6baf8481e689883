// Tells systemd, or a service manager like it, how the server is (sd_notify(3)). Node can't send datagrams to a unix
// socket, so the program systemd-notify sends each message.

import { spawn } from 'node:child_process';

/** How long the program may take to send a message, in milliseconds; then it is killed. */
const SEND_MS = 5000;

/** The service manager that has started this process. Messages arrive in the order of the calls. */
export class ServiceManager {
  private warn: (text: string) => void = () => {};
  private sent: Promise<void> = Promise.resolve();
  /** The reloads that have not ended. */
  private reloads = 0;
  private stopped = false;
  private aliveWaits = false;
  private warned = false;

  /**
   * @param socket the address of the manager's socket
   * @param pid of this process
   * @param watchdogMs the manager ends a server that has not been alive for this time; undefined if it never does
   */
  constructor(
    private readonly socket: string,
    private readonly pid: number,
    private readonly watchdogMs: number | undefined,
  ) {}

  /**
   * @param warn logs the first failure
   * @param ask called twice in the time of the watchdog: whether the server answers; then it calls `alive()`
   */
  begin(warn: (text: string) => void, ask: () => void): void {
    this.warn = warn;
    if (this.watchdogMs !== undefined) setInterval(ask, this.watchdogMs / 2).unref();
  }

  /** The server listens. If it is reloading, it began anew instead. */
  ready(): void {
    this.reloads = 0;
    if (!this.stopped) void this.send('READY=1', `MAINPID=${this.pid}`);
  }

  reloading(): void {
    this.reloads++;
    // The clock of hrtime() is CLOCK_MONOTONIC.
    void this.send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  /** A reload has ended, whether it succeeded or failed. */
  reloaded(): void {
    if (this.reloads === 1) this.ready();
    else if (this.reloads > 1) this.reloads--;
  }

  stopping(): void {
    this.stopped = true;
    void this.send('STOPPING=1');
  }

  /** Postpones the watchdog. */
  alive(): void {
    if (this.aliveWaits) return;
    this.aliveWaits = true;
    void this.send('WATCHDOG=1').then(() => {
      this.aliveWaits = false;
    });
  }

  private send(...message: string[]): Promise<void> {
    this.sent = this.sent.then(() => this.run(message));
    return this.sent;
  }

  /** Resolves when the program has ended. */
  private async run(message: string[]): Promise<void> {
    const failure = await new Promise<string | undefined>((resolve) => {
      const child = spawn('systemd-notify', message, {
        env: { ...process.env, NOTIFY_SOCKET: this.socket },
        stdio: 'ignore',
        timeout: SEND_MS,
      });
      child.on('error', ({ message }) => resolve(message));
      child.on('exit', (code, signal) =>
        resolve(code === 0 ? undefined : `ended by ${signal ?? `code ${code}`}`),
      );
    });
    // The next message is tried in any case: without it the manager may end the server.
    if (failure === undefined || this.warned) return;
    this.warned = true;
    this.warn(
      `The service manager is not notified, since systemd-notify failed: ${failure}; install it, or use Type=exec in the unit`,
    );
  }
}

/**
 * Returns the service manager that waits for messages of this process; undefined if none does. Removes its variables from
 * the environment, so that no process that this one starts speaks for the server.
 * @param pid of this process
 */
export function takeServiceManager(environment: NodeJS.ProcessEnv, pid: number): ServiceManager | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  if (!NOTIFY_SOCKET) return undefined;
  const watchdogMs = Number(WATCHDOG_USEC) / 1000;
  const watched = watchdogMs >= 2 && (!WATCHDOG_PID || WATCHDOG_PID === `${pid}`);
  return new ServiceManager(NOTIFY_SOCKET, pid, watched ? watchdogMs : undefined);
}
