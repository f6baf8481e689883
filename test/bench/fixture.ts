// Results as a full run would leave them, made up: every suite, plausible values, the same at every call.

import type { Group, MeasureName, Results, SubjectResult, SuiteResult } from '../../bench/results.ts';
import { RESULTS_FORMAT } from '../../bench/results.ts';

const ROUNDS = 5;

/** A name that would end a script, or be an element, if it were not escaped. */
export const HOSTILE = '</script><img src=x onerror="alert(1)"> & others';

export function fixture(changes: Partial<Results> = {}): Results {
  const random = createRandom(7);
  const groupOf = createGroups(random);
  return {
    format: RESULTS_FORMAT,
    date: '2026-11-22T14:03:01.000Z',
    commit: 'e778d2e0123456789abcdef0123456789abcdef0',
    dirty: false,
    machine: {
      processor: 'AMD EPYC 7B13',
      cores: 2,
      architecture: 'x64',
      memoryBytes: 8 * 2 ** 30,
      kernel: 'Linux 6.1.0',
      node: 'v20.20.2',
    },
    pace: 'full',
    complete: true,
    suites: [
      parse(groupOf),
      server(groupOf),
      models(groupOf),
      counter(groupOf),
      state(groupOf),
      ladder(groupOf),
      scale(groupOf),
      connections(groupOf),
      transfer(groupOf),
      accept(groupOf),
      tls(groupOf),
    ],
    ...changes,
  };
}

/** The middle value of each measure; rounds vary around it by the noise. */
type Middles = Partial<Record<MeasureName, number>>;
type Row = [name: string, ours: boolean, middles: Middles, more?: Partial<SubjectResult>];
type GroupOf = (name: string, measure: MeasureName, rows: Row[], more?: Partial<Group>) => Group;

function createGroups(random: () => number): GroupOf {
  const rounds = (middle: number, noise: number) =>
    Array.from({ length: ROUNDS }, () => middle * (1 + (random() - 0.4) * noise));
  const subject = ([name, ours, middles, more = {}]: Row): SubjectResult => ({
    name,
    ours,
    measures: Object.fromEntries(
      Object.entries(middles).map(([measure, middle]) => [
        measure,
        rounds(middle, measure.startsWith('latency99') ? 0.4 : 0.08),
      ]),
    ),
    ...more,
  });
  return (name, measure, rows, more = {}) => ({
    name,
    measure,
    reference: rows[0]?.[0] ?? '',
    subjects: rows.map(subject),
    missing: [],
    ...more,
  });
}

function parse(groupOf: GroupOf): SuiteResult {
  const parsers = [
    ['WASM engine', true, 20, 0.18],
    ['JS engine', true, 55, 1.02],
    ['llhttp (Node)', false, 560, 1.2],
    ['llhttp (WASM)', false, 300, 2.4],
    ['http-parser-js', false, 1900, 6.5],
  ] as const;
  const size = (name: string, bytes: number, at: boolean) =>
    groupOf(
      name,
      'nanoseconds',
      parsers.map(([parser, ours, start, perByte]): Row => {
        const nanoseconds = start + perByte * bytes;
        const bytesPerSecond = (bytes / nanoseconds) * 1e9;
        return [parser, ours, { nanoseconds, bytesPerSecond }, at ? { at: bytes } : {}];
      }),
    );
  return {
    name: 'parse',
    title: 'Parsing: nanoseconds a call, the call from JavaScript included',
    groups: [
      size('40 bytes', 40, true),
      size('703 bytes', 703, true),
      size('64 fields', 2300, true),
      size('16 pipelined', 640, false),
    ],
    notes: ['llhttp (Node) makes a string of each name and value.', 'The engines leave offsets.'],
  };
}

/** The measurements of a server with so many connections, by its CPU time a request. */
function underLoad(cpuMicros: number, connections: number, limitedBy: SubjectResult['limitedBy']): Middles {
  const requestsPerSecond = limitedBy === 'load client' ? 82_000 : 0.96e6 / cpuMicros;
  const millis = (connections / requestsPerSecond) * 1000;
  return {
    requestsPerSecond,
    cpuMicros,
    latency50Millis: millis * 0.9,
    latency99Millis: millis * 2.4,
    latency999Millis: millis * 5.5,
    peakBytes: (48 + connections / 20 + cpuMicros) * 2 ** 20,
    serverBusy: limitedBy === 'load client' ? requestsPerSecond * cpuMicros * 1e-6 : 0.97,
    clientBusy: limitedBy === 'load client' ? 0.98 : 0.6,
  };
}

