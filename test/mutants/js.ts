// Defects of the JS engine: where it differs from its twin, and a choice of where it doesn't.

import { type Defect, defectsOf } from './defect.ts';

const EVENTS = ['test/protocol/events.test.ts'];
const CONDITIONS = ['test/protocol/conditions.test.ts'];
const PARSE = ['test/protocol/parse.test.ts'];
const SERVE = ['test/protocol/serve.test.ts'];
const ROUTES = ['test/protocol/routes.test.ts'];
const REDIRECT = ['test/protocol/redirect.test.ts'];
const CONSUME = ['test/protocol/consume.test.ts'];
const BUILD = ['test/protocol/build.test.ts'];

export const jsDefects: Defect[] = [
  ...defectsOf('src/protocol/js/request.ts', PARSE, [
    ['CONNECT passes', 'if (method === METHOD_CONNECT)', 'if (method < 0)'],
    ['a method may not fill its limit', 'size > METHOD_BYTES_MAX', 'size >= METHOD_BYTES_MAX'],
    ['a target may not fill its limit', 'size > sizeMax', 'size >= sizeMax'],
    ['GET is believed of bytes behind the end', 'head + 4 <= end && ', ''],
    [
      'a version is believed of bytes behind the end',
      'next <= end ? knownMinor(data, cursor) : -1',
      'knownMinor(data, cursor)',
    ],
    ['HTTP/1.0 is taken for HTTP/1.1', 'version === SLASH_1_0 ? 0 : -1', 'version === SLASH_1_0 ? 1 : -1'],
    ['a method is known by its beginning', 'name.length === size && ', ''],
    [
      'a method is resumed at its start',
      'cursor = skip(bytes, TCHAR, cursor, end);',
      'cursor = skip(bytes, TCHAR, start, end);',
    ],
    [
      'a resumed target is scanned from its start',
      'skip(bytes, TARGET, cursor, end)',
      'skip(bytes, TARGET, target, end)',
    ],
    ['a form of target is judged one byte late', 'head, cursor + 1);\n    }', 'head, cursor + 2);\n    }'],
  ]),
  ...defectsOf('src/protocol/js/section.ts', PARSE, [
    ['the end of a line is believed of bytes behind the end', 'cursor + 2 <= end && ', ''],
    ['a bare CR ends a line', ' && bytes[cursor + 1] === LF', ''],
    [
      'an empty field name passes',
      'if (!ended || bytes[colon] !== COLON || colon === name)',
      'if (!ended || bytes[colon] !== COLON)',
    ],
    [
      'one field less than may be',
      'fieldCount === words[HEADER_FIELD_COUNT_MAX >> 2]',
      'fieldCount + 1 === words[HEADER_FIELD_COUNT_MAX >> 2]',
    ],
    ['a head may not fill its limit', 'return cursor - head > ', 'return cursor - head >= '],
    ['an unfinished head may fill its limit', 'if (end - head >= ', 'if (end - head > '],
    [
      'the flags are lost in a resume',
      'words[(record + RECORD_FLAGS) >> 2] = flags;\n  return MORE;',
      'return MORE;',
    ],
    ['the cursor is lost in a resume', 'words[(record + RECORD_CURSOR) >> 2] = cursor - start;', ''],
    [
      'a resumed line is scanned from its start',
      'skipFieldValue(bytes, data, cursor, end)',
      'skipFieldValue(bytes, data, name, end)',
    ],
  ]),
  ...defectsOf('src/protocol/js/scanner.ts', PARSE, [
    ['a value is believed of bytes behind the end', 'Math.min(cursor + 4, end)', 'cursor + 4'],
    ['a value ends one byte early', 'cursor < end && members', 'cursor + 1 < end && members'],
    [
      'DEL is overlooked',
      '((word - 0x20202020) & ~word) | ((del - 0x01010101) & ~del)',
      '(word - 0x20202020) & ~word',
    ],
    [
      'letters in upper case differ from lower case',
      '!(isLowerLetter(expected) && (byte | 0x20) === expected)',
      'true',
    ],
  ]),
  ...defectsOf('src/protocol/js/chars.ts', PARSE, [
    ['a slash passes in a name', 'TOKEN_MARKS + DIGIT', "'/' + TOKEN_MARKS + DIGIT"],
    ['a quote passes in a target', "`!$%&'()*+,-./:;=?@[]", '`"!$%&\'()*+,-./:;=?@[]'],
    ['an at sign passes in a host', '`-._~!$', '`@-._~!$'],
    ['0x1f passes in a value', 'byte >= SP ||', 'byte >= SP - 1 ||'],
  ]),
  ...defectsOf('src/protocol/js/fields.ts', PARSE, [
    ['a second Host passes', 'return flags | FLAG_HOST_AGAIN', 'return flags'],
    ['a second Content-Length passes', 'flags & FLAG_CONTENT_LENGTH || length < 0', 'length < 0'],
    [
      'a second line of Transfer-Encoding begins a new list',
      '!(flags & FLAG_TRANSFER_ENCODING) && isChunked',
      'isChunked',
    ],
    ['an expectation beside 100-continue passes', 'flags |= expectationFlag', 'flags = expectationFlag'],
    ['only the last connection option counts', 'options |= connectionOption', 'options = connectionOption'],
  ]),
  ...defectsOf('src/protocol/js/coding.ts', PARSE, [
    ['codings may follow chunked', ' || flags & FLAG_CHUNKED ||', ' ||'],
    ['chunked may have parameters', ' || (chunked && next !== parameters)', ''],
    ['a quote needs no end', 'return 0;\n}\n\nfunction skipOws', 'return end;\n}\n\nfunction skipOws'],
  ]),
  ...defectsOf('src/protocol/js/number.ts', PARSE, [
    ['a length may be larger than is exact', 'if (value > Number.MAX_SAFE_INTEGER) return -1;', ''],
    [
      'a length may begin with a sign',
      'if (!isDigit(byte)) return -1;',
      'if (byte === 0x2b) continue;\n    if (!isDigit(byte)) return -1;',
    ],
  ]),
  ...defectsOf('src/protocol/js/framing.ts', PARSE, [
    [
      'Transfer-Encoding passes in HTTP/1.0',
      'flags & FLAG_CONTENT_LENGTH || minor === 0',
      'flags & FLAG_CONTENT_LENGTH',
    ],
    ['content may not fill its limit', 'if (length > (', 'if (length >= ('],
    [
      'an unknown expectation passes',
      'flags & FLAG_EXPECT_OTHER && minor !== 0',
      'flags & FLAG_EXPECT_OTHER && minor > 1',
    ],
    ['close is forgotten', ' && !(flags & FLAG_CLOSE)', ''],
  ]),
  ...defectsOf('src/protocol/js/host.ts', PARSE, [
    [
      'an address may be left open',
      'cursor !== 0 && cursor < end && bytes[cursor] === BRACKET_END',
      'cursor !== 0',
    ],
    ['seven groups pass', 'groups === GROUPS', 'groups >= GROUPS - 1'],
    ['a percent sign encodes with one digit', ' || !isHex(bytes[cursor + 2] as number)', ''],
    ['an octet may be 256', 'value > OCTET_MAX', 'value > OCTET_MAX + 1'],
    [
      'the first digit of a port is not judged',
      'for (cursor++; cursor < end; cursor++)',
      'for (cursor += 2; cursor < end; cursor++)',
    ],
  ]),
  ...defectsOf('src/protocol/js/target.ts', PARSE, [
    ['a query ends no authority', ' && bytes[cursor] !== QUESTION', ''],
    ['a scheme alone is a target', 'cursor > authority && ', ''],
  ]),
  ...defectsOf('src/protocol/js/chunked.ts', SERVE, [
    ['a chunk size of 2^53 passes', 'size > Number.MAX_SAFE_INTEGER', 'size > Number.MAX_SAFE_INTEGER + 1'],
    ['chunked content may be one byte larger', 'if (sum > (', 'if (sum - 1 > ('],
    [
      'extensions may be one byte longer',
      'if (size > EXTENSION_BYTES_MAX)',
      'if (size - 1 > EXTENSION_BYTES_MAX)',
    ],
    [
      'extensions have no end between two reads',
      'words[(record + RECORD_EXTENSION_BYTES) >> 2] = size;',
      'if (cursor < end) words[(record + RECORD_EXTENSION_BYTES) >> 2] = size;',
    ],
    ['A is not a hexadecimal digit', '(byte | 0x20) - 0x57', 'byte - 0x57'],
    [
      'chunks may follow the last one',
      'state = size === 0 ? STATE_TRAILER',
      'state = size === 0 ? STATE_CHUNK_DATA_LF',
    ],
    [
      'the state is lost between two reads',
      'words[(record + RECORD_STATE) >> 2] = state;',
      'if (cursor < end) words[(record + RECORD_STATE) >> 2] = state;',
    ],
  ]),
  ...defectsOf('src/protocol/js/content.ts', SERVE, [
    ['the last byte of the content counts to the next request', '>> 3] === 0)', '>> 3]! <= 1)'],
    [
      'a trailer section begins anew with each read',
      'end, state, STATE_TRAILER',
      'end, STATE_START, STATE_TRAILER',
    ],
  ]),
  ...defectsOf('src/protocol/js/codec.ts', SERVE, [
    ['output has no end', 'position > outputEnd || (events', 'false || (events'],
    ['draining closes nothing', ' || (draining && start === end)', ''],
    [
      'requests are counted by reads',
      'add(statistics + STATISTICS_REQUESTS, answered);',
      'add(statistics + STATISTICS_REQUESTS, 1);',
    ],
    ['the error of an earlier turn stays', 'words[(slot + CONTROL_ERROR) >> 2] = 0;', ''],
    [
      'a refusal may persist',
      'counterAdd, slot, -error, output, true, false',
      'counterAdd, slot, -error, output, false, true',
    ],
    ['a refusal outside of a request has the method of the last one', 'forgetMethod(views, record);', ''],
  ]),
  ...defectsOf('src/protocol/js/response.ts', SERVE, [
    ['HEAD is answered with content', 'if (headOnly) return output;', ''],
    ['HEAD is not counted', 'counter === 0 ? 0 : counterAdd', 'counter === 0 || headOnly ? 0 : counterAdd'],
  ]),
  ...defectsOf('src/protocol/js/routes.ts', ROUTES, [
    [
      'a path answers any method',
      'if (method !== METHOD_GET && method !== METHOD_HEAD) return fallback;',
      '',
    ],
    [
      'no path is looked up',
      'if (bytes[path] !== SLASH)',
      'if (bytes[path] === SLASH) return fallback;\n  else',
    ],
    ['a scheme has a case', ' | 0x20) === S', ') === S'],
    ['https is answered as http is', 'return isHttps(bytes, path) ?', 'return path === 0 ?'],
    ['paths of one size and bucket are one path', ' && isEqual(bytes, path, known, size))', ' && known > 0)'],
    [
      'only the last path of a bucket is known',
      'index = words[prepared + (PREPARED_NEXT >> 2)] as number;',
      'break;',
    ],
    ['a path is known by its beginning', 'words[prepared + (PREPARED_PATH_BYTES >> 2)] === size && ', ''],
    [
      'the first byte behind the slash is not compared',
      'let i = 0; i < size; i++',
      'let i = 2; i < size; i++',
    ],
  ]),
  ...defectsOf('src/protocol/js/scanner.ts', ROUTES, [
    ['a query belongs to the path', 'bytes[cursor] !== QUESTION', 'bytes[cursor] !== 0'],
  ]),
  ...defectsOf('src/protocol/js/codec.ts', ROUTES, [
    [
      'a request that is handed over is not counted',
      'answered++;\n          verdict = VERDICT_REQUEST;',
      'verdict = VERDICT_REQUEST;',
    ],
    [
      'the content of a request handed over is a request',
      'if (!((words[(record + RECORD_FLAGS) >> 2] as number) & FLAG_LAST)) continue;',
      'if (words[(record + RECORD_FLAGS) >> 2] === -1) continue;',
    ],
    [
      'a request with content forgets its route',
      'words[(record + RECORD_PREPARED) >> 2] = prepared;',
      'words[(record + RECORD_PREPARED) >> 2] = end === cursor ? 0 : prepared;',
    ],
    ['the caller does not learn where a head lies', 'words[(slot + CONTROL_HEAD) >> 2] = start;', ''],
  ]),
  ...defectsOf('src/protocol/js/codec.ts', BUILD, [
    [
      'a response is begun at the end of the output',
      'regionEnd(output) - responseBytesMax(redirects)',
      'regionEnd(output)',
    ],
  ]),
  ...defectsOf('src/protocol/js/codec.ts', REDIRECT, [
    ['routes answer where requests are redirected', 'redirects ? findRedirect(views, slot, start) : ', ''],
    [
      'a redirect does not remember that it has announced the close',
      'if (close) words[(record + RECORD_FLAGS) >> 2] = flags | FLAG_LAST;',
      '',
    ],
    [
      'a redirect takes no more room than a prepared response',
      'redirects ? Math.max(',
      'redirects ? Math.min(',
    ],
  ]),
  ...defectsOf('src/protocol/js/redirect.ts', REDIRECT, [
    [
      'a redirect leads to the port of HTTP',
      'skipName(bytes, host, hostEnd) - host',
      'Math.max(skipName(bytes, host, hostEnd), hostEnd) - host',
    ],
    ['a query belongs to the host', ' && bytes[hostEnd] !== QUESTION', ''],
    ['a missing Host is that of the request before', '& FLAG_HOST) !== 0 &&', '| FLAG_HOST) !== 0 &&'],
  ]),
  ...defectsOf('src/protocol/js/content.ts', CONSUME, [
    ['a piece comes again', 'words[(record + RECORD_PIECE_BYTES) >> 2] = 0;', ''],
    [
      'trailers that break leave their message',
      'if (result < 0) words[(record + RECORD_STATE) >> 2] = STATE_TRAILER;\n  else',
      'if (result > 0)',
    ],
    ['trailers have no size', 'else words[(record + RECORD_TRAILER_BYTES) >> 2] = result - start;', ''],
  ]),
  ...defectsOf('src/protocol/js/extension.ts', CONSUME, [
    [
      'a value may be empty',
      'return isOws(byte) ? state : MALFORMED;\n    case STATE_EXTENSION_VALUE:',
      'return isOws(byte) ? state : behindExtension(byte);\n    case STATE_EXTENSION_VALUE:',
    ],
    ['a quote may run over a line', 'return isFieldByte(byte) ? state : MALFORMED', 'return state'],
    [
      'white space ends an extension',
      'return isOws(byte) ? STATE_EXTENSION : MALFORMED',
      'return isOws(byte) ? STATE_CHUNK_SIZE_LF : MALFORMED',
    ],
  ]),
  ...defectsOf('src/protocol/js/chunked.ts', CONSUME, [
    [
      'two chunks are one piece',
      'state = STATE_CHUNK_DATA_CR;\n      break;',
      'state = STATE_CHUNK_DATA_CR;\n      continue;',
    ],
  ]),
  ...defectsOf('src/protocol/js/response.ts', BUILD, [
    [
      'chunks are not announced',
      'if (length === LENGTH_CHUNKED) output = write(bytes, output, CHUNKED);',
      '',
    ],
    ['a length of 0 is not announced', 'if (length >= 0)', 'if (length > 0)'],
    ['a connection that closes stays open, too', 'else if (sayPersistent)', 'if (sayPersistent)'],
  ]),
  ...defectsOf('src/protocol/js/conditions.ts', CONDITIONS, [
    ['a malformed list may match', '(tags & TAGS_MALFORMED) === 0 && ', ''],
    ['the last of several dates counts', 'if (value !== 0) return false;', ''],
    ['the same date is later', 'modified <= parse', 'modified < parse'],
  ]),
  ...defectsOf('src/protocol/js/entity-tags.ts', CONDITIONS, [
    ['tags are compared strongly', 'cursor += 2;', 'return TAGS_MALFORMED;'],
    ['a comma ends a tag', 'byte > 0x20 && byte', 'byte > 0x20 && byte !== COMMA && byte'],
    ['no comma between tags', 'if (cursor < end && bytes[cursor] !== COMMA) return TAGS_MALFORMED;', ''],
  ]),
  ...defectsOf('src/protocol/js/http-date.ts', CONDITIONS, [
    [
      'two digits are always of this century',
      'secondsUnchecked(2000 + year - 50, month, day, time) > now',
      'false',
    ],
    ['every fourth year is a leap year', ' || (year % 100 === 0 && year % 400 !== 0)', ''],
  ]),
  ...defectsOf('src/protocol/validators.ts', CONDITIONS, [
    ['two ETags are one', 'first === undefined || second !== undefined', 'first === undefined'],
    ['a 304 describes the content', '!METADATA.has(name) && ', ''],
    ['a 304 has Last-Modified beside its ETag', "hasTag && name === 'last-modified'", 'false'],
  ]),
  ...defectsOf('src/protocol/js/events.ts', EVENTS, [
    ['events of the call before stay', 'words[(slot + CONTROL_EVENT_COUNT) >> 2] = 0;', ''],
    ['one event more than fits is recorded', '? 1 : EVENT_COUNT_MAX)', '? 1 : EVENT_COUNT_MAX + 1)'],
    ['an event keeps values of the event before', 'bytes.fill(0, event, event + EVENT_BYTES);', ''],
    ['all responses of a call share one event', ' || words[(event + EVENT_RESPONSE) >> 2] !== 0)', ')'],
    [
      'the first response of a call has the event of another call',
      'words[(slot + CONTROL_EVENT_COUNT) >> 2] === 0 || ',
      '',
    ],
  ]),
];
