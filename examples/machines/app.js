// The application of each server. Its numbers are unique over all servers.

import { counted, counter } from 'hotpath';

const orders = counter('orders');

export default {
  routes: {
    '/': counted('Order ', orders),
    '/orders': {
      POST: () => Response.json({ order: orders.add(), server: process.env.SERVER_NAME ?? 'alone' }),
    },
  },
};
