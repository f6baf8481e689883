// Defects of certificates: how they are read and chosen, their renewal, and the keys of session tickets.

import { type Defect, defectsOf } from './defect.ts';

export const certificateDefects: Defect[] = [
  ...defectsOf(
    'src/tls/read-pem.ts',
    ['test/tls/read-material.test.ts'],
    [
      [
        'reading a pipe waits for its writer',
        'if (found?.isFile() && found.size <= FILE_BYTES_MAX)',
        'if (found !== undefined && !found.isDirectory() && found.size <= FILE_BYTES_MAX)',
        'a device or a pipe',
      ],
      [
        'a message repeats the text of a key',
        "`${source.called} '${escaped(source.file)}'` : source.called",
        "`${source.called} '${escaped(source.file)}'` : `${source.called} '${source.text}'`",
        'a text of a program is never repeated',
      ],
      [
        'a file that is cut off is called something other than PEM',
        "if (text.includes('-----BEGIN'))",
        "if (text.includes('-----END'))",
        'one that is empty, too large, cut off',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls/read-material.ts',
    ['test/tls/read-material.test.ts'],
    [
      [
        'an expired certificate is used',
        'if (now > end)',
        'if (now > end + 3 * DAY_MS)',
        'one that has expired',
      ],
      [
        'a certificate that is not yet valid is used',
        'if (now < begin)',
        'if (now + 4 * DAY_MS < begin)',
        'one that is not yet valid',
      ],
      [
        'no warning of a certificate that expires soon',
        'end - now < WARN_DAYS * DAY_MS',
        'end < now',
        'one that expires within 7 days',
      ],
      [
        'the key of another certificate of the chain passes for the key of the first one',
        'if (belongsTo === 0) return;',
        'if (belongsTo >= 0) return;',
        'a chain in the wrong order',
      ],
      [
        'a certificate that belongs to another place of the chain is not noticed',
        'if (signer > i)',
        'if (signer > i + 1)',
        'a chain in the wrong order',
      ],
      [
        'certificates of other chains behind a chain are a mistake',
        'if (signer < 0) return;',
        'if (signer < 0) throw new Error(name);',
        'a chain in the wrong order',
      ],
      [
        'threads get an encrypted key',
        "const text = encrypted ? parsed.export({ type: 'pkcs8', format: 'pem' }).toString() : block.text;",
        'const text = block.text;',
        'reaches the threads without its encryption',
      ],
      [
        'material that OpenSSL rejects reaches the threads',
        'new SecureContexts(material);',
        'void material;',
        'finds too small',
      ],
      [
        'an authority without a readable certificate is accepted',
        'for (const [index, { text }] of found.entries()) parse(text, nameOf(source), index);',
        '',
        'a file that has none',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls/names.ts',
    ['test/tls/handshakes.test.ts'],
    [
      [
        'names of hosts differ by case',
        'return name.toLowerCase().replace',
        'return name.replace',
        'gets the certificate of',
      ],
      [
        'a dot at the end makes another host',
        "replace(/\\.$/, '')",
        "replace(/\\.\\.$/, '')",
        'a dot at its end',
      ],
      [
        'a wildcard covers several labels',
        "host.replace(/^[^.]*/, '*')",
        "host.replace(/^.*(?=\\.[^.]*\\.)/, '*')",
        'gets the certificate of',
      ],
      [
        'a certificate without alternative names has no host',
        "[commonName ?? '']",
        "['']",
        'gets the certificate of',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls/secure-contexts.ts',
    ['test/tls/handshakes.test.ts'],
    [
      [
        'a wildcard is chosen before the exact name',
        'this.byName.get(host) ?? this.byName.get(wildcardOf(host))',
        'this.byName.get(wildcardOf(host)) ?? this.byName.get(host)',
        'gets the certificate of',
      ],
      [
        'the last certificate for a host serves it',
        'if (!byName.has(name)) byName',
        'byName',
        'the first of two',
      ],
      ['TLS 1.1 is spoken', "minVersion: 'TLSv1.2'", "minVersion: 'TLSv1'", 'TLS 1.1'],
      [
        'a client renegotiates',
        'secureOptions: constants.SSL_OP_NO_RENEGOTIATION',
        'secureOptions: 0',
        'cannot renegotiate',
      ],
      [
        'threads do not share the keys of tickets',
        'if (this.choosing) this.ticketKeys?.attach(context);',
        '',
        'resumed by every thread',
      ],
      [
        'without a choice of keys, a thread keeps the key that it began with',
        'if (this.ticketKey !== this.onlyKey) this.renew(this.material);',
        '',
        'threads share the newest one',
      ],
      [
        'a session outlives the authorities under which it began',
        'JSON.stringify([client?.certificates, client?.ca])',
        'JSON.stringify([client?.certificates])',
        'does not outlive the rules',
      ],
      [
        'a session without a certificate outlives the rule that clients need one',
        'JSON.stringify([client?.certificates, client?.ca])',
        'JSON.stringify([])',
        'does not outlive the rules',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls/ticket-keys.ts',
    ['test/tls/control-plane.test.ts'],
    [
      ['only one older key opens tickets', 'const KEYS = 3;', 'const KEYS = 2;', 'a thread seals'],
      [
        'a key that is in use is overwritten',
        'const RING = KEYS + 1;',
        'const RING = KEYS;',
        'being written',
      ],
      [
        'the number of a key is published before the key',
        '  writeKey(memory, next);\n  Atomics.store(number, 0, next);',
        '  Atomics.store(number, 0, next);\n  writeKey(memory, next - 1);',
        'a thread seals',
      ],
      [
        'a ticket of an older key is not renewed',
        'age === 0 ? KNOWN : KNOWN_RENEW',
        'KNOWN',
        'a thread seals',
      ],
      [
        'tickets of an unknown key are opened by the newest one',
        'return key?.opens ?? NO_KEY;',
        'return key?.opens ?? this.known[0].opens;',
        'a thread seals',
      ],
      [
        'all tickets have one IV',
        'return [KNOWN, hmac, aes, name, randomBytes(PART_BYTES)];',
        'return [KNOWN, hmac, aes, name, name];',
        'an IV of its own',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls/ticket-selftest.ts',
    ['test/tls/control-plane.test.ts'],
    [
      [
        'the self-test passes with any session that is resumed',
        'resumes(contextOfThread(), session)',
        'Promise.resolve(true)',
        'fails where a context',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls/certificates.ts',
    ['test/tls/control-plane.test.ts'],
    [
      [
        'a failed renewal replaces the sources',
        'const { material, warnings } = readMaterial(sources);\n    this.sources = sources;',
        'this.sources = sources;\n    const { material, warnings } = readMaterial(sources);',
        'that fails changes nothing',
      ],
      [
        'a thread that starts later gets the first certificates',
        'this.start.material = material;',
        '',
        'returns the material only if',
      ],
      [
        'certificates that stay the same count as new ones',
        'if (JSON.stringify(material) === JSON.stringify(this.start.material)) return undefined;',
        '',
        'returns the material only if',
      ],
      ['the keys are replaced after the end', 'clearInterval(this.timer);', '', 'until it closes'],
    ],
  ),
  ...defectsOf(
    'src/models/fingerprint.ts',
    ['test/models/fingerprint.test.ts'],
    [
      ['a change of times is not noticed', '\\0${mtimeMs}\\0${ctimeMs}', '', 'changes it'],
      [
        'packages count as files of the application',
        "if (entry.name !== 'node_modules' && !entry.name.startsWith('.'))",
        "if (!entry.name.startsWith('.'))",
        'node_modules, folders',
      ],
      [
        'certificates count as files of the application',
        'if (others.has(path)) continue;',
        '',
        'node_modules, folders',
      ],
      ['a link to a folder hides changes', 'yield undefined;', 'continue;', 'a link to another folder'],
      ['a huge folder is read whole', '++count > FILES_MAX || path', '++count < 0 || path', 'too many files'],
    ],
  ),
  ...defectsOf(
    'src/models/renewal.ts',
    ['test/models/certificates.test.ts'],
    [
      [
        'an app that failed to load counts as loaded',
        'const result = await load();\n    this.loaded = before;',
        'this.loaded = before;\n    const result = await load();',
        'tried again by the next one',
      ],
      [
        'new certificates replace the threads of an app that has not changed',
        '(await this.files()) === this.loaded',
        'false',
        'keeps the threads of an app',
      ],
      [
        'new certificates hide a change of the app',
        '(await this.files()) === this.loaded',
        'true',
        'if the app has changed, too',
      ],
    ],
  ),
  ...defectsOf(
    'src/workers/pool.ts',
    ['test/models/certificates.test.ts'],
    [
      [
        'threads that are being started keep their old certificates',
        '[this.old, this.current, this.next]',
        '[this.old, this.current]',
        'threads that are being started',
      ],
    ],
  ),
  ...defectsOf(
    'src/workers/generation.ts',
    ['test/models/certificates.test.ts'],
    [
      [
        'only the first thread gets new certificates',
        'this.living.map((thread) => thread.renewTls(material))',
        'this.living.slice(0, 1).map((thread) => thread.renewTls(material))',
        'gives new certificates to every thread',
      ],
    ],
  ),
  ...defectsOf(
    'src/workers/worker-main.ts',
    ['test/models/certificates.test.ts'],
    [
      [
        'threads do not get the shared keys of tickets',
        'new SecureContexts(start.tls.material, start.tls.tickets)',
        'new SecureContexts(start.tls.material)',
        'which resume sessions',
      ],
    ],
  ),
  ...defectsOf(
    'src/models/in-thread.ts',
    ['test/models/certificates.test.ts'],
    [
      [
        'sessions end with the certificates that they began with, in a program',
        'new SecureContexts(planes.tls.material, planes.tls.tickets)',
        'new SecureContexts(planes.tls.material)',
        'reads the files anew, or takes others',
      ],
    ],
  ),
  ...defectsOf(
    'src/supervisor.ts',
    ['test/models/certificates.test.ts'],
    [
      [
        'a port is bound before the certificates are read',
        "if (options.tls !== undefined) (await import('./tls/read-material.ts')).readMaterial(options.tls);",
        '',
        'before a port is bound',
      ],
    ],
  ),
  ...defectsOf(
    'src/connection/secure-socket.ts',
    ['test/tls/handshakes.test.ts'],
    [
      [
        'a client with a certificate of an unknown authority is accepted',
        'return socket.authorized || ',
        'return true || ',
        'a required one must be there',
      ],
      [
        'a session outlives the certificate of its client',
        'if (Date.parse(certificate.validTo) < Date.now()) return EXPIRED;',
        '',
        'outlive the certificate of the client',
      ],
    ],
  ),
  ...defectsOf(
    'src/tls-options.ts',
    ['test/tls-options.test.ts'],
    [
      [
        'the text of a key is taken for a path',
        '|^MI[A-Za-z0-9+/=]{98}/.test(given)',
        '/.test(given)',
        'not repeated as one',
      ],
      [
        'the authorities of a pair hold for other pairs, too',
        'if (!sameClient(client, first.client))',
        'if (client === null)',
        'asks for other client certificates',
      ],
    ],
  ),
];
