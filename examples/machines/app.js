// What each of the servers runs: numbers that no two of them give.

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
