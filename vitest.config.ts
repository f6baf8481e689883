import { defaultExclude, defineConfig } from 'vitest/config';
import { hasOpenssl } from './test/support/ways.ts';

/** These open no socket, start no process and no thread that they race with, compare no times, and do the same on every Node. */
const PURE = [
  'test/{protocol,wasm}/**/*.test.ts',
  'test/{backoff,imports,mutants,one-line,options,tls-options}.test.ts',
  'test/admin/exposition.test.ts',
  'test/bench/!(contestants|cpu|main|one-shot|report-browser|run|stop|trial).test.ts',
  'test/connection/{address,clock,outputs,proxy,received-content,socket-file,utf-8,waiting-room}.test.ts',
  'test/durable/{counters-file,lease-renewer,schedules,snapshot}.test.ts',
  'test/logs/{formats,ring}.test.ts',
  'test/state/{handles,labels,limiter-snapshot,limiter-steps,mutex-schedules,siphash}.test.ts',
];
/** These are like PURE, but compare hotpath with the classes or the parser of the Node that runs them. */
const COMPARED = [
  'test/fuzz/fuzz.test.ts',
  'test/app/!(body-in-place|dispatcher|failure-page|globals|linear|own-memory|rate-limit|request-errors|send).test.ts',
];
/** These start servers as processes or threads, and wait for what they do, however long it takes. */
const SERVERS = [
  'test/admin/!(exposition).test.ts',
  'test/{cli,command,configuration,deploying,descriptors,init,listeners,package,serve,stopping,systemd,systemd-notify,unix}.test.ts',
  'test/app/rate-limit.test.ts',
  'test/app/end-to-end/*.test.ts',
  'test/durable/{crash,end-to-end,folder,keep,lock,odd-names,redis,redis-reasons,serve}.test.ts',
  'test/http2/end-to-end.test.ts',
  'test/logs/{access-log,rotation}.test.ts',
  'test/models/*.test.ts',
  'test/soak/*.test.ts',
  'test/state/{death,failed-start,nested,reloads}.test.ts',
  'test/testing/*.test.ts',
  'test/tls/{applications,foreign,page,redirects,vanishing}.test.ts',
  'test/watch/*.test.ts',
  'test/workers/*.test.ts',
];

/** These need certificates in all of their tests. */
const HTTPS = [
  'test/{tls,http2}/**/*.test.ts',
  'test/{unix,systemd}.test.ts',
  'test/models/certificates.test.ts',
  'test/connection/selftest.test.ts',
];
if (!hasOpenssl) console.log('openssl is not installed: the tests of HTTPS are left out');

export default defineConfig({
  test: {
    exclude: hasOpenssl ? defaultExclude : [...defaultExclude, ...HTTPS],
    testTimeout: 60_000,
    // What is built runs as it is, and so does what it imports.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      ...Object.entries({ pure: PURE, compared: COMPARED }).map(([name, include]) => ({
        extends: true as const,
        test: {
          name,
          include,
          setupFiles: 'test/support/pure.ts',
          maxWorkers: 2,
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      })),
      {
        extends: true,
        test: { name: 'servers', include: SERVERS, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        // Sockets in the test's own thread, and what is timed: one file after the other, with both cores of a small machine.
        extends: true,
        test: {
          name: 'sockets',
          include: ['test/**/*.test.ts'],
          exclude: [...defaultExclude, ...PURE, ...COMPARED, ...SERVERS, ...(hasOpenssl ? [] : HTTPS)],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
