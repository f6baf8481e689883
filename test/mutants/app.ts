// Defects of the application layer, file by file.

import { type Defect, defectsOf } from './defect.ts';

const SEND = ['test/app/send.test.ts'];
const GLOBALS = ['test/app/globals.test.ts'];
const ROUTES = ['test/app/routes.test.ts'];
const APPLICATION = ['test/app/dispatcher.test.ts'];
const URL = ['test/app/url.test.ts'];
const PROXY = ['test/connection/proxy.test.ts'];
const AUTHORITY = ['test/app/authority.test.ts'];
const CONTEXT = ['test/app/context.test.ts'];
const REQUEST = ['test/app/request.test.ts'];
const IN_PLACE = ['test/app/body-in-place.test.ts'];
const FIELDS = ['test/app/response-fields.test.ts'];
const RESPONSE = ['test/app/response.test.ts'];
const HEADERS = ['test/app/headers.test.ts'];

export const appDefects: Defect[] = [
  ...defectsOf('src/app/routes.ts', ROUTES, [
    ['Allow lacks OPTIONS', "[...methods.keys(), 'OPTIONS']", '[...methods.keys()]'],
    ['any name is a method', 'if (!METHODS.includes(method))', "if (method === '')"],
    [
      'a pattern has the place of an exact path',
      'isExact && isGet ? shape : undefined',
      'isGet ? shape : undefined',
    ],
    ['POST is answered by the engine', "method === 'GET' && !('HEAD' in answers)", "!('HEAD' in answers)"],
    [
      'an encoded dot segment is a parameter',
      'if (normal !== path) return this.find(normal);',
      "if (normal !== path && path.includes('/../')) return this.find(normal);",
    ],
  ]),
  ...defectsOf(
    'src/app/routes.ts',
    ['test/app/route-errors.test.ts'],
    [
      [
        'a second route for the same paths hides the first one',
        'if (same !== undefined)\n',
        "if (same === '')\n",
      ],
    ],
  ),
  ...defectsOf('src/app/route-tree.ts', ROUTES, [
    [
      'a parameter may be empty',
      "if (node.parameter !== undefined && segment !== '')",
      'if (node.parameter !== undefined)',
    ],
    ['a parameter that led nowhere stays', 'parts.pop();', ''],
    [
      'a literal segment that leads nowhere ends the search',
      'if (value !== undefined) return value;\n    }\n    if (node',
      'return value;\n    }\n    if (node',
    ],
    [
      '* must stand for a segment',
      'if (node.rest !== undefined) parts',
      'if (from > path.length) return undefined;\n  if (node.rest !== undefined) parts',
    ],
  ]),
  ...defectsOf('src/app/route-pattern.ts', ROUTES, [
    ['a route is compared as the program wrote it', "normalPath(pattern.replaceAll(' ', '%20'))", 'pattern'],
    ['a space at the end of a route is lost', "pattern.replaceAll(' ', '%20')", 'pattern'],
  ]),
  ...defectsOf(
    'src/app/route-pattern.ts',
    ['test/app/route-errors.test.ts'],
    [
      [
        '* in the middle is one segment',
        'return last ? undefined : "may',
        'return last || true ? undefined : "may',
      ],
      [
        'two parameters may have one name',
        'if (twice !== undefined)',
        "if (twice !== undefined && pattern === '')",
      ],
      ['a name may be anything', '/^[A-Za-z_][A-Za-z0-9_]*$/', '/^[^:]+$/'],
    ],
  ),
  ...defectsOf(
    'src/app/path.ts',
    ['test/app/path.test.ts'],
    [
      [
        'encoded characters stay encoded',
        'stays ? encoded.toUpperCase() : character',
        'encoded.toUpperCase()',
      ],
      ['digits in lower case stay', 'stays ? encoded.toUpperCase()', 'stays ? encoded'],
      ['a slash may be encoded', '/[\\w\\-.~]/', '/[\\w\\-.~/]/'],
      ['decoding may make a code of a bare percent sign', '|| completes(between, character)', ''],
      ['a path with an encoded letter is normal', '|[46]0|', '|[46][\\dA-F]|'],
      ['an encoded dot is normal', '|2[\\\\dA-CF]|', '|2[\\\\dA-F]|'],
    ],
  ),
  ...defectsOf('src/app/is-promise.ts', APPLICATION, [
    [
      'only the promises of the platform are waited for',
      "typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'",
      'value instanceof Promise',
    ],
  ]),
  ...defectsOf('src/app/dispatcher.ts', APPLICATION, [
    [
      'a request whose handler rejects gets no response',
      '(error: unknown) => this.fail(exchange, request, error),',
      '() => {},',
    ],
    [
      'a promise of a response that can not be sent gets no response',
      'this.send(exchange, request, response);\n    } catch (error) {\n      this.fail(exchange, request, error);\n    }\n  }\n\n  private send',
      'this.send(exchange, request, response);\n    } catch {}\n  }\n\n  private send',
    ],
    ['an error handler that rejects is not answered for', '.catch(refuse);', '.catch(() => {});'],
    [
      'an error handler that throws ends the connection',
      '} catch (cause) {\n      refuse(cause);',
      '} catch (cause) {\n      exchange.breakOff();',
    ],
    ['OPTIONS is refused', "if (method === 'OPTIONS')", "if (method === 'HEAD')"],
    [
      'an error handler is called for a request that is over',
      'if (exchange.over) return;\n    const error = explained',
      'const error = explained',
    ],
    [
      'a failure is reported though the client has aborted',
      'if (exchange.aborted === undefined)\n',
      'if (exchange.aborted !== null)\n',
    ],
    ['the log tells the query', 'pathOf(target)}`, error', 'target}`, error'],
    [
      'fetch comes before the routes',
      'if (this.routes !== undefined) {',
      'if (this.routes !== undefined && this.fetch === undefined) {',
    ],
  ]),
  ...defectsOf('src/app/path.ts', APPLICATION, [
    [
      'a slash in a query begins a path',
      'const path = query < 0 ? target : target.slice(0, query);',
      "const path = query < 0 || !target.startsWith('/') ? target : target.slice(0, query);",
    ],
    ['a query is a part of the path', 'query < 0 ? target : target.slice(0, query)', 'target'],
  ]),
  ...defectsOf('src/app/fixed-responses.ts', APPLICATION, [
    [
      'conditions apply to a response of any status',
      'statusCode === 200 ? validatorsOf(fields) : undefined',
      'validatorsOf(fields)',
    ],
    ['conditions bind every method', "if (method !== 'GET' && method !== 'HEAD') return false;", ''],
    ['the first line of If-None-Match is all', 'i = head.findField(name, i + 1)', 'i = -1'],
    ['a 304 keeps all fields of the 200', 'unmodifiedFields(fields)', 'fields'],
    ['responses prepared for an earlier application stay', 'this.plane.slot.prepared.forgetRoutes();', ''],
    [
      'a response that does not fit into the slot is an error',
      'if (!(error instanceof RangeError)) throw error;',
      'throw error;',
    ],
    ['a fixed response that has no content tells its length', 'bare: isBare(statusCode)', 'bare: false'],
    [
      'a response without a place in the slot replaces another',
      'if (path === undefined) return;',
      "path ??= '/';",
    ],
  ]),
  ...defectsOf('src/app/send.ts', SEND, [
    [
      'a piece without bytes is the last chunk',
      'if (bytes.length > 0 && !this.exchange',
      'if (!this.exchange',
    ],
    ['a stream that fails looks whole', 'if (begun) exchange.breakOff();', "if (begun) exchange.end('');"],
    ['the failure of a stream is not reported', 'failed?.(exchange, request, reason, begun);', '{}'],
    ['a response with trailers tells its length', 'trailers === undefined ? length : undefined', 'length'],
    ['Response.error() is sent', 'status >= 200 && status <= 599', 'status >= 0 && status <= 599'],
    [
      'a stream that no client reads is not cancelled',
      'cancel(body, exchange.aborted);\n    return;',
      'return;',
    ],
    [
      'a stream that HEAD does not want is not cancelled',
      "cancel(body, undefined);\n    exchange.end('');",
      "exchange.end('');",
    ],
    [
      'HEAD gets Content-Length 0 although GET has content',
      "if (content === null && exchange.head.method === 'HEAD') {",
      'if (content === null && exchange.aborted !== undefined) {',
    ],
    [
      'a response whose body was read is sent without content',
      'if (body?.locked || response.bodyUsed)',
      'if (body?.locked)',
    ],
    ['a fixed response has the bytes of the program', 'new Uint8Array(whole)', 'whole'],
    [
      'preparing a fixed response consumes its body',
      'bytesIn(response.clone().body)',
      'bytesIn(response.body)',
    ],
    [
      'a response that fails before it has gone is broken off',
      'failed === undefined || !exchange.withdraw()',
      'true',
    ],
    ['the date of a response is the server’s', 'own || date !== undefined ?', 'own ?'],
    ['a reason phrase of a native response may end its line', ' && isReasonPhrase(statusText);', ';'],
  ]),
  ...defectsOf(
    'src/app/given-content.ts',
    ['test/app/given-content.test.ts'],
    [
      ['a response whose content was taken can be sent again', 'stream.cancel().catch(ignore);', ''],
      ['a class with another body is sent with its own', ' || stream !== body.stream', ''],
      ['bytes are those that a clone gives', 'return new Uint8Array(source);', 'return source;'],
      ['the content of a locked response is taken', 'if (stream.locked || ', 'if ('],
      ['large bytes are copied', ' || length > COPIED_BYTES_MAX', ''],
    ],
  ),
  ...defectsOf(
    'src/app/advice.ts',
    ['test/serve.test.ts'],
    [['a program is advised again and again', 'if (given || ', 'if (', 'is told once what to import']],
  ),
  ...defectsOf(
    'src/app/send.ts',
    ['test/serve.test.ts'],
    [
      [
        "a fetched response is taken for the program's own",
        "return response.body !== null && response.url === '' &&",
        'return response.body !== null &&',
        'is told nothing of a fixed',
      ],
      [
        "a redirection by hotpath is taken for the platform's",
        "return response.body !== null && response.url === '' &&",
        "return response.url === '' &&",
        'is told nothing of a fixed',
      ],
    ],
  ),
  ...defectsOf('src/app/piece-encoder.ts', SEND, [
    [
      'part of a buffer is all of it',
      'new Uint8Array(source.buffer, source.byteOffset, source.byteLength)',
      'new Uint8Array(source.buffer)',
    ],
    [
      'a pair of surrogates is cut in two',
      'if (isFirstHalf(text.charCodeAt(text.length - 1))) {',
      "if (text === '') {",
    ],
    ['half of a surrogate pair is lost at the end', 'return Buffer.from(half);', 'return NOTHING;'],
  ]),
  ...defectsOf('src/app/globals.ts', GLOBALS, [
    [
      'a global that another program replaced is removed',
      'if (Reflect.get(globalThis, name) === value) Object',
      'Object',
    ],
    ['another body takes no place', 'native(input) : light[toBodiless]()', 'native(input) : native(input)'],
    ['native Requests are no instances', 'admitNativeInstances(Request, NativeRequest);', ''],
    [
      'a light Request is rejected as options of a Request',
      'super(inputOf(input, init), native(init))',
      'super(inputOf(input, init), init)',
    ],
    [
      'fetch() rejects light Requests',
      'nativeFetch(inputOf(input, init), native(init))',
      'nativeFetch(input, native(init))',
    ],
    ['all names are enumerable', 'value, enumerable, writable', 'value, enumerable: true, writable'],
  ]),
  ...defectsOf('src/app/url.ts', URL, [
    ['the scheme of the request before stays', '|| scheme !== this.lastScheme) {', ') {'],
    ['the host of the request before stays', 'if (host !== this.lastHost || scheme', 'if (scheme'],
    [
      'a path of two slashes is an authority',
      'new URL(origin + normalTarget(target)).href',
      'new URL(normalTarget(target), origin).href',
    ],
    [
      'Host has precedence over the authority of the target',
      'this.originOf(target.scheme, target.authority)',
      'this.originOf(target.scheme, head.host)',
    ],
    [
      'without a Host there is no URL',
      '?? (urlOfAuthority(scheme, this.ownHost) as URL)',
      "?? ({ origin: '' } as URL)",
    ],
    [
      'a URL has the origin of an earlier request',
      'target !== target || kept.origin !== origin',
      'target !== target',
    ],
    ['a URL has the path of an earlier request', 'kept.target !== target || kept', 'kept'],
  ]),
  ...defectsOf('src/app/allowed-hosts.ts', URL, [
    [
      'a host may hold more than a host name',
      'return url.href === ',
      "return url.href !== '' || url.href === ",
    ],
  ]),
  ...defectsOf('src/app/allowed-hosts.ts', AUTHORITY, [
    ['a name that ends like an allowed one is allowed', 'name.endsWith(`.', 'name.endsWith(`'],
    ['a name and its form with a final dot differ', "name.endsWith('.') ? name.slice(0, -1) : name", 'name'],
    ['a host without a port matches port 80 only', 'DEFAULT_PORTS[scheme]', "'80'"],
    ['a host pattern ignores its port', 'host.port === undefined || host.port === port', 'true'],
  ]),
  ...defectsOf('src/app/authority.ts', AUTHORITY, [
    [
      'a request for https is served on a plain connection',
      "this.schemeOf(received) !== 'https'",
      'target.authority === head.method',
    ],
    [
      'a plain listener beside one of HTTPS passes for it',
      'clientScheme(head, access) ?? scheme',
      "clientScheme(head, access) ?? (access.speaksTls ? 'https' : scheme)",
    ],
    [
      'the engine refuses requests for https of a server that speaks TLS',
      'this.access.speaksTls === true || ',
      '',
    ],
    [
      'Host counts where the target has an authority',
      'target.scheme, target.authority)',
      'target.scheme, head.host)',
    ],
    ['the answer for the host before stays', ' || last.authority !== authority', ''],
  ]),
  ...defectsOf('src/app/context.ts', CONTEXT, [
    [
      "a trusted proxy's scheme is not the context's",
      'schemeOf(this.#exchange, this.#environment)',
      'this.#exchange.scheme',
    ],
  ]),
  ...defectsOf('src/app/path.ts', URL, [
    ['an apostrophe in a query stays', '?[\\\\w!$&()*+', "?[\\\\w!$&'()*+"],
    ['dot segments stay', '|~";\n', '|~.";\n'],
  ]),
  ...defectsOf('src/app/path.ts', ROUTES, [
    [
      'a path of two slashes has lost its first segment',
      'path : new URL(`http://a',
      'path : new URL(decodeUnreserved(path), `http://a',
    ],
  ]),
  ...defectsOf('src/connection/proxy.ts', PROXY, [
    ['the client may say who it is', 'entries[Math.max(0, entries.length - place)]', 'entries[0]'],
    ['one trusted proxy too few is counted', 'entries.length - place)]', 'entries.length - place - 1)]'],
    [
      'fewer entries than proxies are none',
      'entries[Math.max(0, entries.length - place)]',
      'entries[entries.length - place]',
    ],
    ['empty entries count', ".filter((entry) => entry !== '')", ''],
    [
      'X-Forwarded-Proto counts where only X-Forwarded-For does',
      "} else if (trustProxyField.includes('x-forwarded-proto')) {",
      '} else {',
    ],
    ['anything is an address', 'return isIP(name) === 0 ? UNKNOWN : name;', 'return name;'],
    [
      'a client without an address is the peer',
      "(elementFromRight(field, trustProxy)?.get('for') ?? '')",
      "(elementFromRight(field, trustProxy)?.get('for') ?? peer)",
    ],
    [
      'anything is a scheme',
      "return scheme === 'http' || scheme === 'https' ? scheme : undefined;",
      'return scheme as Scheme | undefined;',
    ],
    ['a scheme is compared by case', 'scheme = scheme?.toLowerCase();', ''],
    ['parameters are compared by case', 'valueStart - 1).toLowerCase()', 'valueStart - 1)'],
    [
      'a broken Forwarded is believed up to where it breaks',
      'if (end === BROKEN) return undefined;',
      'if (end === BROKEN) return parameters;',
    ],
    ['quoted characters keep their backslash', ".replace(/\\\\(.)/g, '$1')", ''],
    [
      'the second of two fields is not seen',
      "combinedValue(head, 'x-forwarded-for')",
      "head.findField('x-forwarded-for') < 0 ? undefined : head.fieldValue(head.findField('x-forwarded-for'))",
    ],
  ]),
  ...defectsOf('src/app/byte-stream.ts', REQUEST, [
    ['a reader with its own buffer waits for ever', 'controller.byobRequest?.respond(0);', ''],
    ['content is read before the handler asks for it', '{ highWaterMark: 0 }', '{ highWaterMark: 1 }'],
  ]),
  ...defectsOf('src/app/request-body.ts', IN_PLACE, [
    [
      'a stream that is kept is empty after the response',
      'this.content.keep();',
      '',
      'a handler that answers at once keeps the content by taking its stream',
    ],
  ]),
  ...defectsOf('src/app/request-body.ts', REQUEST, [
    [
      'a body that was read as text may be read again',
      'this.taken = true;\n    this.end(undefined);\n    return text;',
      'this.end(undefined);\n    return text;',
    ],
    [
      'trailers behind a text are waited for',
      'this.taken = true;\n    this.end(undefined);\n    return text;',
      'this.taken = true;\n    return text;',
    ],
    [
      'a body in the hands of a reader may be read as text',
      'if (this.taken || this.opened !== undefined) return undefined;',
      'if (this.taken) return undefined;',
    ],
    ['malformed JSON throws within the call', 'return Promise.reject(error);', 'throw error;'],
    [
      'a body may be read twice',
      'if (this.unusable) throw bodyUsedError();\n    if (this.opened',
      'if (this.opened',
    ],
    ["a body in a reader's hands may be read", 'this.used || this.opened?.locked === true', 'this.used'],
    [
      'trailers are told before the end',
      'if (this.ended) this.settleTrailers();',
      'if (!this.ended) this.settleTrailers();',
    ],
    ['trailers without a reader cause an unhandled rejection', 'this.trailersRead.catch(() => {});', ''],
    [
      'a clone waits for trailers of its own',
      'new RequestBody(this.content, this.source, other)',
      'new RequestBody(this.content, undefined, other)',
    ],
    ['content that is cancelled goes on', 'this.content.cancel();', ''],
    [
      'a piece exposes its whole buffer',
      'buffer.byteLength === bytes.byteLength',
      'buffer.byteLength >= bytes.byteLength',
    ],
    ['an empty piece stops a stream', 'while (piece?.length === 0) piece = await this.read();', ''],
    [
      'a body that was read can be read as a stream',
      'this.taken ? spentStream() : this.open()',
      'this.open()',
    ],
    ['the stream of a body that was read is not locked', 'void stream.getReader().read();', ''],
  ]),
  ...defectsOf('src/protocol/token.ts', FIELDS, [
    [
      'a field name may end in bytes that are no tchar',
      ']+$`);\nconst LOWER_TOKEN',
      ']+`);\nconst LOWER_TOKEN',
    ],
  ]),
  ...defectsOf('src/protocol/server-fields.ts', FIELDS, [
    ['a program frames its messages itself', "  'transfer-encoding',\n", ''],
  ]),
  ...defectsOf('src/app/response-fields.ts', FIELDS, [
    ['a line feed is a part of a value', '[\\0\\n\\r\\u0100-\\uffff]', '[\\0\\r\\u0100-\\uffff]'],
    ['NUL is a part of a value', '[\\0\\n\\r\\u0100-\\uffff]', '[\\n\\r\\u0100-\\uffff]'],
    ['a character beyond Latin-1 is sent as a byte', '[\\0\\n\\r\\u0100-\\uffff]', '[\\0\\n\\r]'],
    ['the last of two lengths counts', "length === undefined ? value : ''", 'value'],
    ['a length may have a sign', '/^\\d+$/.test(value)', '/^[+-]?\\d+$/.test(value)'],
    ['a length may exceed the safe integers', 'Number.isSafeInteger(length) ?', 'Number.isInteger(length) ?'],
    [
      'any option that contains close closes the connection',
      '/(?:^|,)[\\t ]*close[\\t ]*(?:,|$)/i',
      '/close/i',
    ],
    ['any field may be a trailer', 'if (NO_TRAILERS.has(name)) throw', 'if (SERVER_FIELDS.has(name)) throw'],
    ['inherited members are fields', 'if (!Object.hasOwn(record, key)) continue;', ''],
    ['the line of an earlier value stays', 'field.alone = undefined;', ''],
    ['white space before a value stays', 'text.charCodeAt(0) <= 0x20 || ', ''],
    ['names are cached without limit', 'if (names.size >= KEPT_NAMES_MAX) names.clear();', ''],
    [
      'a value is kept before it is judged',
      'const text = typeof value',
      "field.value = String(value);\n  field.line = field.name + ': ' + value + '\\r\\n';\n  const text = typeof value",
    ],
  ]),
  ...defectsOf('src/app/response.ts', RESPONSE, [
    ['205 may have a body', 'status === 204 || status === 205 ||', 'status === 204 ||'],
    ['an interim status is valid for a response', '>= 200 && (status', '>= 100 && (status'],
    ['300 is ok', 'return this.#status < 300;', 'return this.#status <= 300;'],
    ['native Responses are no instances', 'admitNativeInstances(Response, NativeResponse);', ''],
    [
      'a stream can not be cloned twice',
      '// After clone() this response reads from a new stream.\n      this.#stream = native.body ?? undefined;',
      '',
    ],
    [
      'bytes are kept where the program may change them',
      'lasting ? bytesOf(body) : Buffer.from(bytesOf(body))',
      'bytesOf(body)',
    ],
    ['bytes are copied though they need not be', 'init.copy === false;', 'init.copy === null;'],
    [
      'a native Response has other headers',
      'if (this.#native.headers !== headers) refill(this.#native.headers, headers);',
      '',
    ],
    ['a stream that was read is taken', 'if (body.locked || isDisturbed(body))', 'if (body.locked)'],
    [
      'a stream takes the bytes of the program away',
      'new TextEncoder().encode(content) : new Uint8Array(content)',
      'new TextEncoder().encode(content) : (content as Uint8Array<ArrayBuffer>)',
      'stay with the program when a stream reads them',
    ],
    ['a reason phrase may end its line', 'if (!isReasonPhrase(text))', "if (text === '\\r')"],
    [
      'an init loses its headers',
      'fields = addMissing(init[fieldLines], fields);',
      'fields = addMissing(init.#fields, fields);',
    ],
  ]),
  ...defectsOf('src/app/response.ts', SEND, [
    [
      'headers that were changed are not sent',
      'this.#headers === undefined ? this.#fields : readFields(this.#headers, NO_FIELDS)',
      'this.#fields',
    ],
    [
      'content that has been read is sent again',
      'if (this.#content === null || this.#stream.locked || isDisturbed(this.#stream)) return undefined;',
      'if (this.#content === null) return undefined;',
    ],
    ['a clone has no trailers', 'trailers = init.#trailers;', ''],
    ['the body of another is read as a stream', 'this.#content = sources.get(body) ?? null;', ''],
    [
      'the length of a Blob is not sent',
      'noteLength(this.#stream, body.size);',
      'noteLength(new ReadableStream(), body.size);',
    ],
  ]),
  ...defectsOf('src/app/body-metadata.ts', SEND, [
    [
      'content that fetch() did not decode loses its coding',
      'codings.length === 0 || !codings.every(isDecoded)',
      'codings.length === 0',
    ],
    [
      'content that fetch() decoded keeps its length',
      "replace(CODING_LINE, ''), length: undefined",
      "replace(CODING_LINE, '')",
    ],
    ['content that fetch() decoded keeps its coding', "lines: fields.lines.replace(CODING_LINE, ''), ", ''],
    ['a program may not encode its streams', "if (url === '' && !passedOn.has(body)) return fields;", ''],
    [
      'any body under a fetched response counts as fetched',
      "from.url !== '' && from.body === body",
      "from.url !== ''",
    ],
  ]),
  ...defectsOf('src/app/headers.ts', HEADERS, [
    ['cookies are a list', "lowerName === 'cookie' ? '; ' : ', '", "', '"],
    ['of several field lines only two are kept', 'while (index < last &&', 'if (index < last &&'],
    ['has() does not see changes', 'if (this.#native !== undefined) return this.#native.has(name);', ''],
    ['iterators do not see changes', 'this.#pairs = undefined;\n    return', 'return'],
    [
      'a copy shares its changes',
      'new NativeHeaders(this.#native);\n    return copy',
      'this.#native;\n    return copy',
    ],
    ['names keep their case', 'head.fieldName(index).toLowerCase()', 'head.fieldName(index)'],
    ['Set-Cookie is combined', 'if (name === SET_COOKIE) {', "if (name === '') {"],
    ['any name may be asked for', 'if (!isToken(text)) throw', "if (text === '') throw"],
    ['a name in capitals is not found', 'return text.toLowerCase();', 'return text;'],
  ]),
  ...defectsOf(
    'src/app/impersonate.ts',
    ['test/app/impersonate.test.ts', ...GLOBALS],
    [
      ['only its own instances are Requests', 'this === light ? native : this', 'this'],
      ['every Request is of every class', 'this === light ? native : this', 'native'],
      ['members accept any this', 'return theirs.value.apply(targetOf(theirs.native, this), values);', ''],
      ['arguments may be missing', 'if (values.length < theirs.value.length)', 'if (values.length < 0)'],
      ['members are hidden', 'theirs.enumerable ?? false', 'false'],
      [
        'a prototype is an object of its class',
        "Object.hasOwn(Object(target), 'constructor')",
        'target === native',
      ],
    ],
  ),
  ...defectsOf('src/app/abort.ts', REQUEST, [
    ['a late listener is not called', 'listener(exchange.aborted);\n    return;', 'return;'],
    [
      'one listener takes the place of another',
      'earlier === undefined\n',
      'earlier === undefined || exchange.aborted === undefined\n',
    ],
  ]),
  ...defectsOf('src/app/request.ts', REQUEST, [
    [
      "the connection's fields are passed on",
      'for (const name of CONNECTION_FIELDS) headers.delete(name);',
      '',
    ],
    ['a clone shares its headers', 'this.#headers?.copy()', 'this.#headers'],
    ['a clone has no params', 'clone.params = this.params;', ''],
    [
      'a request with Content-Length 0 has no body',
      "head.findField('content-length') < 0 ? undefined : NO_BYTES",
      'undefined',
    ],
    ['GET has an empty body', "if (method === 'GET' || method === 'HEAD') return undefined;", ''],
    [
      'trailers of no content wait for its end',
      'if (this.#exchange.content === undefined) return',
      'if (this.#content() === undefined) return',
    ],
    [
      'a native request without a body has it all the same',
      'return this.#makeNative(null);',
      'return this.#makeNative(this.body);',
    ],
  ]),
];
