// The response fields that the connection alone decides: framing, persistence, the time of the response.

/** The names in lower case. */
export const SERVER_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
