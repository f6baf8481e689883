// What a program is told that gets a mutex.

/** What who gets a mutex is told of it. */
export interface Hold {
  /** A thread ended while it had the mutex: what that guards may be half done. Only the next one is told. */
  readonly abandoned: boolean;
}
