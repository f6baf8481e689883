// Defects of connections of HTTPS, from the first byte to the close.

import { type Defect, defectsOf } from './defect.ts';

const HOSTILE = ['test/tls/hostile.test.ts'];
const ADDRESSES = ['test/connection/limits.test.ts'];
const READER = ['test/tls/reading.test.ts'];
const UPGRADE = ['test/connection/upgrade.test.ts'];
const SELFTEST = ['test/connection/selftest.test.ts'];

export const secureConnectionDefects: Defect[] = [
  ...defectsOf('src/connection/handshake.ts', HOSTILE, [
    ['text is taken for TLS', 'beginsText(bytes[0] as number)', 'false', 'plain HTTP'],
    ['an empty line is taken for TLS', ' || byte === 0x0d || byte === 0x0a', '', 'an empty line before it'],
    ['a handshake has the time of a head', 'this.deadline.awaitHandshake();', '', 'is cut at its timeout'],
    [
      'a handshake makes no room',
      'return this.deadline.headGraceOver(nowMs);',
      'return nowMs < 0;',
      'makes room after its grace',
    ],
    [
      'a client that closes its half may finish the handshake',
      'peerEnded(): void {\n    this.destroy();',
      'peerEnded(): void {',
      'ends when the client closes its half',
    ],
  ]),
  ...defectsOf('src/connection/connections.ts', HOSTILE, [
    [
      'a client beyond the limit is served after its handshake',
      'if (turnedAway.has(connection)) connection.refuse(ERROR_OVERLOADED);',
      '',
      'a client beyond the limit',
    ],
    [
      'a client beyond the limit counts after its handshake',
      'if (this.turnedAway.delete(handshake)) this.turnedAway.add(by);',
      'this.turnedAway.delete(handshake);',
      'a client beyond the limit',
    ],
  ]),
  ...defectsOf('src/connection/connections.ts', ADDRESSES, [
    [
      'an address is counted for ever after a handshake',
      'by.addressEntry = handshake.addressEntry;',
      '',
      'serves other addresses, over',
    ],
  ]),
  ...defectsOf('src/connection/outflow.ts', HOSTILE, [
    [
      'a connection that encrypts is closed at once',
      'if (this.host.endpoint.secure !== undefined) return false;',
      '',
      'the end of a connection is announced',
    ],
  ]),
  ...defectsOf(
    'src/connection/writer.ts',
    ['test/connection/writer.test.ts'],
    [
      [
        'all of a long write is encrypted at once',
        'piece.subarray(0, ENCRYPTED_BYTES_MAX)',
        'piece.subarray(0)',
        'in slices, one after the other',
      ],
      [
        'a short write overtakes a long one',
        '(this.later !== undefined || isLong(bytes, more))',
        'isLong(bytes, more)',
        'in slices, one after the other',
      ],
      [
        'bytes that fill the kernel count as read by the peer',
        'this.filling &&= this.kernelHasAll;',
        'this.filling = false;',
        'before its buffers are full',
      ],
    ],
  ),
  ...defectsOf('src/connection/reader.ts', READER, [
    [
      'bytes that are decrypted while reading is paused are served',
      'if (!receiver.paused) return',
      'return',
      'wait in the stream',
    ],
  ]),
  ...defectsOf('src/connection/inflow.ts', UPGRADE, [
    [
      'the stream of a new owner is paused',
      '// The new owner resumes its stream itself.\n    this.paused = false;',
      '',
      'megabytes go both ways',
    ],
  ]),
  ...defectsOf('src/connection/selftest.ts', SELFTEST, [
    [
      'the self-test needs a certificate of its client',
      'of: () => undefined, client: undefined }',
      "of: () => undefined, client: 'require' }",
      'do not hinder it',
    ],
  ]),
];
