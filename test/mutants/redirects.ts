// Defects of the listener that redirects to HTTPS, outside of the engines.

import { type Defect, defectsOf } from './defect.ts';

const REDIRECT = ['test/protocol/redirect.test.ts'];
const REDIRECTOR = ['test/connection/redirector.test.ts'];
const REDIRECTS = ['test/tls/redirects.test.ts'];
const ADDRESS = ['test/connection/address.test.ts'];

export const redirectDefects: Defect[] = [
  ...defectsOf(
    'src/tls-options.ts',
    ['test/tls-options.test.ts'],
    [
      [
        'one port speaks HTTPS and redirects',
        'redirectHttp !== 0 && redirectHttp === port',
        'redirectHttp < 0',
      ],
      [
        'two ports that are picked are one',
        'redirectHttp !== 0 && redirectHttp === port',
        'redirectHttp === port',
      ],
    ],
  ),
  ...defectsOf('src/connection/connection.ts', REDIRECTOR, [
    [
      'a turn redirects as the turn before did',
      'plane.turnBegins(outflow, this.requestsLeft, this.endpoint.redirectPort);',
      'plane.turnBegins(outflow, this.requestsLeft, this.endpoint.redirectPort || (slot.views.words[(slot.pointer + 48) >> 2] as number));',
      'connections of both kinds take turns',
    ],
    [
      'the application gets requests that are to be redirected',
      'this.endpoint.redirectPort > 0 ? this.plane.redirector : ',
      '',
      'only allowed hosts are redirected',
    ],
  ]),
  ...defectsOf('src/wasm/prepared-table.ts', REDIRECT, [
    [
      'a redirect by JavaScript takes no more room than other responses',
      'if (index !== PREPARED_REDIRECT) return',
      'if (index >= 0) return',
    ],
  ]),
  ...defectsOf('src/app/redirector.ts', REDIRECTOR, [
    [
      'any host is redirected',
      'authority.anyHost && !saysScheme(access)',
      '!saysScheme(access)',
      'only allowed hosts are redirected',
    ],
    [
      'a client of HTTPS is redirected for ever',
      'authority.anyHost && !saysScheme(access)',
      'authority.anyHost',
      'a request that came to a trusted proxy by https',
    ],
    [
      'a proxy that reports https has no effect',
      " && authority.schemeOf(exchange) === 'http'",
      '',
      'a request that came to a trusted proxy by https',
    ],
  ]),
  ...defectsOf('src/connection/address.ts', ADDRESS, [
    [
      'redirects lead to the first port of any kind',
      "protocol === 'tls' && 'port' in address",
      "'port' in address",
    ],
    ['redirects without a port lead nowhere', 'first === undefined ? 443', 'first === undefined ? 0'],
  ]),
  ...defectsOf('src/connection/endpoint.ts', ADDRESS, [
    [
      'the application answers until the port of HTTPS is known',
      'if (redirects && httpsPort === 0)',
      'if (httpsPort < 0)',
    ],
  ]),
  ...defectsOf('src/connection/listener.ts', REDIRECTS, [
    [
      'the calling thread does not learn the port of HTTPS',
      'known[i] = withPort(one, listener.port);',
      '',
      'the calling thread redirects to the port',
    ],
  ]),
  ...defectsOf('src/workers/worker-main.ts', REDIRECTS, [
    [
      'a thread redirects before it knows the port of HTTPS',
      "if (options.serves === 'redirect') await httpsKnown;",
      '',
      'a thread that is asked to redirect first',
    ],
  ]),
];
