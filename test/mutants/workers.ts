// Defects of the threads, their replacement and their end.

import { type Defect, defectsOf } from './defect.ts';

const POOL = ['test/workers/pool.test.ts'];
const CLI = ['test/cli.test.ts'];
const RELOAD = ['test/workers/reload.test.ts'];
const LIFE = ['test/workers/life.test.ts'];
const LISTENERS = ['test/listeners.test.ts'];
const SERVE = ['test/serve.test.ts'];
const UNIX = ['test/unix.test.ts'];
const SOCKET_FILE = ['test/connection/socket-file.test.ts'];
const SYSTEMD = ['test/systemd.test.ts'];
const LOAD = ['test/app/load.test.ts'];
const NAMES = ['test/state/names.test.ts'];
const HANDLES = ['test/state/handles.test.ts'];
const FAILS_TO_LISTEN = 'a replacement that fails to listen';
const BURST = 'a burst of deaths backs off';
const LEAVES_NOTHING = 'leaves nothing that keeps the program';

export const workerDefects: Defect[] = [
  ...defectsOf('src/connection/socket-file.ts', LISTENERS, [
    ['a server takes the path of another that listens', 'await isListenedAt(path)', 'false', 'is in use'],
    ['a file that is no socket is removed', '!found.isSocket()', 'false', 'no socket'],
    [
      'a server removes the file of another',
      'now?.ino === ino && now.dev === dev',
      'now !== undefined',
      'leaves a path that another server has taken over',
    ],
    [
      'the file of a path stays behind',
      'if (now?.ino === ino && now.dev === dev) unlinkSync(path);',
      '',
      'the start line',
    ],
  ]),
  ...defectsOf('src/connection/socket-file.ts', SOCKET_FILE, [
    [
      'the random name of a short path is the path',
      "return short === join(path) ? join(folder, 'x'.repeat(random.length).slice(0, room)) : short;",
      'return short;',
      'every name of one byte',
    ],
  ]),
  ...defectsOf('src/connection/socket-file.ts', UNIX, [
    [
      'a link is taken for another file',
      'if (found.isSymbolicLink())',
      'if (found.isFIFO())',
      'refuses a link',
    ],
    [
      'a link is followed',
      'return lstatSync(path, { bigint: true, throwIfNoEntry: false });',
      'return statSync(path, { bigint: true, throwIfNoEntry: false });',
      'refuses a link',
    ],
    [
      'a file that appears while the server starts is replaced',
      'await checkPath(path);\n  renameSync',
      'renameSync',
      'appears while the server starts',
    ],
    [
      'a path has no room for the random name',
      'if (Buffer.byteLength(name) <= PATH_BYTES_MAX) return name;',
      'if (name.length > 0) return name;',
      'the longest path',
    ],
    [
      'a folder that is closed to the server is missing',
      'throw bindFailed(path, (error',
      'void bindFailed(path, (error',
      'exit code',
    ],
  ]),
  ...defectsOf('src/connection/inherited.ts', SYSTEMD, [
    ['any descriptor is inherited', "if (!isSocket(fd)) throw noListener(fd, 'no socket');", '', 'pipe'],
    ['a connection is inherited', 'handle.getpeername({ port: 0 }) === 0', 'handle.fd < 0', 'connection'],
    ['an unbound socket is inherited', '|| name.port === 0', '', 'unbound'],
    ['a pair of sockets is inherited', '& ACCEPTS) === 0', '& ACCEPTS) === 1', 'pair'],
    ['inherited paths speak TLS', "!tls || 'path' in address || ", '!tls || ', 'with certificates'],
    ['the name http has no meaning', "|| name === 'http'", '', 'with certificates'],
    [
      'the name redirect has no meaning',
      "serves: name === 'redirect' ? ",
      'serves: tls === undefined ? ',
      'with certificates',
    ],
    [
      'certificates serve nothing',
      'if (tls && !encrypts)',
      'if (tls === encrypts)',
      'without a socket for HTTPS',
    ],
    ['redirects lead nowhere', 'if (!encrypts && listeners', 'if (encrypts && listeners', 'LISTEN_FDNAMES'],
  ]),
  ...defectsOf('src/listen-fds.ts', SYSTEMD, [
    [
      'sockets of another process are taken over',
      '|| LISTEN_PID !== `${pid}`',
      "|| LISTEN_PID === ''",
      'names none',
    ],
    ['names are given to other sockets', 'names.length !== count', 'names.length < count', 'LISTEN_FDNAMES'],
    ['no socket is a mistake', 'if (count === 0) return undefined;', '', 'names none'],
  ]),
  ...defectsOf('src/command.ts', SYSTEMD, [
    ['children find the variables of the sockets', 'forgetSockets(process.env);', '', 'are not passed on'],
    [
      'a dead connection is an address of another machine',
      "if (message === 'listen EINVAL: invalid argument')",
      "if (message === '')",
      'reset',
    ],
  ]),
  ...defectsOf('src/connection/connection.ts', UNIX, [
    [
      'a client that has gone is one of a unix socket',
      "(this.inflow.socket.remoteAddress ?? 'unknown')",
      "(this.inflow.socket.remoteAddress ?? '')",
      'has gone is unknown',
    ],
  ]),
  ...defectsOf('src/connection/listener.ts', UNIX, [
    [
      'a thread that binds for itself leaves the mode',
      'setMode(boundAt, at);',
      '',
      'listens at the path alone, with mode',
    ],
    [
      'a thread leaves the file that it has published',
      'remove();\n      listener.close();',
      'listener.close();',
      'listens at the path alone, with mode',
    ],
    [
      'the error of a thread names the random name',
      'Promise.reject(bindFailed(path, errno ?? 0))',
      'Promise.reject(bindFailed(boundAt, errno ?? 0))',
      'serve() names the path',
    ],
  ]),
  ...defectsOf('src/connection/bind.ts', UNIX, [
    ['the umask decides the mode', 'setMode(boundAt, address);', '', 'is set before any thread listens'],
  ]),
  ...defectsOf('src/connection/bind.ts', LISTENERS, [
    [
      'a path has its file before threads listen',
      'const boundAt = await nameBeside(path);',
      'const boundAt = path;\n  await nameBeside(path);',
      'if two servers start at once',
    ],
    [
      'sockets stay bound when one address is in use',
      'for (const one of bound) one.close();',
      '',
      'a start that can not bind',
    ],
  ]),
  ...defectsOf('src/connection/listener.ts', LISTENERS, [
    [
      'some listeners stay open when one fails',
      'closeAll(listeners);\n    throw error;',
      'throw error;',
      'nothing listens',
    ],
  ]),
  ...defectsOf('src/connection/endpoint.ts', LISTENERS, [
    ['a client of a path has a port', "unix: 'path' in address", 'unix: false', 'the start line'],
  ]),
  ...defectsOf('src/connection/outflow.ts', LISTENERS, [
    ['a unix socket is reset', ' && !this.host.endpoint.unix', '', 'is cut ends in a close'],
  ]),
  ...defectsOf('src/workers/started-thread.ts', POOL, [
    [
      'a thread has started when it listens once',
      '< this.start.listeners.length) return;',
      '< 1) return;',
      'one of several listeners',
    ],
  ]),
  ...defectsOf('src/server-main.ts', LISTENERS, [
    [
      'a thread gets the socket of another listener',
      "tell({ type: 'take', request, listener, socket });",
      "tell({ type: 'take', request, listener: 0 * listener, socket });",
      'a conversation on each listener',
    ],
  ]),
  ...defectsOf('src/supervisor.ts', LISTENERS, [
    [
      'a path never gets its file',
      'for (const one of sockets) await one.publish();',
      'await Promise.resolve();',
      'the start line',
    ],
  ]),
  ...defectsOf('src/models/in-thread.ts', SERVE, [
    [
      'partial responses look complete when a program ends',
      'serving.add(connections);',
      '',
      'resets a response whose end is the close',
    ],
  ]),
  ...defectsOf('src/workers/generation.ts', POOL, [
    ['two threads share a slot', 'const slot = this.slotFirst + ordinal;', 'const slot = this.slotFirst;'],
    [
      'a replacement that fails is not tried again',
      'this.startThread(ordinal, false).catch((error: Error) =>',
      'this.startThread(ordinal, false).catch((error: Error) => this.draining &&',
      FAILS_TO_LISTEN,
    ],
    [
      'a thread that drained is replaced',
      'if (this.draining) return;\n    countRestart',
      'countRestart',
      BURST,
    ],
  ]),
  ...defectsOf('src/workers/started-thread.ts', POOL, [
    ['the slot of a dead thread is not reclaimed', 'reclaimSlot(viewsOf(memory), slot);', ''],
    [
      'a thread that never listened leaves its starter waiting',
      'this.fail(this.thread.cause ?? this.endedEarly);',
      '{}',
      FAILS_TO_LISTEN,
    ],
  ]),
  ...defectsOf('src/backoff.ts', POOL, [
    ['a burst of deaths is replaced without a pause', 'pauses < 1 ?', 'pauses < 200 ?', BURST],
  ]),
  ...defectsOf('src/workers/thread.ts', POOL, [
    [
      'the reason of the death of a thread is lost',
      'return this.failure ?? this.error;',
      'return this.failure;',
    ],
  ]),
  ...defectsOf('src/workers/started-thread.ts', CLI, [
    ['connections that were cut are not counted', 'this.cut += message.cut;', '', 'the drain timeout cuts'],
  ]),
  ...defectsOf('src/workers/worker-main.ts', POOL, [
    ['a thread ends before its connections do', 'await drained;', '', 'when its supervisor is gone'],
  ]),
  ...defectsOf('src/workers/worker-main.ts', CLI, [
    [
      'a draining thread goes on accepting',
      "tell({ type: 'draining' });\n  for (const listener of open.values()) listener.close();",
      "tell({ type: 'draining' });",
      'is refused',
    ],
  ]),
  ...defectsOf('src/connection/plane.ts', SERVE, [
    ['the clock of a drained plane goes on', 'this.plane.clock.stop();', '', LEAVES_NOTHING],
  ]),
  ...defectsOf('src/connection/connections.ts', RELOAD, [
    [
      'a reload closes idle connections',
      'else if (closeIdle && connection.idle)',
      'else if (connection.idle)',
      'keep idle connections',
    ],
  ]),
  ...defectsOf('src/workers/pool.ts', RELOAD, [
    [
      'two generations share their slots',
      'options.workers * (++this.reloads % 2)',
      '0 * ++this.reloads',
      'use different slots',
    ],
    [
      'the old generation is not drained',
      "this.oldEnds = current.drain(timeoutMs, 'reload', hasty)",
      'this.oldEnds = Promise.resolve()',
      'are cut at the drain timeout',
    ],
    [
      'a reload begins before the last one is over',
      'await this.oldEnds;',
      '',
      'reloads run one after the other',
    ],
    [
      'a stop forgets the generation that is being started',
      '[this.current, this.next, this.old]',
      '[this.current, this.old]',
      'ends a generation that is starting',
    ],
    [
      'the old generation stops listening when the new one failed',
      'current.listenAgain([...vacated]);',
      '',
      'when new threads can not',
    ],
    [
      'the old generation keeps its address from the new one',
      'await current.stopListening([listener]);',
      '',
      'keep idle connections',
    ],
  ]),
  ...defectsOf('src/workers/worker-main.ts', LIFE, [
    ['connections are not cut at the drain timeout', 'cut += connections.destroy();', '', 'cancel()'],
    ["'exit' handlers do not run", '  process.exit();', '', "'exit' handlers"],
    [
      'each thread prints what loading prints',
      'start.first ? () => {} : muteOutput()',
      '() => {}',
      'prints once',
    ],
    [
      'an application finds the channel',
      'Reflect.deleteProperty(data, name);',
      '{}',
      'do not affect the server',
    ],
  ]),
  ...defectsOf('src/workers/started-thread.ts', LIFE, [
    ['loading has no timeout', 'this.endStart(this.tooSlow)', '{}', 'load timeout'],
  ]),
  ...defectsOf('src/workers/pool.ts', LIFE, [
    [
      'a reload that hangs keeps newer ones waiting',
      'this.waiting > 0 && this.next?.slow',
      'this.waiting > 100 && this.next?.slow',
      'a reload that takes long',
    ],
  ]),
  ...defectsOf('src/supervisor.ts', RELOAD, [
    [
      'SIGHUP always stops',
      "this.attended ? this.stop('SIGHUP')",
      "true ? this.stop('SIGHUP')",
      'serves a changed file',
    ],
  ]),
  ...defectsOf('src/serve.ts', SERVE, [
    [
      'closing twice drains twice',
      'closed ??= running',
      'closed = running',
      'each call of close() awaits it',
    ],
  ]),
  ...defectsOf('src/app/load.ts', LOAD, [
    ['fetch loses its object', '.bind(given) as Handler', ' as Handler'],
    ['routes of any object count', 'plain && routes !== undefined', 'routes !== undefined'],
    [
      'invalid routes are ignored',
      'if (isPlain(value)) return value as Routes;',
      'if (value !== null) return {};',
    ],
    ['an error method of any object counts', 'plain && error !== undefined', 'error !== undefined'],
    [
      'an error is reported at a line of Node',
      "!/^node:/.test(file.replace(/^async /, ''))",
      'file !== undefined',
    ],
  ]),
  ...defectsOf('src/wasm/state/names.ts', NAMES, [
    ['a name is claimed without care', 'found === 0 || found === word', 'found === 0 || i > 0'],
    ['the size is no part of a name', 'bytes[0] = text.length;', 'bytes[0] = 255;'],
    ['halves of characters are names', '[\\0\\p{Surrogate}]', '[\\0]'],
    ['a name may be of two kinds', 'if (found !== kind)', 'if (false)'],
    ['the kind is never set', 'Atomics.compareExchange(words, place, 0, codeOf(words, kind));', ''],
  ]),
  ...defectsOf('src/state/shared.ts', HANDLES, [
    [
      'each server has named state of its own',
      'globals[STATE_KEY] ??= { module: state',
      'globals[STATE_KEY] = { module: state',
    ],
  ]),
  ...defectsOf('src/state/counter.ts', HANDLES, [
    [
      'a row of one memory is used for another memory',
      'here.views.bytes.buffer === bytes.buffer',
      'bytes.length > 0',
    ],
    ['a counter accepts fractions', 'Number.isSafeInteger(n) &&', '!Number.isNaN(n) &&'],
    ['a counter accepts no argument', 'n > 0', 'n >= 0'],
  ]),
  ...defectsOf('src/supervisor.ts', CLI, [
    [
      'a signal passed on by npm is a second one',
      'now - this.signalledMs <= this.times.sameSignalMs',
      'now - this.signalledMs < 0',
      'signals',
    ],
    [
      'a second signal is ignored',
      'now - this.signalledMs <= this.times.sameSignalMs',
      'now - this.signalledMs <= 100_000',
      'a second signal stops at once',
    ],
    [
      'the port stays open while the server stops',
      'this.close();\n      if (this.pause',
      'if (this.pause',
      'is refused',
    ],
    ['a server process that was healthy is not started again', 'this.proved = true;', '', 'is started again'],
  ]),
];
