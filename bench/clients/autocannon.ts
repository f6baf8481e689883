// autocannon as a process of its own: port, connections, pipelined requests and seconds in, a line of
// JSON out.

import autocannon from 'autocannon';
import type { LoadResult } from '../load.ts';

const [port, connections, pipelining, duration] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
const {
  requests,
  duration: seconds,
  errors,
  timeouts,
  non2xx,
} = await autocannon({
  url: `http://127.0.0.1:${port}`,
  connections,
  pipelining,
  duration,
});
const result: LoadResult = { requests: requests.total, seconds, errors: errors + timeouts + non2xx };
console.log(JSON.stringify(result));
