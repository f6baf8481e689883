// Awaits a promise for a limited time.

/** The result of within() when a promise takes longer. */
export const LATE: unique symbol = Symbol('late');

/**
 * Awaits a promise for `timeoutMs` at most. A promise that is late goes on, and its outcome is ignored.
 * @throws what the promise rejects with in time
 */
export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, LATE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
