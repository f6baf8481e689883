// Defects of what speaks TLS, file by file.

import { type Defect, defectsOf } from './defect.ts';

const DESCRIPTION = ['test/tls/tls-connection.test.ts'];
const ADDRESS = ['test/connection/address.test.ts'];
const HOSTILE = ['test/tls/hostile.test.ts'];
const APPLICATION = ['test/app/dispatcher.test.ts'];

export const tlsDefects: Defect[] = [
  ...defectsOf('src/tls/tls-connection.ts', DESCRIPTION, [
    [
      'a client without a certificate has an invalid one',
      'clientCertificate && (socket.authorizationError as Error | string | null)',
      'socket.authorizationError as Error | string | null',
    ],
    ['each request gets another description', 'known.set(socket, connection);', ''],
    [
      'a client that offered nothing offered false',
      "typeof value === 'string' ? value : undefined",
      'value as string',
    ],
    ['the cipher has the name that OpenSSL gives it', '?.standardName', '?.name'],
  ]),
  ...defectsOf('src/connection/address.ts', ADDRESS, [
    ['a listener that redirects names the server', "serves === 'public')", 'serves !== undefined)'],
    [
      'the URL of a listener of HTTPS is that of a plain one',
      "protocol === 'tls' ? 'https'",
      "protocol === 'tls' ? 'http'",
    ],
  ]),
  ...defectsOf('src/connection/secure-socket.ts', HOSTILE, [
    [
      'a renegotiation makes a second connection',
      "socket.once('secure'",
      "socket.on('secure'",
      'renegotiation',
    ],
    ['an error of TLS is ignored', "socket.on('_tlsError', socketOnTlsError);", '', 'not TLS'],
  ]),
  ...defectsOf(
    'src/connection/secure-socket.ts',
    ['test/tls/vanishing.test.ts'],
    [['a reset before the session tickets goes unnoticed', "socket.once('end', socketOnEnd);", '']],
  ),
  ...defectsOf('src/connection/handshake.ts', HOSTILE, [
    [
      'plain HTTP gets no answer',
      'if (beginsText(bytes[0] as number))',
      'if (bytes.length === 0)',
      'plain HTTP',
    ],
    ['an empty line is no plain HTTP', ' || byte === 0x0d || byte === 0x0a', '', 'an empty line'],
    ['a handshake has no time', 'this.deadline.awaitHandshake();', '', 'at its timeout'],
    [
      'a handshake never makes room',
      'return this.deadline.headGraceOver(nowMs);',
      'return nowMs < 0;',
      'makes room',
    ],
  ]),
  ...defectsOf('src/connection/open-exchange.ts', APPLICATION, [
    ['HTTP/1.0 passes for HTTP/1.1', "versionMinor === 0 ? '1.0'", "versionMinor === 0 ? '1.1'"],
  ]),
];
