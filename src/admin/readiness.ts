// Whether a server is ready for requests, as a load balancer may ask.

/**
 * `starting`: no generation of threads serves yet. `ready`: requests are served. `stopping`: a signal has arrived, and
 * requests are still served during the shutdown delay. `draining`: no new connections are accepted.
 */
export type Phase = 'starting' | 'ready' | 'stopping' | 'draining';

/** All phases, in their order. */
export const PHASES: readonly Phase[] = ['starting', 'ready', 'stopping', 'draining'];

/** The phase that a server is in. A phase never goes back. */
export class Readiness {
  private at: Phase = 'starting';

  get phase(): Phase {
    return this.at;
  }

  /** Enters a phase, unless the server is in a later one. */
  enter(phase: Phase): void {
    if (PHASES.indexOf(phase) > PHASES.indexOf(this.at)) this.at = phase;
  }
}
