// A strict reader of responses, without knowledge of the server's code.

export interface Response {
  statusCode: number;
  fields: ReadonlyMap<string, string>;
  content: string;
  /** The sizes of its chunks without the last one; undefined if the content is not chunked. */
  chunks?: number[];
  /** Trailers of chunked content. */
  trailers?: Map<string, string>;
}

type Head = Pick<Response, 'statusCode' | 'fields'>;

/** Field values of this server are not folded and have no white space around them. */
const FIELD_LINE =
  /^([!#$%&'*+.^_`|~\w-]+): ([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** RFC 9110 6.4.1. */
const NO_CONTENT = new Set([204, 304]);

/**
 * Reads all responses in `text`. `heads`: the indexes of the responses to HEAD.
 * @param framing 'any' allows chunked content, and content that ends with the connection
 * @throws when a byte is out of place
 */
export function readResponses(
  text: string,
  heads: ReadonlySet<number> = new Set(),
  framing: 'length' | 'any' = 'length',
): Response[] {
  const responses: Response[] = [];
  // Thousands of responses have the same head.
  const read = new Map<string, Head>();
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) throw new Error(`unfinished head: ${JSON.stringify(text.slice(at))}`);
    const lines = text.slice(at, end);
    const { statusCode, fields } = read.get(lines) ?? readHead(lines);
    read.set(lines, { statusCode, fields });
    const length = fields.get('content-length');
    if (framing === 'any' && length === undefined && !NO_CONTENT.has(statusCode)) {
      const response = { statusCode, fields, content: '' };
      if (heads.has(responses.length)) at = end + 4;
      else if (fields.get('transfer-encoding') === 'chunked') at = readChunked(text, end + 4, response);
      else {
        if (fields.get('connection') !== 'close') throw new Error('content without an end');
        response.content = text.slice(end + 4);
        at = text.length;
      }
      responses.push(response);
      continue;
    }
    if (fields.has('transfer-encoding')) throw new Error('two framings');
    if (NO_CONTENT.has(statusCode) ? length !== undefined : !/^\d+$/.test(length ?? ''))
      throw new Error(`${statusCode} with Content-Length: ${length}`);
    const size = heads.has(responses.length) ? 0 : Number(length ?? 0);
    const content = text.slice(end + 4, end + 4 + size);
    if (content.length !== size) throw new Error(`content of ${content.length} bytes, not ${size}`);
    responses.push({ statusCode, fields, content });
    at = end + 4 + size;
  }
  return responses;
}

function readHead(text: string): Head {
  const [statusLine, ...lines] = text.split('\r\n') as [string, ...string[]];
  const status = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(statusLine);
  if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const fields = readFields(lines);
  if (!/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(fields.get('date') ?? ''))
    throw new Error(`not a date: ${fields.get('date')}`);
  return { statusCode: Number(status[1]), fields };
}

function readFields(lines: string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const field = FIELD_LINE.exec(line);
    if (!field) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    const name = (field[1] as string).toLowerCase();
    if (fields.has(name)) throw new Error(`${name} twice`);
    fields.set(name, field[2] ?? '');
  }
  return fields;
}

/** Reads chunked content (RFC 9112 7.1) at `at` into a response. Returns the position after it. */
function readChunked(text: string, at: number, response: Response): number {
  const pieces: string[] = [];
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const sizeLine = text.slice(at, lineEnd);
    if (lineEnd < 0 || !/^(0|[1-9a-f][\da-f]*)$/.test(sizeLine))
      throw new Error(`not a chunk size: ${JSON.stringify(text.slice(at, at + 20))}`);
    const size = Number.parseInt(sizeLine, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    const chunk = text.slice(at, at + size);
    if (chunk.length !== size) throw new Error(`chunk of ${chunk.length} bytes, not ${size}`);
    pieces.push(chunk);
    at += size;
    if (text.slice(at, at + 2) !== '\r\n') throw new Error('a chunk without an end');
    at += 2;
  }
  const none = text.startsWith('\r\n', at);
  const end = none ? at : text.indexOf('\r\n\r\n', at);
  if (end < 0) throw new Error('unfinished trailer section');
  response.content = pieces.join('');
  response.chunks = pieces.map(({ length }) => length);
  response.trailers = readFields(none ? [] : text.slice(at, end).split('\r\n'));
  return none ? end + 2 : end + 4;
}

/** Removes `100 Continue`, which the server sends only if the content has not arrived yet. */
export function withoutInterim(text: string): string {
  return text.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '');
}
