// The reason phrases of status codes (RFC 9110 15 and the registry of its section 16.2.1).

const REASON_PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
};

/** The registered reason phrase of a status code; empty when there is none. */
export function reasonPhrase(statusCode: number): string {
  return REASON_PHRASES[statusCode] ?? '';
}

/** Whether a text is a reason-phrase (RFC 9112 4). */
export function isReasonPhrase(text: unknown): text is string {
  return typeof text === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

const lines = new Map<number, string>();

/**
 * Makes the status line with its CRLF (RFC 9112 4).
 * @param statusCode from 100 to 599
 * @param own a valid reason phrase that replaces the registered one
 */
export function statusLine(statusCode: number, own?: string): string {
  if (own !== undefined) return `HTTP/1.1 ${statusCode} ${own}\r\n`;
  let line = lines.get(statusCode);
  if (line === undefined) {
    line = `HTTP/1.1 ${statusCode} ${reasonPhrase(statusCode)}\r\n`;
    lines.set(statusCode, line);
  }
  return line;
}

/** Whether a response of this status has no content, so that no length is sent either (RFC 9110 6.4.1, 8.6). */
export function isBare(statusCode: number): boolean {
  return statusCode === 204 || statusCode === 304;
}
