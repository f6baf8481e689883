// What there is to count and to limit. Names are fixed here: what clients could make up, they could fill the
// server's memory with. Change it and send the server SIGHUP: numbers go on.

/** Counters: ticket numbers, totals. */
export const counters = ['orders', 'invoices', 'downloads'];

/** Rate limits: so many a window for each key, for so many keys at a time. */
export const limits = {
  login: { limit: 5, windowMs: 60_000, keys: 100_000 },
  api: { limit: 1000, windowMs: 60_000, keys: 100_000 },
};
