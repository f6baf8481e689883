// The counters and limits of the service. Their names are fixed here, because clients that invent names could fill the
// server's memory. After a change, send the server SIGHUP: the numbers continue.

/** The counters: ticket numbers and totals. */
export const counters = ['orders', 'invoices', 'downloads'];

/** The rate limits: the limit of each key in a window, and the number of keys at a time. */
export const limits = {
  login: { limit: 5, windowMs: 60_000, keys: 100_000 },
  api: { limit: 1000, windowMs: 60_000, keys: 100_000 },
};
