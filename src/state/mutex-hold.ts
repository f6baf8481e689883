// The argument that a holder of a mutex gets. It is apart from the queue, whose types need those of WebAssembly.

/** Passed to a caller that has acquired the mutex. */
export interface Hold {
  /**
   * A thread ended while it held the mutex, so what the mutex guards may be half done. Only the next holder sees true.
   */
  readonly abandoned: boolean;
}
