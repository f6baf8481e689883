// Defects of stopping, of threads that stand still, and of what the service manager learns.

import { type Defect, defectsOf } from './defect.ts';

const STOPPING = ['test/stopping.test.ts'];
const WATCHDOG = ['test/workers/watchdog.test.ts'];
const NOTIFY = ['test/systemd-notify.test.ts'];
const CPUS = ['test/models/cpus.test.ts'];
const GOES_ON = 'during the shutdown delay';

export const deploymentDefects: Defect[] = [
  ...defectsOf('src/supervisor.ts', STOPPING, [
    [
      'the server stays ready during the shutdown delay',
      "this.delay = setTimeout(() => this.drain(), shutdownDelay);\n      this.tell({ type: 'stopping' });",
      'this.delay = setTimeout(() => this.drain(), shutdownDelay);',
      GOES_ON,
    ],
    [
      'a server process that starts during the shutdown delay is ready',
      "if (this.delay !== undefined) this.tell({ type: 'stopping' });",
      '',
      'is started again, and is not ready',
    ],
    [
      'a reload is under way when the drain begins',
      '|| this.delay !== undefined) return;',
      ') return;',
      GOES_ON,
    ],
    [
      'the shutdown delay never ends',
      'setTimeout(() => this.drain(), shutdownDelay)',
      'setTimeout(() => {}, shutdownDelay)',
      'when the shutdown delay is over',
    ],
    [
      'a server that never served waits',
      'shutdownDelay > 0 && this.proved',
      'shutdownDelay > 0',
      'has never served',
    ],
    [
      'requests are cut, and the exit code is 0',
      'this.code = BY_SIGNAL + constants.signals[signal];',
      '',
      'with 128 and its number',
    ],
    [
      'the server process dies while it drains, and the exit code is 0',
      'this.code = FAILED;',
      '',
      'the exit code is 1',
    ],
  ]),
  ...defectsOf('src/workers/watchdog.ts', WATCHDOG, [
    [
      'a stall is reported early',
      'this.options.timeoutMs + TICK_MS',
      'this.options.timeoutMs',
      'is never early',
    ],
    ['a stall is reported again and again', 'pulse.stalled = true;', '', 'is never early'],
    [
      'a thread is blamed for a machine that stood still',
      'Math.min(nowMs - this.checkedMs, 2 * this.intervalMs)',
      'nowMs - this.checkedMs',
      'does not blame threads',
    ],
    ['a thread at a breakpoint is reported', ' && !mayDebug', '', 'while a debugger'],
    [
      'a thread that has turned again is ended',
      '!turned && this.pulses',
      'this.pulses',
      'does not end a thread',
    ],
    ['a thread that drains is ended', ' && this.pulses.has(thread)', '', 'does not end a thread'],
    ['stalls are not counted', 'countStall(this.options.views);', '', 'is never early'],
    ['threads that stand still are always ended', 'if (replaces && ', 'if (', 'has one line with the stack'],
  ]),
  ...defectsOf('src/workers/stack-of-thread.ts', WATCHDOG, [
    [
      'a thread is left paused after native code',
      'if (asked) resolve(undefined);',
      'if (asked) end(undefined);',
      'has one line with the stack',
    ],
    [
      'the stack has functions of hotpath',
      'known.slice(0, last + 1)',
      'known',
      'has one line with the stack',
    ],
  ]),
  ...defectsOf('src/workers/generation.ts', WATCHDOG, [
    [
      'no thread is watched',
      'this.options.watchdog?.watch(thread)',
      'this.options.watchdog?.forget(thread)',
      'counts stalls',
    ],
  ]),
  ...defectsOf('src/systemd-notify.ts', NOTIFY, [
    [
      'the application may speak for the server',
      "['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']",
      "['WATCHDOG_USEC', 'WATCHDOG_PID']",
      'taken out of the environment',
    ],
    [
      'the watchdog of another process is fed',
      ' && (!WATCHDOG_PID || WATCHDOG_PID === `${pid}`)',
      '',
      'of another process',
    ],
    ['each failure is logged', 'this.warned = true;', '', 'has one line'],
    [
      'the time of a reload is not in microseconds',
      'process.hrtime.bigint() / 1000n',
      'process.hrtime.bigint()',
      'reloads and stops',
    ],
  ]),
  ...defectsOf('src/supervisor.ts', NOTIFY, [
    [
      'a server that stands still is alive',
      "this.tell({ type: 'ping' })",
      'this.manager?.alive()',
      'as long as the server process answers',
    ],
    ['a stop is not reported', 'this.manager?.stopping();', '{}', 'reloads and stops'],
  ]),
  ...defectsOf('src/models/cpus.ts', CPUS, [
    ['half a CPU is lost', 'Math.ceil(quota)', 'Math.round(quota)', 'a quota of'],
    ['a small quota starts no thread', 'Math.max(1, ', 'Math.max(0, Math.floor(quota) && ', 'a quota of'],
    [
      'a large quota starts more threads than there are CPUs',
      'allowedCpus(places) ?? availableParallelism()',
      '1_000',
      'a quota of',
    ],
    ['the group above has no say', 'group = dirname(group)', "group = '/'", 'the smallest quota'],
    ['the largest quota counts', 'Math.min(...quotas)', 'Math.max(...quotas)', 'the smallest quota'],
    [
      'version 1 of control groups has no quota',
      "!controllers?.split(',').includes('cpu')",
      "controllers !== 'cpu,cpuset'",
      'version 1',
    ],
  ]),
];
