// The head of a request, as the engine reads it: the field section of HTTP/2 becomes a head of HTTP/1.1 in the slot (RFC 9113
// 8.3.1, 8.8). So the engine judges, counts and answers the requests of both protocols by the same rules. nghttp2
// has already rejected what RFC 9113 8.2 and 8.3 call malformed, fields about the connection among it.

import { ERROR_HOST, ERROR_METHOD, ERROR_TARGET } from '../memory/codes.ts';
import { isToken } from '../protocol/token.ts';

const COLON = 0x3a;
const SLASH = 0x2f;

export class RequestHead {
  /** The head, Latin-1. */
  text = '';
  /** How many field lines it has. */
  fieldCount = 0;
  /** One of ERROR_*: why there is no such head; or 0. */
  error = 0;
  /** The last field line is Transfer-Encoding, which the client has not sent. */
  chunked = false;
  /** The request has no content. */
  readonly ends: boolean;
  method = '';
  path = '';
  private scheme = '';
  private authority: string | undefined = undefined;
  private host: string | undefined = undefined;
  private cookie: string | undefined = undefined;
  private lines = '';
  private lengthTold = false;

  /**
   * @param section names and values in turn, in the order in which they came
   * @param ends the request has no content
   */
  constructor(section: readonly string[], ends: boolean) {
    this.ends = ends;
    for (let i = 0; i + 1 < section.length; i += 2) this.take(section[i] as string, section[i + 1] as string);
    if (!ends && !this.lengthTold) {
      // The engine then expects content of unknown length.
      this.chunked = true;
      this.add('transfer-encoding', 'chunked');
    }
    const { authority, cookie, host, method, path, scheme } = this;
    if (cookie !== undefined) this.lines = `cookie: ${cookie}\r\n${this.lines}`;
    if (host !== undefined && host.toLowerCase() !== authority?.toLowerCase()) {
      // RFC 9113 8.3.1: Host must not differ from :authority.
      if (authority !== undefined) this.error = ERROR_HOST;
      this.authority = host;
    }
    if (this.authority !== undefined) {
      this.lines = `host: ${this.authority}\r\n${this.lines}`;
      this.fieldCount++;
    }
    this.text = `${method} ${path} HTTP/1.1\r\n${this.lines}\r\n`;
    if (!isToken(method)) this.error = ERROR_METHOD;
    // A CONNECT has neither path nor scheme (RFC 9113 8.5).
    else if (method === 'CONNECT') this.text = `CONNECT ${this.authority} HTTP/1.1\r\n\r\n`;
    else if (scheme !== 'https' || (path.charCodeAt(0) !== SLASH && path !== '*')) this.error = ERROR_TARGET;
  }

  private take(name: string, value: string): void {
    if (name.charCodeAt(0) === COLON) this.takePseudo(name, value);
    else if (name === 'cookie') {
      // A client may send each cookie in a field of its own (RFC 9113 8.2.3).
      if (this.cookie === undefined) this.fieldCount++;
      this.cookie = this.cookie === undefined ? value : `${this.cookie}; ${value}`;
    } else if (name === 'host' && this.host === undefined) this.host = value;
    else this.add(name, value);
  }

  private takePseudo(name: string, value: string): void {
    if (name === ':method') this.method = value;
    else if (name === ':path') this.path = value;
    else if (name === ':scheme') this.scheme = value.toLowerCase();
    else if (name === ':authority') this.authority = value;
  }

  private add(name: string, value: string): void {
    if (name === 'content-length') this.lengthTold = true;
    this.lines += `${name}: ${value}\r\n`;
    this.fieldCount++;
  }
}