function server(groupOf: GroupOf): SuiteResult {
  const servers = [
    ['hotpath wasm', true, 6.9],
    ['hotpath js', true, 7.2],
    ['node:http', false, 16.8],
    ['fastify', false, 19.4],
    ['hono', false, 24.1],
    ['nginx', false, 7.1],
    ['uWebSockets.js', false, 6.2],
  ] as const;
  const onAxes = servers.filter(([name]) => ['hotpath wasm', 'node:http', 'nginx'].includes(name));
  const row =
    (connections: number, dearer: number, at: boolean) =>
    ([name, ours, cpu]: (typeof servers)[number]): Row => {
      const limitedBy = cpu * dearer < 6.5 ? 'load client' : 'server';
      const middles = underLoad(cpu * dearer, connections, limitedBy);
      return [name, ours, middles, { limitedBy, ...(at ? { at: connections } : {}) }];
    };
  const missing = ['Bun: not installed'];
  return {
    name: 'server',
    title: 'Servers under load: one worker on one core',
    groups: [
      groupOf('64 connections, wrk', 'requestsPerSecond', servers.map(row(64, 1, true)), { missing }),
      groupOf('1 connection', 'requestsPerSecond', onAxes.map(row(1, 1.9, true))),
      groupOf('10 connections', 'requestsPerSecond', onAxes.map(row(10, 1.1, true))),
      groupOf('256 connections', 'requestsPerSecond', onAxes.map(row(256, 1.05, true))),
      groupOf('heads of 703 bytes', 'requestsPerSecond', onAxes.map(row(64, 1.2, false))),
    ],
    notes: ['Everyone answers 200 with Hello and a number.'],
  };
}

function accept(groupOf: GroupOf): SuiteResult {
  const servers = [
    ['hotpath wasm', true, 30],
    ['node:http', false, 65],
    ['nginx', false, 12],
  ] as const;
  const rows = servers.map(([name, ours, cpu]): Row => {
    return [name, ours, underLoad(cpu, 10, cpu < 20 ? 'load client' : 'server')];
  });
  return {
    name: 'accept',
    title: 'Accept: a connection for each request',
    groups: [groupOf('a connection a request, ab', 'cpuMicros', rows)],
    notes: [],
  };
}

function tls(groupOf: GroupOf): SuiteResult {
  const servers = [
    ['hotpath wasm', true, 13],
    ['hotpath fetch', true, 15],
    ['nginx', false, 11],
    ['node:https', false, 25],
  ] as const;
  const missing = ['Bun: not installed'];
  const rows = (chosen: readonly (typeof servers)[number][], more: number) =>
    chosen.map(([name, ours, cpu]): Row => [name, ours, underLoad(cpu + more, 64, 'server')]);
  const handshaking = servers.filter(([name]) => name !== 'hotpath fetch');
  return {
    name: 'tls',
    title: 'TLS: requests and handshakes',
    groups: [
      groupOf('keep-alive, 64 connections', 'cpuMicros', rows(servers, 0), { missing }),
      groupOf('TLS 1.3, full handshakes', 'cpuMicros', rows(handshaking, 300), { missing }),
      groupOf('TLS 1.3, resumed sessions', 'cpuMicros', rows(handshaking, 200), { missing }),
    ],
    notes: [],
  };
}

function models(groupOf: GroupOf): SuiteResult {
  return {
    name: 'models',
    title: 'Models of concurrency: the same count, kept by each',
    groups: [
      groupOf('count to a million', 'updatesLost', [
        ['shared memory, atomic', true, { updatesLost: 0, seconds: 0.021 }],
        ['shared memory, plain', false, { updatesLost: 0.41, seconds: 0.019 }],
        ['messages to one owner', false, { updatesLost: 0, seconds: 2.9 }],
      ]),
      groupOf('sizes', 'peakBytes', [
        ['a worker', true, { peakBytes: 9e6 }],
        [HOSTILE, false, { peakBytes: 42e6 }],
      ]),
    ],
    notes: [`A note with ${HOSTILE}.`],
  };
}

