// autocannon as a process of its own. Its argument is a load as JSON; it prints a line of JSON.

import { createHistogram } from 'node:perf_hooks';
import autocannon, { type Client } from 'autocannon';
import { type Load, type LoadResult, urlOf } from '../measure/load.ts';

/** How often autocannon checks whether its time is over. */
const SAMPLE_MS = 50;

/** The part of a client that holds the bytes it sends, to which autocannon would add fields of its own. */
interface ClientWithRequest extends Client {
  requestIterator: { currentRequest: { requestBuffer: Buffer } };
}

const load = JSON.parse(process.argv[2] as string) as Load;
const { connections, pipelined, seconds, request, contentBytes = 0 } = load;
const bytes = Buffer.from(request + 'x'.repeat(contentBytes), 'latin1');
const latency = createHistogram();
const startMs = performance.now();
const startCpu = process.cpuUsage();

const instance = autocannon(
  {
    url: urlOf(load),
    connections,
    pipelining: pipelined,
    duration: seconds,
    sampleInt: SAMPLE_MS,
    setupClient: (client) => {
      (client as ClientWithRequest).requestIterator.currentRequest.requestBuffer = bytes;
    },
  },
  (_error, { errors, timeouts, non2xx }) => {
    const { user, system } = process.cpuUsage(startCpu);
    const result: LoadResult = {
      requests: latency.count,
      seconds: (performance.now() - startMs) / 1000,
      errors: errors + timeouts + non2xx,
      latency: {
        p50: latency.percentile(50),
        p99: latency.percentile(99),
        p999: latency.percentile(99.9),
      },
      cpuMicros: user + system,
    };
    console.log(JSON.stringify(result));
  },
);
instance.on('response', (_client, _statusCode, _bytes, milliseconds) =>
  latency.record(Math.max(1, Math.round(milliseconds * 1000))),
);
