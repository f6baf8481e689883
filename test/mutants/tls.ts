// Defects of what speaks TLS, file by file.

import { type Defect, defectsOf } from './defect.ts';

const DESCRIPTION = ['test/tls/tls-connection.test.ts'];
const ADDRESS = ['test/connection/address.test.ts'];
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
  ...defectsOf('src/connection/open-exchange.ts', APPLICATION, [
    ['HTTP/1.0 passes for HTTP/1.1', "versionMinor === 0 ? '1.0'", "versionMinor === 0 ? '1.1'"],
  ]),
];
