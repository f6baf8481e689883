// How long a connection may take for each thing it does. The clock of the plane looks at one deadline a
// connection; which of these it stands for follows from the connection's state.

export interface Deadlines {
  /** From the first byte of a head, or from accepting, to the head's end: 408 beyond. */
  headTimeoutMs: number;
  /** Between requests: closed quietly beyond. */
  idleTimeoutMs: number;
  /** Without a byte of content: 408 beyond. */
  bodyTimeoutMs: number;
  /** What content must come to on average, in bytes a second, once bodyTimeoutMs have passed. */
  bodyRateMin: number;
  /** For the application to answer, or to go on with its response: 503, or cut, beyond. */
  handlerTimeoutMs: number;
  /** For a peer to read what it was sent, or as much of it that the kernel takes 64 KiB more: cut beyond. */
  writeTimeoutMs: number;
}

/**
 * When content must have moved on: every byte buys time, but no silence is longer than the timeout.
 * @param startedMs when the content began
 * @param bytes how much of it has come
 */
export function contentDeadline(
  { bodyTimeoutMs, bodyRateMin }: Deadlines,
  nowMs: number,
  startedMs: number,
  bytes: number,
): number {
  const paidMs = bodyRateMin === 0 ? Number.POSITIVE_INFINITY : (bytes / bodyRateMin) * 1000;
  return Math.ceil(Math.min(nowMs + bodyTimeoutMs, startedMs + bodyTimeoutMs + paidMs));
}
