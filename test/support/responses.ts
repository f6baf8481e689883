// A strict reader of responses that knows nothing of the server's code.

export interface Response {
  statusCode: number;
  fields: Map<string, string>;
  content: string;
}

/** Field values of this server are not folded and have no white space around them. */
const FIELD_LINE =
  /^([!#$%&'*+.^_`|~\w-]+): ([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** RFC 9110 6.4.1. */
const NO_CONTENT = new Set([204, 304]);

/** Reads all responses in `text`. `heads`: which of them answer HEAD. @throws when a byte is out of place */
export function readResponses(text: string, heads: ReadonlySet<number> = new Set()): Response[] {
  const responses: Response[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) throw new Error(`unfinished head: ${JSON.stringify(text.slice(at))}`);
    const [statusLine, ...lines] = text.slice(at, end).split('\r\n') as [string, ...string[]];
    const status = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(statusLine);
    if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    const fields = new Map<string, string>();
    for (const line of lines) {
      const field = FIELD_LINE.exec(line);
      if (!field) throw new Error(`not a field line: ${JSON.stringify(line)}`);
      const name = (field[1] as string).toLowerCase();
      if (fields.has(name)) throw new Error(`${name} twice`);
      fields.set(name, field[2] ?? '');
    }
    if (!/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(fields.get('date') ?? ''))
      throw new Error(`not a date: ${fields.get('date')}`);
    const statusCode = Number(status[1]);
    const length = fields.get('content-length');
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

/** Without `100 Continue`, which comes or not as the content has come or not. */
export function withoutInterim(text: string): string {
  return text.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '');
}
