// Defects of the memory and of the slots in it.

import { type Defect, defectsOf } from './defect.ts';

const MEMORY = ['test/wasm/memory.test.ts'];
const SLOT = ['test/wasm/slot.test.ts'];
const PARSE = ['test/protocol/parse.test.ts'];
const SERVE = ['test/protocol/serve.test.ts'];
const REDIRECT = ['test/protocol/redirect.test.ts'];
const ROUTES = ['test/protocol/routes.test.ts'];
const CONSUME = ['test/protocol/consume.test.ts'];
const RECENT_TEXTS = ['test/wasm/recent-texts.test.ts'];
const HEAD = ['test/wasm/head.test.ts'];
const CONNECTION = ['test/connection/connection.test.ts'];

export const memoryDefects: Defect[] = [
  ...defectsOf('src/memory/layout.ts', MEMORY, [
    [
      'an output region lies in the guard before it',
      ' + OUTPUT_SLACK_BYTES + GUARD_BYTES;',
      ' + OUTPUT_SLACK_BYTES;',
    ],
    [
      'the record lies in the guard before it',
      'RECORD = GUARD_BEFORE_RECORD + GUARD_BYTES',
      'RECORD = GUARD_BEFORE_RECORD + 32',
    ],
    ['a head may be larger than its carry', 'CARRY_BYTES = 65536', 'CARRY_BYTES = 32768'],
    ['a head may be larger than its offsets', 'HEAD_BYTES_MAX = 65000', 'HEAD_BYTES_MAX = 65535'],
    ['a slot is smaller than its regions', 'SLOT_BYTES = 1179648', 'SLOT_BYTES = 1048576'],
    [
      'named state lies in the statistics',
      'STATE = STATISTICS + STATISTICS_BYTES',
      'STATE = STATISTICS + 128',
    ],
  ]),
  ...defectsOf('src/memory/layout.ts', PARSE, [
    ['two fields of the record share their bytes', 'RECORD_COLON_OFFSET = 42', 'RECORD_COLON_OFFSET = 40'],
  ]),
  ...defectsOf('src/wasm/memory.ts', MEMORY, [
    [
      'the last slot lies outside',
      'SLOTS + options.slotCount * SLOT_BYTES',
      'SLOTS + (options.slotCount - 1) * SLOT_BYTES',
    ],
    ['a limit may be one larger than its region', 'value > most', 'value > most + 1'],
    ['a limit may be one smaller than its least', 'value < least', 'value < least - 1'],
    ['a limit may be a fraction', '!Number.isInteger(value) || ', ''],
    [
      'any size of content is taken',
      "checkRange('contentBytesMax', options.contentBytesMax, 0, Number.MAX_SAFE_INTEGER);",
      '',
    ],
    [
      'only the first byte of a guard is looked at',
      'bytes.subarray(guard, guard + GUARD_BYTES).every',
      'bytes.subarray(guard, guard + 1).every',
    ],
  ]),
  ...defectsOf('src/wasm/header.ts', MEMORY, [
    ['memory of another layout is taken', 'if (!fitsVersion(views))', 'if (false)'],
  ]),
  ...defectsOf('src/wasm/statistics.ts', MEMORY, [
    [
      'a reclaimed slot keeps its open connections',
      'doubles[(statisticsPointer(index) + STATISTICS_OPEN) >> 3] = 0;',
      '',
    ],
    ['a reclaimed slot loses its totals', 'STATISTICS_OPEN) >> 3] = 0;', 'STATISTICS_ACCEPTED) >> 3] = 0;'],
    ['statistics leave the last slot out', 'as number); index++) {', 'as number) - 1; index++) {'],
    [
      'the gauge of open connections only grows',
      'this.add(this.openDouble, -1)',
      'this.add(this.openDouble, 0)',
    ],
    [
      'two slots share their statistics',
      'const pointer = statisticsPointer(index)',
      'const pointer = statisticsPointer(0)',
    ],
  ]),
  ...defectsOf('src/wasm/state/rows.ts', MEMORY, [
    ['two names share a row', 'STATE + index * STATE_ROW_BYTES', 'STATE + (index >> 1) * STATE_ROW_BYTES'],
  ]),
  ...defectsOf('src/wasm/slot.ts', MEMORY, [
    ['a slot that is taken over drains', 'this.setWord(CONTROL_DRAINING, 0);', ''],
    ['a slot that is taken over records events', 'this.setWord(CONTROL_EVENTS, 0);', ''],
    ['a tail may be larger than the carry', 'start < this.pointer + CARRY', 'start < this.pointer'],
    ['a Date line may have any size', 'if (line.length !== DATE_LINE_BYTES)', 'if (line.length === 0)'],
  ]),
  ...defectsOf('src/wasm/prepared-table.ts', SERVE, [
    [
      'the table of prepared responses has no end',
      'if (index >= PREPARED_COUNT_MAX)',
      'if (index > PREPARED_COUNT_MAX)',
    ],
  ]),
  ...defectsOf('src/wasm/request-record.ts', MEMORY, [
    [
      'a slot that is taken over stands in a request',
      ' + RECORD_FLAGS) >> 2;\n    this.drop();',
      ' + RECORD_FLAGS) >> 2;',
    ],
  ]),
  ...defectsOf('src/wasm/request-record.ts', PARSE, [
    [
      'the last field of a carried record is lost',
      'RECORD_FIELDS + fieldCount * FIELD_BYTES',
      'RECORD_FIELDS + (fieldCount - 1) * FIELD_BYTES',
    ],
  ]),
  ...defectsOf('src/wasm/slot.ts', CONNECTION, [
    [
      'a tail is placed before an empty read',
      'readBytes > 0 ? this.readStart : this.readEnd',
      'this.readStart',
      'a slow reader of a large burst',
    ],
  ]),
  ...defectsOf('src/wasm/request-record.ts', SLOT, [
    ['a carried record stays in the slot', 'this.drop();\n    return copy;', 'return copy;'],
  ]),
  ...defectsOf('src/wasm/request-record.ts', CONNECTION, [
    [
      'the first byte of a method begins no request',
      ' && this.word(RECORD_CURSOR) === this.half(RECORD_METHOD_OFFSET)',
      '',
      'half-closes within a head',
    ],
    [
      'an empty line begins a request',
      'if (state === STATE_START) return true;',
      'if (state === STATE_START) return false;',
      'an empty line behind a request',
    ],
  ]),
  ...defectsOf('src/wasm/prepared-table.ts', ROUTES, [
    [
      'a prepared response may leave its region',
      'if (end > this.slot + PREPARED_TEXT + PREPARED_TEXT_BYTES)',
      'if (end < 0)',
    ],
    ['the room of a path is not looked at', ' + aligned(path);', ';'],
    [
      'a prepared response may have any size',
      'Math.max(head.length + content.length, ',
      'Math.max(head.length, ',
    ],
    [
      'a route without room takes some all the same',
      'this.checkRoom(placed, path, this.textEnd);',
      'if (index >= PREPARED_COUNT_MAX) this.checkRoom(placed, path, this.textEnd);',
    ],
    [
      'a response without room takes the routes out',
      "this.checkRoom(prepared, '', this.fixedTextEnd);\n    this.forgetRoutes();",
      "this.forgetRoutes();\n    this.checkRoom(prepared, '', this.fixedTextEnd);",
    ],
    ['an invalid counter is found too late', 'if (counter >= 0) rowPointer(counter);', ''],
    [
      'routes that are forgotten still count',
      'this.setWord(CONTROL_ROUTE_COUNT, 0);\n    this.textEnd',
      'this.textEnd',
    ],
    ['the texts of forgotten routes stay', 'this.textEnd = this.fixedTextEnd;\n  }', '}'],
    ['a route hides the others of its bucket', 'this.setWord(entry + PREPARED_NEXT, this.word(bucket));', ''],
    ['a route without any other response ends its chain', 'PREPARED_DEFAULT + 1;', 'PREPARED_DEFAULT;'],
    [
      'a route takes the place of an error',
      'this.nextIndex = Math.max(this.nextIndex, prepared.index + 1);',
      '',
    ],
    [
      'the text of a route lies over that of an error',
      'this.fixedTextEnd = this.textEnd;\n    this.nextIndex',
      'this.nextIndex',
    ],
  ]),
  ...defectsOf('src/wasm/prepared-table.ts', MEMORY, [
    ['a slot that is taken over has routes', 'this.forgetRoutes();\n    this.fallback', 'this.fallback'],
    ['a slot that is taken over hands requests over', 'this.fallback = PREPARED_DEFAULT;', ''],
  ]),
  ...defectsOf('src/wasm/prepared-table.ts', REDIRECT, [
    ['a slot that is taken over hands over what it would redirect', 'this.redirectsAll = true;', ''],
  ]),
  ...defectsOf('src/wasm/slot.ts', REDIRECT, [
    ['a slot that is taken over redirects', 'this.redirectPort = 0;', ''],
  ]),
  ...defectsOf('src/wasm/request-record.ts', CONSUME, [
    ['trailers are read from their end', 'end - this.word(RECORD_TRAILER_BYTES)', 'end'],
    [
      'trailers that are carried are lost',
      'state < STATE_CONTENT || state === STATE_TRAILER',
      'state < STATE_CONTENT',
    ],
  ]),
  ...defectsOf('src/wasm/recent-texts.ts', RECENT_TEXTS, [
    ['a text that begins like the last one is the last one', 'if (i === size) return', 'if (i > 1) return'],
    [
      'the bytes of a text are not those that were compared',
      'for (; i < size; i++) bytes',
      'for (i++; i < size; i++) bytes',
    ],
    ['the last text stays', '    this.texts[size] = text;\n', ''],
    [
      'texts of different sizes share their bytes',
      'const kept = size * KEPT_BYTES_MAX;',
      'const kept = size;',
    ],
    [
      'a text of the largest size is not kept',
      'if (size > KEPT_BYTES_MAX) return',
      'if (size >= KEPT_BYTES_MAX) return',
    ],
  ]),
  ...defectsOf('src/wasm/head.ts', HEAD, [
    [
      'a request without a Host has that of an earlier one',
      "if ((this.half(RECORD_FLAGS) & FLAG_HOST) === 0) return '';",
      '',
    ],
    ['PATCH is called PUT', "[METHOD_PATCH]: 'PATCH'", "[METHOD_PATCH]: 'PUT'"],
    [
      'a method without a number has no name',
      '?? this.text(RECORD_METHOD_OFFSET, RECORD_METHOD_BYTES)',
      "?? ''",
    ],
    ['names are compared with their case', 'lower(bytes[at + i] as number)', '(bytes[at + i] as number)'],
    ['other bytes than letters have a case', 'byte >= 0x41 && byte <= 0x5a', 'byte >= 0x40 && byte <= 0x5f'],
    ['every field name finds the first field', 'let index = from;', 'let index = 0;'],
    [
      'a search for a field always starts at the first field',
      'RECORD_FIELDS + from * FIELD_BYTES',
      'RECORD_FIELDS',
    ],
    [
      'a field is known by its beginning',
      'if (halfAt(bytes, field + FIELD_NAME_BYTES) !== length) continue;',
      '',
    ],
    [
      'a detached head is read where it lay',
      'latin1(bytes, this.start, this.half(RECORD_HEAD_BYTES)),\n          );\n    this.bytes = undefined;',
      'latin1(bytes, this.start, this.half(RECORD_HEAD_BYTES)),\n          );',
    ],
    [
      'the end of a detached head is lost',
      'latin1(bytes, this.start, this.half(RECORD_HEAD_BYTES)),',
      'latin1(bytes, this.start, this.half(RECORD_HEAD_BYTES) - 5),',
    ],
    ['the high half of an offset is lost', ' | ((bytes[at + 1] as number) << 8)', ''],
    [
      'the last field of a detached head is lost',
      'this.fieldCount * FIELD_BYTES),',
      '(this.fieldCount - 1) * FIELD_BYTES),',
    ],
    [
      'a head that is gone is read on',
      'this.bytes = undefined;\n    this.copy = undefined;',
      'this.copy = undefined;',
    ],
    [
      'a detached head that is gone is read on',
      'this.bytes = undefined;\n    this.copy = undefined;',
      'this.bytes = undefined;',
    ],
  ]),
  ...defectsOf('src/wasm/head-copy.ts', HEAD, [
    ['the high half of an offset in a copy is lost', ' | (record.charCodeAt(offset + 1) << 8)', ''],
    ['a name in a detached head is compared with its case', '.toLowerCase() === name', ' === name'],
    [
      'a field of a detached head is looked for from the first on',
      'let index = from; index < fieldCount',
      'let index = 0; index < fieldCount',
    ],
  ]),
];
