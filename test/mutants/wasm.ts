// Defects of the WASM engine.

import { type Defect, defectsOf } from './defect.ts';

const EVENTS = ['test/protocol/events.test.ts'];
const CONDITIONS = ['test/protocol/conditions.test.ts'];
const PARSE = ['test/protocol/parse.test.ts'];
const SERVE = ['test/protocol/serve.test.ts'];
const MEMORY = ['test/wasm/memory.test.ts'];
const ROUTES = ['test/protocol/routes.test.ts'];
const REDIRECT = ['test/protocol/redirect.test.ts'];
const CONSUME = ['test/protocol/consume.test.ts'];
const BUILD = ['test/protocol/build.test.ts'];
const ASSERTS = ['test/wasm/asserts.test.ts'];
const TURNS = ['test/connection/turns.test.ts'];
const COUNTER = ['test/state/counter.test.ts'];

export const wasmDefects: Defect[] = [
  ...defectsOf('assembly/request.ts', PARSE, [
    ['a method may be one byte longer', 'bytes > METHOD_BYTES_MAX)', 'bytes > METHOD_BYTES_MAX + 1)'],
    ['a target may be one byte longer', 'if (bytes > bytesMax)', 'if (bytes > bytesMax + 1)'],
    [
      'a target that is too long is judged at its end, not at its limit',
      'head, target + bytesMax + 1)',
      'head, cursor + 1)',
    ],
    [
      'GET is believed of bytes behind the end',
      'load<u32>(head) == GET_SP && head + 4 <= end',
      'load<u32>(head) == GET_SP',
    ],
    [
      'a version is believed of bytes behind the end',
      ' == CRLF && cursor + VERSION_BYTES + 2 <= end',
      ' == CRLF',
    ],
    [
      'an empty method passes',
      '|| bytes == 0) return fail(record, ERROR_METHOD',
      ') return fail(record, ERROR_METHOD',
    ],
    ['CONNECT passes', 'if (method == METHOD_CONNECT)', 'if (false)'],
    [
      'a TLS hello is known by its first byte',
      '== TLS_VERSION ? ERROR_TLS : ERROR_METHOD',
      '!= 0 ? ERROR_TLS : ERROR_METHOD',
    ],
    ["a TLS hello's second byte is believed of bytes behind the end", 'if (start + 1 == end)', 'if (false)'],
    [
      'CR alone is an empty line before a request',
      'if (load<u8>(cursor + 1) != LF) return fail(record, ERROR_METHOD, start, cursor + 2);',
      '',
    ],
    ['the flags of the last request stay', 'store<i32>(record, 0, RECORD_FLAGS);', ''],
    ['a resumed target is scanned from its start', 'skipTarget(cursor, end)', 'skipTarget(target, end)'],
    ['a version may end in a bare LF', 'byte == (i == VERSION_BYTES ? CR : LF)', 'byte == CR || byte == LF'],
    ['any major version passes', 'if (load<u8>(cursor, 5) != 0x31)', 'if (load<u8>(cursor, 5) == 0)'],
    [
      'an unknown minor version counts as 0',
      'store<i32>(record, 1, RECORD_VERSION_MINOR);',
      'store<i32>(record, 0, RECORD_VERSION_MINOR);',
    ],
    ['a method in lower case is known', 'word == HEAD)', '(word & 0xdfdfdfdf) == HEAD)'],
    [
      'a method is known by its first four letters',
      'word == PATC && load<u8>(method, 4) == H',
      'word == PATC',
    ],
    [
      "the empty line before a head counts to the head's size",
      'parseSection(record, start, head, cursor,',
      'parseSection(record, start, start, cursor,',
    ],
  ]),
  ...defectsOf('assembly/request.ts', SERVE, [
    [
      'the method of the last request stays',
      'store<i32>(record, METHOD_OTHER, RECORD_METHOD);\n  store',
      'store',
    ],
    [
      'a refusal outside of a request has the method of the last one',
      'load<i32>(record, RECORD_STATE) == STATE_START',
      'false',
    ],
  ]),
  ...defectsOf('assembly/section.ts', PARSE, [
    [
      'an empty field name passes',
      'if (!ended || load<u8>(colon) != COLON || colon == name) {',
      'if (!ended || load<u8>(colon) != COLON) {',
    ],
    [
      'a space before the colon passes',
      'colon = skipToken(colon, end);',
      'colon = skipToken(colon, end); if (colon < end && load<u8>(colon) == SP) colon++;',
    ],
    [
      'a control byte in a value is noticed one byte late',
      'if (cursor < end && load<u8>(cursor) != CR) return fail(record, ERROR_FIELD_VALUE, head, cursor + 1);',
      '',
    ],
    ['the end of a line is believed of bytes behind the end', '== CRLF && cursor + 2 <= end', '== CRLF'],
    [
      'one field more than may be',
      'fieldCount == load<i32>(HEADER_FIELD_COUNT_MAX)',
      'fieldCount > load<i32>(HEADER_FIELD_COUNT_MAX)',
    ],
    [
      'a head may be one byte larger',
      'return <i32>(cursor - head) > load',
      'return <i32>(cursor - head) - 1 > load',
    ],
    [
      'an unfinished head may fill its limit',
      'if (<i32>(end - head) >= load',
      'if (<i32>(end - head) > load',
    ],
    [
      'an error behind the limit is reported instead of the limit',
      'return <i32>(decided - head) > load<i32>(HEADER_HEAD_BYTES_MAX) ? ERROR_HEAD_SIZE : error;',
      'return error;',
    ],
    ['the name under way is lost', 'store<u16>(record, <u16>(name - start), RECORD_NAME_OFFSET);', ''],
    ['the colon under way is lost', 'store<u16>(record, <u16>(colon - start), RECORD_COLON_OFFSET);', ''],
    ['the count of fields is lost in a resume', 'fieldCount = load<i32>(record, RECORD_FIELD_COUNT);', ''],
    [
      'the flags are lost in a resume',
      'let flags = load<i32>(record, RECORD_FLAGS);',
      'let flags = state == resumeState ? 0 : load<i32>(record, RECORD_FLAGS);',
    ],
    ['a resumed line is scanned from its start', 'skipFieldValue(cursor, end)', 'skipFieldValue(name, end)'],
    ['a resumed name is scanned from its start', 'skipToken(colon, end)', 'skipToken(name, end)'],
    [
      'white space behind a value stays when there is one space before it',
      'if (isOws(load<u8>(value)) || isOws(load<u8>(valueEnd - 1))) {',
      'if (isOws(load<u8>(value))) {',
    ],
  ]),
  ...defectsOf('assembly/scanner.ts', PARSE, [
    [
      'a token is believed of bytes behind the end',
      'i64x2.splat(0)));\n    if (mask != 0) return min(cursor + ctz(mask), end);',
      'i64x2.splat(0)));\n    if (mask != 0) return cursor + ctz(mask);',
    ],
    ['DEL passes in a value', 'v128.or(low, i8x16.eq(block, i8x16.splat(0x7f)))', 'low'],
    [
      'DEL passes in a value, far from any space',
      'i8x16.lt_s(i8x16.add(block, ones), printable)',
      'i8x16.lt_s(block, printable)',
    ],
    ['obs-text is refused', 'i8x16.lt_u(block, i8x16.splat(0x20))', 'i8x16.lt_s(block, i8x16.splat(0x20))'],
  ]),
  ...defectsOf('assembly/chars.ts', PARSE, [
    ['a slash passes in a name', '0x34, 0x15, 0x3d, 0x1c,', '0x34, 0x15, 0x3d, 0x1d,'],
    ['a fragment passes in a target', '0x3e, 0x3f, 0x3e, 0x3e, 0x3f,', '0x3e, 0x3f, 0x3e, 0x3f, 0x3f,'],
    ['a slash passes in a host', '0x15, 0x17, 0x35, 0x1c,', '0x15, 0x17, 0x35, 0x1d,'],
    ['a colon is a digit', 'u8(byte - 0x30) < 10', 'u8(byte - 0x30) < 11'],
    ['g is a hexadecimal digit', '- 0x61) < 6', '- 0x61) < 7'],
  ]),
  ...defectsOf('assembly/fields.ts', PARSE, [
    ['names of 17 bytes are overlooked', 'nameBytes < 18', 'nameBytes < 17'],
    ['a second Host passes', 'return flags | FLAG_HOST_AGAIN', 'return flags'],
    ['a second Content-Length passes', 'flags & FLAG_CONTENT_LENGTH || length < 0', 'length < 0'],
    [
      'a second line of Transfer-Encoding begins a new list',
      '!(flags & FLAG_TRANSFER_ENCODING) && isChunked',
      'isChunked',
    ],
    ['an empty list is an expectation', 'if (cursor == end) return 0;', ''],
    ['the last expectation counts alone', 'flags |= expectationFlag', 'flags = expectationFlag'],
    [
      'only the first connection option counts',
      'if (options != 0) return options;',
      'if (options != 0 || cursor < end) return options;',
    ],
    ['close is known by its first four letters', ' && (load<u8>(cursor, 4) | 0x20) == E', ''],
    ['keep-alive is known by its first eight letters', ' && (load<u16>(cursor, 8) | LOWER_2) == VE', ''],
    ['Expect is known by its first four letters', ' && (load<u16>(name, 4) | LOWER_2) == CT', ''],
    [
      'Content-Length is known by its first eight letters',
      ' && (load<u64>(name, 6) | LOWER_8) == T_LENGTH',
      '',
    ],
    [
      'Transfer-Encoding is known by its first sixteen letters',
      ' &&\n        (load<u8>(name, 16) | 0x20) == G',
      '',
    ],
    ['100-continue is known by its beginning', 'end - cursor == 12 &&', ''],
    [
      'names in upper case mean nothing',
      '(load<u64>(name) | LOWER_8) == CONNECTI',
      'load<u64>(name) == 0x697463656e6e6f43',
    ],
  ]),
  ...defectsOf('assembly/coding.ts', PARSE, [
    ['chunked is known by its beginning', 'end - cursor == 7 && ', ''],
    ['codings may follow chunked', ' || flags & FLAG_CHUNKED ||', ' ||'],
    ['chunked may have parameters', ' || (chunked && next != parameters)', ''],
    ['a comma within quotes ends a coding', 'load<u8>(value) == QUOTE ? ', 'load<u8>(value) == COMMA ? '],
    ['an escaped quote ends a quote', 'if (byte == BACKSLASH) cursor++;', ''],
  ]),
  ...defectsOf('assembly/number.ts', PARSE, [
    ['an empty length is 0', 'if (cursor == end) return -1;', 'if (cursor == end) return 0;'],
    ['a length of 2^53 passes', 'value > INTEGER_MAX', 'value > INTEGER_MAX + 1'],
    [
      'a length ends at the first byte that is no digit',
      'if (!isDigit(byte)) return -1;',
      'if (!isDigit(byte)) break;',
    ],
  ]),
  ...defectsOf(
    'assembly/chunked.ts',
    ['test/protocol/conversations.test.ts'],
    [
      ['zeros before a chunk size have no end', ' || digits > CHUNK_SIZE_DIGITS_MAX', ''],
      ['zeros of one chunk count for the next', 'store<i32>(record, 1, RECORD_CHUNK_SIZE_DIGITS);', ''],
    ],
  ),
  ...defectsOf('assembly/serve.ts', SERVE, [
    ['the last request that may be asked for does not close', 'answered == answersMax || ', ''],
    ['one request more may be asked for', 'answered == answersMax', 'answered > answersMax'],
    ['requests are not counted down', 'store<i32>(slot, answersMax - answered, CONTROL_REQUESTS_LEFT);', ''],
  ]),
  ...defectsOf(
    'assembly/response.ts',
    ['test/protocol/response.test.ts'],
    [
      ['204 has a Content-Length', 'if (load<u32>(prepared, PREPARED_BARE) != 0)', 'if (prepared == 0)'],
      ['204 has no empty line', 'return output + 2;', 'return output;'],
    ],
  ),
  ...defectsOf(
    'assembly/state/counter.ts',
    ['test/state/counter.test.ts'],
    [
      [
        'a count under the mutex does not lock it',
        '\n  sleepUntilLocked(counter);',
        '',
        'waits until its mutex is free',
      ],
      ['a mutex is kept', 'unlockSleeper(counter);', '', 'waits until its mutex is free'],
    ],
  ),
  ...defectsOf('assembly/number.ts', SERVE, [
    ['a count from 2^32 on is truncated', 'while (value > 0xffffffff)', 'while (value > 0xffffffffff)'],
    ['a count of 100 has two digits', 'value >= bound', 'value > bound'],
  ]),
  ...defectsOf('assembly/framing.ts', PARSE, [
    [
      'Transfer-Encoding passes in HTTP/1.0',
      'flags & FLAG_CONTENT_LENGTH || minor == 0',
      'flags & FLAG_CONTENT_LENGTH',
    ],
    [
      'Transfer-Encoding passes with Content-Length',
      'flags & FLAG_CONTENT_LENGTH || minor == 0',
      'minor == 0',
    ],
    [
      'a list without chunked at its end passes',
      'if (flags & FLAG_TRANSFER_ENCODING_BAD || !(flags & FLAG_CHUNKED)) return ERROR_TRANSFER_ENCODING;',
      '',
    ],
    [
      'any transfer coding passes before chunked',
      'if (flags & FLAG_CODING_OTHER) return ERROR_TRANSFER_CODING;',
      '',
    ],
    ['content may be one byte larger', 'if (length > load', 'if (length - 1 > load'],
    ['a bad length is forgiven', 'if (flags & FLAG_CONTENT_LENGTH_BAD) return ERROR_CONTENT_LENGTH;', ''],
    ['HTTP/1.1 needs no Host', '} else if (minor != 0) return ERROR_HOST;', '}'],
    ['HTTP/1.0 needs a Host', '} else if (minor != 0) return ERROR_HOST;', '} else return ERROR_HOST;'],
    ['Host may be anything in HTTP/1.0', 'if (!isHost(', 'if (minor != 0 && !isHost('],
    ['keep-alive means nothing in HTTP/1.0', 'minor != 0 || (flags & FLAG_KEEP_ALIVE) != 0', 'minor != 0'],
    ['HTTP/1.0 is persistent by itself', 'minor != 0 || (flags & FLAG_KEEP_ALIVE) != 0', 'true'],
    [
      'close is forgotten beside keep-alive',
      '!(flags & FLAG_CLOSE)',
      '(flags & (FLAG_CLOSE | FLAG_KEEP_ALIVE)) != FLAG_CLOSE',
    ],
    ['HTTP/1.0 has expectations', 'flags & FLAG_EXPECT_OTHER && minor != 0', 'flags & FLAG_EXPECT_OTHER'],
  ]),
  ...defectsOf('assembly/framing.ts', SERVE, [
    ["the last message's chunks count to this one's", 'store<f64>(record, 0, RECORD_CONTENT_BYTES);', ''],
    [
      "the last message's extensions count to this one's",
      'store<i32>(record, 0, RECORD_EXTENSION_BYTES);',
      '',
    ],
  ]),
  ...defectsOf('assembly/host.ts', PARSE, [
    [
      'a group of five digits passes',
      'cursor - group > GROUP_DIGITS_MAX',
      'cursor - group > GROUP_DIGITS_MAX + 1',
    ],
    ['"::" may stand twice', 'if (elided) return 0;', ''],
    ['eight groups are enough beside "::"', 'groups < GROUPS :', 'groups <= GROUPS :'],
    ['an IPv4 address counts as one group', 'groups += 2;', 'groups++;'],
    ['an octet may be 256', 'value > OCTET_MAX', 'value > OCTET_MAX + 1'],
    ['an octet may begin with 0', ' || (digits > 1 && load<u8>(first) == DIGIT_0)', ''],
    ['a percent sign may encode nothing', ' || !isHex(load<u8>(cursor, 2))', ''],
    ['an IPvFuture address may be empty', 'return cursor == address ? 0 : cursor;', 'return cursor;'],
    [
      'anything may follow a host',
      'if (load<u8>(cursor) != COLON) return false;',
      'if (load<u8>(cursor) != COLON) return true;',
    ],
  ]),
  ...defectsOf('assembly/target.ts', PARSE, [
    ['a target may have a port without a host', ' && load<u8>(authority) != COLON', ''],
    ['any method may ask for *', 'method == METHOD_OPTIONS ? 0 : ERROR_TARGET', '0'],
    [
      'one slash behind a scheme is enough',
      '& THREE_BYTES) != SCHEME_END) return false',
      '& 0xffff) != (SCHEME_END & 0xffff)) return false',
    ],
  ]),
  ...defectsOf('assembly/chunked.ts', SERVE, [
    ['a chunk size may be anything', 'if (!isHex(byte)) return ERROR_CHUNK;', ''],
    ['a chunk size may overflow', 'size > INTEGER_MAX || ', ''],
    ['chunks do not add up', 'store<f64>(record, total, RECORD_CONTENT_BYTES);', ''],
    ['chunked content may not fill its limit', 'if (total > load', 'if (total >= load'],
    [
      'extensions may not fill their limit',
      'if (bytes > EXTENSION_BYTES_MAX)',
      'if (bytes >= EXTENSION_BYTES_MAX)',
    ],
    ['extensions of several chunks do not add up', 'load<i32>(record, RECORD_EXTENSION_BYTES) + ', ''],
    ['any byte may stand in the place of the CR behind a chunk', 'if (byte != CR) return ERROR_CHUNK;', ''],
    [
      'any byte may stand in the place of the LF behind a chunk',
      'if (byte != LF) return ERROR_CHUNK;\n        state = STATE_CHUNK_SIZE;',
      'state = STATE_CHUNK_SIZE;',
    ],
    [
      'any byte may stand in the place of the LF behind a chunk size',
      'if (byte != LF) return ERROR_CHUNK;\n        const size',
      'const size',
    ],
    [
      'a chunk size is lost between two reads',
      'store<f64>(record, size, RECORD_CONTENT_REMAINING);',
      'if (cursor < end) store<f64>(record, size, RECORD_CONTENT_REMAINING);',
    ],
    [
      'chunks are followed by no trailers',
      'state = size == 0 ? STATE_TRAILER',
      'state = size == 0 ? STATE_CHUNK_DATA_CR',
    ],
  ]),
  ...defectsOf('assembly/content.ts', SERVE, [
    [
      'the last byte of the content counts to the next request',
      'RECORD_CONTENT_REMAINING) == 0)',
      'RECORD_CONTENT_REMAINING) <= 1)',
    ],
    [
      'a resumed trailer section is scanned from its start',
      '} else cursor = start + load<u32>(record, RECORD_CURSOR);',
      '}',
    ],
  ]),
  ...defectsOf('assembly/serve.ts', SERVE, [
    ['output has no end', 'position > outputEnd || (events', 'false || (events'],
    [
      'a response is begun at the end of the output',
      'regionEnd(slot, output) - responseBytesMax(redirects)',
      'regionEnd(slot, output)',
    ],
    ['draining closes before the last request received', '(draining && start == end)', 'draining'],
    ['draining closes nothing', ' || (draining && start == end)', ''],
    [
      '100 Continue is sent though the content is there',
      'start == end && expectsContinue',
      'expectsContinue',
    ],
    [
      '100 Continue is sent to HTTP/1.0',
      'expects != 0 && load<i32>(record, RECORD_VERSION_MINOR) != 0',
      'expects != 0',
    ],
    [
      'refusals are not counted',
      'add(<usize>load<u32>(slot, CONTROL_STATISTICS) + STATISTICS_REFUSED, 1);',
      '',
    ],
    ['requests are counted by reads', 'STATISTICS_REQUESTS, answered)', 'STATISTICS_REQUESTS, 1)'],
    [
      'a refused message goes on',
      'store<i32>(record, STATE_START, RECORD_STATE);\n  store<i32>(slot, error',
      'store<i32>(slot, error',
    ],
    ['the error of an earlier turn stays', 'store<i32>(slot, 0, CONTROL_ERROR);', ''],
    ['the head of an earlier turn stays', 'store<i32>(slot, 0, CONTROL_HEAD);', ''],
    ['a response to HTTP/1.1 has keep-alive', 'RECORD_VERSION_MINOR) == 0;', 'RECORD_VERSION_MINOR) != 0;'],
  ]),
  ...defectsOf('assembly/response.ts', SERVE, [
    ['HEAD is answered with content', 'if (headOnly) return output;', ''],
    ['a request is counted twice', 'add(counter, 1)', 'add(counter, 2)'],
    [
      'a response to HTTP/1.0 lacks the close option',
      'if (close) output',
      'if (close && !sayPersistent) output',
    ],
    ['Content-Length leaves the number out', 'textBytes + digits', 'textBytes + (digits > 0 ? 1 : 0)'],
  ]),
  ...defectsOf('assembly/index.ts', MEMORY, [
    ['the debug build checks no guards', 'assert(guardsIntact(slot))', 'guardsIntact(slot)'],
    [
      'the debug build takes input from outside the slot',
      'start <= end && end <= slot + READ_END',
      'start <= end',
    ],
  ]),
  ...defectsOf('assembly/state/counter.ts', COUNTER, [
    [
      'counting is not atomic',
      '<f64>(atomic.add<i64>(counter, n, STATE_VALUE) + n)',
      'addCarelessly(counter, n)',
      'in every order of their steps',
    ],
  ]),
  ...defectsOf('assembly/state/counter.ts', MEMORY, [
    [
      'the response shows the count before its own',
      'atomic.add<i64>(counter, n, STATE_VALUE) + n',
      'atomic.add<i64>(counter, n, STATE_VALUE)',
    ],
  ]),
  ...defectsOf('assembly/routes.ts', ROUTES, [
    ['a path answers any method', 'if (method != METHOD_GET && method != METHOD_HEAD) return fallback;', ''],
    ['HEAD has no routes', ' && method != METHOD_HEAD', ''],
    ['a scheme has a case', 'load<u8>(target, 4) | 0x20) == S', 'load<u8>(target, 4)) == S'],
    ['https is answered as http is', 'return isHttps(path) ?', 'return path == 0 ?'],
    [
      'a query belongs to the path',
      '<i32>(skipPath(path, path + load<u16>(record, RECORD_TARGET_BYTES)) - path)',
      '<i32>load<u16>(record, RECORD_TARGET_BYTES)',
    ],
    ['a path is known by its beginning', 'load<i32>(prepared, PREPARED_PATH_BYTES) == bytes &&', ''],
    ['only the last path of a bucket is known', 'index = load<i32>(prepared, PREPARED_NEXT);', 'break;'],
    ['the first sixteen bytes are not compared', '!= 0xffff) return false;', '> 0xffff) return false;'],
    [
      'the last bytes of a path are not compared',
      'return (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) & rest) == rest;',
      'return true;',
    ],
    ['bytes behind a path are compared', 'const rest = (1 << bytes) - 1;', 'const rest = 0xffff;'],
    ['no route is looked up', 'if (load<i32>(slot, CONTROL_ROUTE_COUNT) == 0)', 'if (bool(start))'],
  ]),
  ...defectsOf('assembly/scanner.ts', ROUTES, [
    [
      'a question mark behind the target begins a query',
      'question));\n    if (mask != 0) return min(cursor + ctz(mask), end);',
      'question));\n    if (mask != 0) return cursor + ctz(mask);',
    ],
    [
      'a query begins only in the first sixteen bytes',
      'v128.load(cursor), question));\n    if (mask != 0)',
      'v128.load(cursor), question));\n    if (mask == 0) return end;\n    if (mask != 0)',
    ],
  ]),
  ...defectsOf('assembly/serve.ts', ROUTES, [
    [
      'a request that is handed over is not counted',
      'answered++;\n        verdict = VERDICT_REQUEST;',
      'verdict = VERDICT_REQUEST;',
    ],
    ['no request is handed over', 'verdict = VERDICT_REQUEST;\n        break;', 'break;'],
    [
      'the content of a request handed over is a request',
      'if (!(load<i32>(record, RECORD_FLAGS) & FLAG_LAST)) continue;',
      'if (load<i32>(record, RECORD_FLAGS) == -1) continue;',
    ],
    [
      'a request with content forgets its route',
      'store<i32>(record, prepared, RECORD_PREPARED);',
      'store<i32>(record, end == cursor ? 0 : prepared, RECORD_PREPARED);',
    ],
    ['the caller does not learn where a head lies', 'store<i32>(slot, <i32>start, CONTROL_HEAD);', ''],
  ]),
  ...defectsOf('assembly/serve.ts', TURNS, [
    [
      'a request that its caller has answered is refused as well',
      'if (load<i32>(record, RECORD_PREPARED) == PREPARED_NONE) {\n          store',
      'if (load<i32>(record, RECORD_PREPARED) < PREPARED_NONE) {\n          store',
    ],
  ]),
  ...defectsOf('assembly/serve.ts', BUILD, [
    [
      'a region is measured from where its output begins',
      'return output - ((output - first) % OUTPUT_STRIDE) + OUTPUT_BYTES;',
      'return output + OUTPUT_BYTES;',
    ],
  ]),
  ...defectsOf('assembly/content.ts', CONSUME, [
    ['a piece comes again', 'store<i32>(record, 0, RECORD_PIECE_BYTES);', ''],
    ['trailers have no size', 'else store<i32>(record, result - <i32>start, RECORD_TRAILER_BYTES);', ''],
    [
      'trailers that break leave their message',
      'if (result < 0) store<i32>(record, STATE_TRAILER, RECORD_STATE);\n  else',
      'if (result > 0)',
    ],
    ['skipped content ends with its first chunk', 'start = result;\n', 'return result;\n'],
  ]),
  ...defectsOf('assembly/extension.ts', CONSUME, [
    [
      'an empty extension passes',
      'return isOws(byte) ? state : MALFORMED;\n    case STATE_EXTENSION_NAME:',
      'return isOws(byte) ? state : behindExtension(byte);\n    case STATE_EXTENSION_NAME:',
    ],
    [
      'a chunk size may end in white space',
      'case STATE_EXTENSION:\n',
      'case STATE_EXTENSION:\n      if (byte == CR) return behindExtension(byte);\n',
    ],
    ['an escape ends where a quote does', 'if (byte == BACKSLASH) return STATE_EXTENSION_QUOTED_PAIR;', ''],
    ['a quote may run over a line', 'return isFieldByte(byte) ? state : MALFORMED', 'return state'],
    [
      'an escaped byte may be any',
      'return isFieldByte(byte) ? STATE_EXTENSION_QUOTED : MALFORMED',
      'return STATE_EXTENSION_QUOTED',
    ],
    [
      'a name may be quoted',
      'if (isTchar(byte)) return STATE_EXTENSION_NAME;',
      'if (isTchar(byte)) return STATE_EXTENSION_NAME;\n      if (byte == QUOTE) return STATE_EXTENSION_QUOTED;',
    ],
  ]),
  ...defectsOf('assembly/chunked.ts', CONSUME, [
    [
      'two chunks are one piece',
      'state = STATE_CHUNK_DATA_CR;\n      break;',
      'state = STATE_CHUNK_DATA_CR;\n      continue;',
    ],
    ['a piece has no size', 'store<i32>(record, <i32>taken, RECORD_PIECE_BYTES);', ''],
  ]),
  ...defectsOf('assembly/response.ts', BUILD, [
    ['chunks are not announced', 'if (length == LENGTH_CHUNKED) output = writeChunked(output);', ''],
    ['a length of 0 is not announced', 'if (length >= 0)', 'if (length > 0)'],
    [
      'a length from 2^32 on is cut',
      'writeDecimal(output, <u64>length)',
      'writeDecimal(output, <u64>(<u32>(<u64>length)))',
    ],
    ['a connection that closes stays open, too', 'else if (sayPersistent)', 'if (sayPersistent)'],
  ]),
  ...defectsOf('assembly/index.ts', ASSERTS, [
    ['the debug build writes output anywhere', ' && offset < <usize>(OUTPUT_COUNT * OUTPUT_STRIDE)', ''],
    ['the debug build answers with anything', 'assert(index >= 0 && index < PREPARED_COUNT_MAX * 2);', ''],
    [
      'the debug build tells any length',
      'assert(length >= LENGTH_CHUNKED && length <= INTEGER_MAX && floor(length) == length);',
      '',
    ],
    [
      'the debug build builds beyond a region',
      'assert(offset + (position - output) <= <usize>OUTPUT_BYTES);',
      'assert(offset <= <usize>OUTPUT_BYTES);',
    ],
    [
      'the debug build consumes bytes that are no content',
      'assert(load<i32>(slot + RECORD, RECORD_STATE) >= STATE_CONTENT);',
      '',
    ],
  ]),
  ...defectsOf('assembly/conditions.ts', CONDITIONS, [
    ['a malformed list may match', '(tags & TAGS_MALFORMED) == 0 && ', ''],
    ['the asterisk matches nothing', '(TAGS_MATCH | TAGS_ANY)', 'TAGS_MATCH'],
    ['the last of several dates counts', 'if (value != 0) return false;', ''],
    ['the same date is later', 'PREPARED_MODIFIED) <= parse', 'PREPARED_MODIFIED) < parse'],
    ['dates count beside tags', '& FLAG_IF_NONE_MATCH) != 0\n', '& FLAG_IF_NONE_MATCH) != 0 && false\n'],
  ]),
  ...defectsOf('assembly/entity-tags.ts', CONDITIONS, [
    ['tags are compared strongly', 'cursor += 2;', 'return TAGS_MALFORMED;'],
    ['a comma ends a tag', 'byte > 0x20 && byte', 'byte > 0x20 && byte != COMMA && byte'],
    [
      'the asterisk may stand beside tags',
      'tags |= tags == 0 ? TAGS_ANY : TAGS_MALFORMED;',
      'tags |= TAGS_ANY;',
    ],
    [
      'tags may stand beside the asterisk',
      '(tags & TAGS_ANY) != 0 ? TAGS_MALFORMED : TAGS_SOME',
      'TAGS_SOME',
    ],
    ['no comma between tags', 'if (cursor < end && load<u8>(cursor) != COMMA) return TAGS_MALFORMED;', ''],
  ]),
  ...defectsOf('assembly/http-date.ts', CONDITIONS, [
    [
      'two digits are always of this century',
      'secondsUnchecked(2000 + year - 50, month, day, time) > now',
      'false',
    ],
    ['50 years ahead are too many', 'month, day, time) > now', 'month, day, time) >= now'],
    ['every fourth year is a leap year', ' || (year % 100 == 0 && year % 400 != 0)', ''],
    ['every month has 31 days', ' || day > <i32>load<u8>(MONTH_DAYS + month)', ' || day > 31'],
    ['there is no leap second', '<u32>second > 60', '<u32>second > 59'],
    [
      'a day of asctime has two digits',
      'load<u8>(cursor, 8) == SP ? digit(cursor + 9) : twoDigits(cursor + 8)',
      'twoDigits(cursor + 8)',
    ],
    ['the year begins in January', 'month < 2 ? year + 399 : year + 400', 'year + 400'],
  ]),
  ...defectsOf('assembly/redirect.ts', REDIRECT, [
    [
      'a redirect leads to the port of HTTP',
      'const name = skipName(host, hostEnd);',
      'const name = hostEnd;',
    ],
    ['IPv6 ends at its first colon', '== BRACKET ? BRACKET_END : COLON;', '== BRACKET ? COLON : COLON;'],
    ['the port of HTTPS is always written', 'if (port != HTTPS_PORT)', 'if (port != 0)'],
    ['a target in absolute-form is a path', 'if (load<u8>(target) != SLASH) {', 'if (target == 0) {'],
    ['a query belongs to the host', ' && load<u8>(hostEnd) != QUESTION', ''],
    ['a target without a path has none', 'store<u8>(output++, SLASH);', 'output += 0;'],
    ['a missing Host is that of the request before', '& FLAG_HOST) != 0 &&', '| FLAG_HOST) != 0 &&'],
    ['an empty Host is a host', 'load<u16>(record, RECORD_HOST_BYTES) != 0 &&', ''],
    ['a port is a host', 'RECORD_HOST_OFFSET)) != COLON', 'RECORD_HOST_OFFSET)) != 0'],
    ['an asterisk is a path', 'return first != ASTERISK;', 'return first != 0;'],
  ]),
  ...defectsOf('assembly/response.ts', REDIRECT, [
    [
      'a request without a host is redirected',
      'if (index == PREPARED_REDIRECT && !namesPlace(slot)) index = -ERROR_NO_PLACE;',
      '',
    ],
    ['every response has a Location', 'if (index == PREPARED_REDIRECT) output =', 'output ='],
  ]),
  ...defectsOf('assembly/routes.ts', REDIRECT, [
    [
      'a target on HTTPS is redirected to itself',
      'return https && redirect != PREPARED_NONE ? -ERROR_MISDIRECTED : redirect;',
      'return redirect;',
    ],
    ['the caller is not asked about a target on HTTPS', 'https && redirect != PREPARED_NONE', 'https'],
  ]),
  ...defectsOf('assembly/serve.ts', REDIRECT, [
    ['routes answer where requests are redirected', 'redirects ? findRedirect(slot, start) : ', ''],
    [
      'a redirect waits for the content, whose bytes it names',
      'early = prepared == PREPARED_REDIRECT && state != STATE_START;',
      '',
    ],
    [
      'a redirect is sent before and behind the content',
      'store<i32>(record, PREPARED_NONE, RECORD_PREPARED);',
      '',
    ],
    [
      'a redirect does not remember that it has announced the close',
      '| FLAG_LAST, RECORD_FLAGS)',
      '| 0, RECORD_FLAGS)',
    ],
    [
      'a client that waits for 100 Continue is believed to send the content',
      'const abandons = early && expectsContinue(record);',
      'const abandons = false;',
    ],
    [
      'a redirect takes no more room than a prepared response',
      'max(PREPARED_RESPONSE_BYTES_MAX, load<i32>(HEADER_HEAD_BYTES_MAX))',
      'PREPARED_RESPONSE_BYTES_MAX',
    ],
  ]),
  ...defectsOf('assembly/routes.ts', CONDITIONS, [
    ['all responses are on condition', 'load<i32>(prepared, PREPARED_CONDITIONAL) == 0 || ', ''],
  ]),
  ...defectsOf('assembly/events.ts', EVENTS, [
    ['events of the call before stay', 'store<i32>(slot, 0, CONTROL_EVENT_COUNT);', ''],
    ['one event more than fits is recorded', '? 1 : EVENT_COUNT_MAX)', '? 1 : EVENT_COUNT_MAX + 1)'],
    ['an event keeps values of the event before', 'memory.fill(event, 0, EVENT_BYTES);', ''],
    ['all responses of a call share one event', ' || load<i32>(event, EVENT_RESPONSE) != 0)', ')'],
    [
      'the first response of a call has the event of another call',
      'load<i32>(slot, CONTROL_EVENT_COUNT) == 0 || ',
      '',
    ],
  ]),
];
