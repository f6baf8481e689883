// Defects of the access log.

import { type Defect, defectsOf } from './defect.ts';

const RING = ['test/logs/ring.test.ts'];
const FORMATS = ['test/logs/formats.test.ts'];
const SERVERS = ['test/logs/access-log.test.ts'];
const ROTATION = ['test/logs/rotation.test.ts'];

export const logDefects: Defect[] = [
  ...defectsOf('src/logs/ring.ts', RING, [
    [
      'the writer does not see where lines end',
      'Atomics.store(words, WRAP, this.head);',
      '',
      'however they are taken',
    ],
  ]),
  ...defectsOf('src/logs/line.ts', FORMATS, [
    [
      'a control byte reaches a terminal',
      'byte >= 0x20 && byte < DELETE',
      'byte < DELETE',
      'no bytes from outside',
    ],
    ['a quote ends a text', 'byte !== QUOTE && ', '', 'no bytes from outside'],
  ]),
  ...defectsOf('src/logs/entry.ts', FORMATS, [
    [
      'a query is logged without the option',
      'if (query) return targetEnd;',
      'return targetEnd;',
      'the names of pino',
    ],
  ]),
  ...defectsOf('src/connection/access-requests.ts', SERVERS, [
    [
      'a request that is answered later has lost its target',
      'this.source = this.plane.slot.copy(methodStart, this.targetEnd);',
      'this.source = NOTHING;',
      'whoever has made it',
    ],
    [
      'a client that has gone has no status',
      'if (!this.answered) this.statusCode = CLIENT_GONE;',
      '',
      'whoever has made it',
    ],
  ]),
  ...defectsOf('src/connection/access-log.ts', SERVERS, [
    [
      'fields are read behind their request',
      'if (this.readsFields) slot.recordSingly();\n    else ',
      '',
      'from a trusted proxy',
    ],
  ]),
  ...defectsOf('src/connection/request-ids.ts', SERVERS, [
    ['any passed id is used', 'return isRequestId(id) ? id : undefined;', 'return id;', 'the id of the line'],
  ]),
  ...defectsOf('src/app/server-timing.ts', SERVERS, [
    [
      'handlers by method are not timed',
      "typeof answer === 'function' ? timed(answer as Handler) : answer,",
      'answer,',
      'of handlers alone',
    ],
  ]),
  ...defectsOf('src/models/event-loop.ts', SERVERS, [
    [
      'the last lines are not written',
      'await log?.writer.stop();\n      return late;',
      'return late;',
      'when the server has stopped',
    ],
  ]),
  ...defectsOf('src/logs/access-file.ts', SERVERS, [
    ['a line is appended to an unfinished one', 'file.write(Uint8Array.of(LF));', '{}', 'an unfinished line'],
  ]),
  ...defectsOf('src/logs/writer-main.ts', ROTATION, [
    ['the file is never opened anew', 'file = next;', '', 'under load'],
    ['a failure is reported again and again', 'if (failure !== reason)', 'if (reason)', 'reported once'],
  ]),
];
