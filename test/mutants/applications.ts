// Defects that clients of an application notice.

import { type Defect, defectsOf } from './defect.ts';

const RESPONSES = ['test/app/end-to-end/responses.test.ts'];
const ERRORS = ['test/app/end-to-end/errors.test.ts'];
const ROUTES = ['test/app/end-to-end/routes.test.ts'];

export const applicationDefects: Defect[] = [
  ...defectsOf(
    'src/app/native.ts',
    ['test/package.test.ts'],
    [
      [
        "a second copy of the package takes the first one's Response for the platform's",
        'return global[platformOwn] ?? global;',
        'return global;',
        'an application runs with hotpath inside, and shares state with the server',
      ],
    ],
  ),
  ...defectsOf('src/app/routes.ts', ROUTES, [
    [
      'a path with dot segments goes where its first segment says',
      'if (normal !== path) return this.find(normal);',
      '',
      'routes match the path of request.url',
    ],
    ['parameters stay encoded', 'return decodeURIComponent(part);', 'return part;', '/users/a%20b'],
    [
      'HEAD does not follow GET',
      "if (get !== undefined && !methods.has('HEAD')) methods.set",
      "if (get !== undefined && methods.has('HEAD')) methods.set",
      'HEAD is answered as GET, unless the route has a HEAD of its own',
    ],
    [
      "a route's own HEAD is answered by the engine with GET's",
      "method === 'GET' && !('HEAD' in answers)",
      "method === 'GET'",
      'HEAD is answered as GET, unless the route has a HEAD of its own',
    ],
  ]),
  ...defectsOf('src/app/dispatcher.ts', ERRORS, [
    [
      'a failed handler tells its client why',
      'fail(exchange, 500, noted);',
      "fail(exchange, 500, 'x-why: ' + String(error) + '\\r\\n');",
      'a 500 without details',
    ],
    [
      'an error handler is not asked',
      'if (this.error === undefined) {',
      'if (this.error === undefined || !exchange.over) {',
      'that answers',
    ],
  ]),
  ...defectsOf('src/app/send.ts', RESPONSES, [
    [
      'a stream does not wait for its reader',
      '!this.exchange.write(bytes, this.lasting)) await this.drained();',
      '!this.exchange.write(bytes, this.lasting)) await undefined;',
      'a stream waits for its client',
    ],
    [
      'a stream is not cancelled',
      'this.reader?.cancel(reason).catch(ignore);',
      '',
      'a stream waits for its client',
    ],
  ]),
];