function counter(groupOf: GroupOf): SuiteResult {
  const counting = (threads: number) =>
    groupOf(threads === 1 ? '1 thread' : `${threads} threads`, 'nanoseconds', [
      ['counterAdd, 64 bits', true, { nanoseconds: 11.2 * threads ** 1.4, updatesLost: 0 }, { at: threads }],
      ['Atomics.add, 32 bits', false, { nanoseconds: 6.1 * threads ** 1.5, updatesLost: 0 }, { at: threads }],
      ['unprotected', false, { nanoseconds: 1.1 * threads, updatesLost: 1 - 1 / threads }, { at: threads }],
    ]);
  return {
    name: 'counter',
    title: 'Counting: one addition to a counter that all threads share',
    groups: [1, 2, 4].map(counting),
    notes: [],
  };
}

/** Groups that have no subject in common. */
function state(groupOf: GroupOf): SuiteResult {
  return {
    name: 'state',
    title: 'State: one step on shared state',
    groups: [
      groupOf('counting by 1', 'nanoseconds', [
        ['counter.add()', true, { nanoseconds: 12 }],
        ['a round trip', false, { nanoseconds: 98_000 }],
      ]),
      groupOf('recording a value', 'nanoseconds', [['histogram.record()', true, { nanoseconds: 8 }]]),
    ],
    notes: [],
  };
}

function ladder(groupOf: GroupOf): SuiteResult {
  const rungs = (name: string, share: number) =>
    groupOf(
      name,
      'cpuMicros',
      ['echo', 'fixed reply', 'parse', 'full'].map(
        (rung, i): Row => [rung, true, { cpuMicros: (6 + i * 0.35) * share }],
      ),
    );
  return {
    name: 'ladder',
    title: 'Ladder: what each layer adds, on one core',
    groups: [rungs('64 connections', 1), rungs('16 pipelined', 0.1)],
    notes: ['What one rung adds to the one before is a layer.'],
  };
}

/** One group that is an axis by itself. */
function scale(groupOf: GroupOf): SuiteResult {
  const workers = (count: number): Row => [
    count === 1 ? '1 worker' : `${count} workers`,
    true,
    { requestsPerSecond: 61_000 * count ** 0.92, cpuMicros: 7 + count / 10 },
    { at: count },
  ];
  return {
    name: 'scale',
    title: 'Scaling: hotpath over the cores of this machine',
    groups: [groupOf('256 connections', 'requestsPerSecond', [1, 2, 4].map(workers))],
    notes: [],
  };
}

function connections(groupOf: GroupOf): SuiteResult {
  const open = (count: number) =>
    groupOf(`${count} connections`, 'peakBytes', [
      [
        'hotpath wasm',
        true,
        { peakBytes: 60e6 + count * 5_200, latency99Millis: 1 + count / 900 },
        { at: count },
      ],
      [
        'node:http',
        false,
        { peakBytes: 58e6 + count * 14_800, latency99Millis: 1 + count / 300 },
        { at: count },
      ],
    ]);
  return {
    name: 'connections',
    title: 'Open connections: memory and latency',
    groups: [100, 1000, 10_000].map(open),
    notes: [],
  };
}

function transfer(groupOf: GroupOf): SuiteResult {
  const way = (name: string, cpuMicrosPerMebibyte: number, limitedBy: SubjectResult['limitedBy']) =>
    groupOf(
      name,
      'mebibytesPerSecond',
      (
        [
          ['hotpath fetch', true, 1],
          ['node:http', false, 1.3],
        ] as const
      ).map(([server, ours, dearer]): Row => {
        const cpu = cpuMicrosPerMebibyte * dearer;
        const mebibytesPerSecond = limitedBy === 'load client' ? 2000 / dearer : 0.97e6 / cpu;
        return [
          server,
          ours,
          { mebibytesPerSecond, cpuMicrosPerMebibyte: cpu },
          { limitedBy: ours ? 'server' : (limitedBy ?? 'server') },
        ];
      }),
    );
  return {
    name: 'transfer',
    title: 'Transfer: content of 1 MiB',
    groups: [way('upload, read whole', 320, 'server'), way('download of bytes', 150, 'load client')],
    notes: [],
  };
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
