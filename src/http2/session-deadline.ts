// What a session waits for, and until when: the time of the session itself, and that of each of its requests.

import { Deadline, type Timing } from '../connection/deadlines.ts';

export class SessionDeadline extends Deadline {
  /** @param exchanges the requests of the session */
  constructor(
    times: Timing,
    private readonly exchanges: ReadonlySet<{ deadline: Deadline }>,
  ) {
    super(times);
  }

  override tick(nowMs: number): boolean {
    let passed = super.tick(nowMs);
    for (const { deadline } of this.exchanges) if (deadline.tick(nowMs)) passed = true;
    return passed;
  }

  override passed(nowMs: number): boolean {
    if (this.ownPassed(nowMs)) return true;
    for (const { deadline } of this.exchanges) if (deadline.passed(nowMs)) return true;
    return false;
  }

  /** Whether the time of the session itself was up at that tick. */
  ownPassed(nowMs: number): boolean {
    return super.passed(nowMs);
  }
}
