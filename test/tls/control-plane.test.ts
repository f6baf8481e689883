// The certificates as the control plane keeps them: what a renewal changes, and the keys of tickets.

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Certificates } from '../../src/tls/certificates.ts';
import { SecureContexts } from '../../src/tls/secure-contexts.ts';
import type { TlsSources } from '../../src/tls/sources.ts';
import { createTicketKeys, rotateTicketKeys, TicketKeys } from '../../src/tls/ticket-keys.ts';
import { choosingWorks } from '../../src/tls/ticket-selftest.ts';
import { type Issued, pair } from '../support/certificates.ts';
import { atEnd, temporaryFolder } from '../support/fixtures.ts';

/** Files of a pair that a test overwrites. */
class Files {
  private readonly folder = temporaryFolder('tls');
  readonly cert = join(this.folder, 'cert.pem');
  readonly key = join(this.folder, 'key.pem');
  readonly sources: TlsSources = {
    pairs: [
      { cert: [{ called: '--tls-cert', file: this.cert }], key: { called: '--tls-key', file: this.key } },
    ],
    client: undefined,
  };

  constructor(issued: Issued) {
    this.put(issued);
  }

  put({ certFile, keyFile }: Issued): void {
    copyFileSync(certFile, this.cert);
    copyFileSync(keyFile, this.key);
  }
}

async function open(
  sources: TlsSources,
  warn: (text: string) => void = () => {},
  ticketKeyMs = 3_600_000,
): Promise<Certificates> {
  const certificates = await Certificates.open({ sources, http2: false, warn, ticketKeyMs });
  atEnd(() => certificates.close());
  return certificates;
}

describe('a renewal', () => {
  test('reads the files anew, and returns the material only if it has changed', async () => {
    const files = new Files(pair());
    const certificates = await open(files.sources);
    expect(certificates.renew()).toBeUndefined();
    const next = pair({ names: ['next.test'] });
    files.put(next);
    expect(certificates.renew()?.pairs[0]).toMatchObject({ cert: next.cert, serverNames: ['next.test'] });
    // A thread that starts later gets it.
    expect(certificates.start.material.pairs[0]?.cert).toBe(next.cert);
    expect(certificates.renew()).toBeUndefined();
    expect(certificates.describe()).toMatch(/^next\.test until \d{4}-\d\d-\d\d$/);
  });

  test('that fails changes nothing, and the next one reads the same files', async () => {
    const files = new Files(pair());
    const certificates = await open(files.sources);
    const { material } = certificates.start;
    writeFileSync(files.key, pair({ names: ['next.test'] }).key);
    expect(() => certificates.renew()).toThrow(/^--tls-key '.*' is not the key of --tls-cert/);
    const bad = { called: 'tls.cert', text: '' };
    expect(() => certificates.renew({ pairs: [{ cert: [bad], key: bad }], client: undefined })).toThrow(
      'tls.cert is empty',
    );
    expect(certificates.start.material).toBe(material);
    files.put(pair({ names: ['next.test'] }));
    expect(certificates.renew()?.pairs[0]?.serverNames).toEqual(['next.test']);
  });

  test('may have other sources, which are read from then on', async () => {
    const [first, second] = [new Files(pair()), new Files(pair({ names: ['second.test'] }))];
    const certificates = await open(first.sources);
    expect(certificates.files).toEqual([first.cert, first.key]);
    expect(certificates.renew(second.sources)?.pairs[0]?.serverNames).toEqual(['second.test']);
    second.put(pair({ names: ['third.test'] }));
    expect(certificates.renew()?.pairs[0]?.serverNames).toEqual(['third.test']);
    expect(certificates.files).toEqual([second.cert, second.key]);
  });

  test('warns of a certificate that expires soon, as the start does', async () => {
    const warnings: string[] = [];
    const files = new Files(pair({ days: 3 }));
    const certificates = await open(files.sources, (text) => warnings.push(text));
    certificates.renew();
    expect(warnings).toEqual(Array(2).fill(expect.stringMatching(/^--tls-cert '.*' expires on /)));
  });

  test('many certificates are described by the first ones', async () => {
    const { pairs } = new Files(pair()).sources;
    const certificates = await open({ pairs: Array(7).fill(pairs[0]), client: undefined });
    expect(certificates.describe()).toMatch(
      /^(localhost until [\d-]+, ){4}localhost until [\d-]+ and 2 more$/,
    );
  });
});

describe('ticket keys', () => {
  /** Both halves of the keys that a thread has: the name that seals, and whether it opens tickets of a name. */
  class Thread {
    private ask: (name: Buffer, iv: Buffer, seal: boolean) => [number, Buffer, Buffer, Buffer?, Buffer?] =
      () => [0, Buffer.alloc(0), Buffer.alloc(0)];

    constructor(memory: SharedArrayBuffer) {
      const thread = this;
      const context = {
        enableTicketKeyCallback(): void {},
        set onticketkeycallback(ask: typeof thread.ask) {
          thread.ask = ask;
        },
      };
      expect(new TicketKeys(memory).attach({ context })).toBe(true);
    }

    seal(): { name: Buffer; keys: Buffer; iv: Buffer } {
      const [result, hmac, aes, name, iv] = this.ask(Buffer.alloc(16), Buffer.alloc(16), true);
      expect(result).toBe(1);
      return { name: name as Buffer, keys: Buffer.concat([hmac, aes]), iv: iv as Buffer };
    }

    /** 0: not at all, 1: yes, 2: yes, and the ticket is replaced. */
    open(name: Buffer): { result: number; keys: Buffer } {
      const [result, hmac, aes] = this.ask(name, Buffer.alloc(16), false);
      return { result, keys: Buffer.concat([hmac, aes]) };
    }
  }

  test('a thread seals with the newest key, and opens with it and the two before', () => {
    const memory = createTicketKeys();
    const [one, other] = [new Thread(memory), new Thread(memory)];
    const { name, keys } = one.seal();
    const results = [other.open(name)];
    for (let i = 0; i < 10; i++) {
      rotateTicketKeys(memory);
      results.push(other.open(name));
    }
    expect(results.map(({ result }) => result)).toEqual([1, 2, 2, ...Array(8).fill(0)]);
    for (const opened of results.slice(0, 3)) expect(opened.keys).toEqual(keys);
    expect(one.seal().name).not.toEqual(name);
  });

  test('each ticket has an IV of its own, and each part of a key is random', () => {
    const thread = new Thread(createTicketKeys());
    const [one, other] = [thread.seal(), thread.seal()];
    expect(one.iv).not.toEqual(other.iv);
    expect(one.name).toEqual(other.name);
    const parts = [one.name, one.keys.subarray(0, 16), one.keys.subarray(16), one.iv];
    expect(new Set(parts.map((part) => part.toString('hex'))).size).toBe(4);
    for (const part of parts) expect(part).toHaveLength(16);
    expect(new Thread(createTicketKeys()).seal().name).not.toEqual(one.name);
  });

  test('a key that is being written is not yet read, and replaces none that is in use', () => {
    const memory = createTicketKeys();
    const names: Buffer[] = [];
    for (let i = 0; i < 3; i++) {
      if (i > 0) rotateTicketKeys(memory);
      names.unshift(new Thread(memory).seal().name);
    }
    const store = vi.spyOn(Atomics, 'store').mockReturnValue(0 as never);
    rotateTicketKeys(memory);
    store.mockRestore();
    const thread = new Thread(memory);
    expect(thread.seal().name).toEqual(names[0]);
    expect(names.map((name) => thread.open(name).result)).toEqual([1, 2, 2]);
  });

  test('the control plane replaces the key again and again, until it closes', async () => {
    const certificates = await open(new Files(pair()).sources, undefined, 5);
    const { memory, choosing } = certificates.start.tickets;
    expect(choosing).toBe(true);
    const keys = new TicketKeys(memory);
    const seen = new Set<string>();
    while (seen.size < 4) {
      seen.add(keys.newest.toString('hex'));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    certificates.close();
    const last = keys.newest;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(keys.newest).toBe(last);
  });
});

describe('the self-test of tickets', () => {
  const { cert, key } = pair();
  const material = { pairs: [{ cert, key, serverNames: [] }], client: undefined };

  test('passes in this Node', async () => {
    expect(await choosingWorks(material)).toBe(true);
    // Its client has no certificate.
    expect(await choosingWorks({ ...material, client: { ca: cert, certificates: 'require' } })).toBe(true);
  });

  test('fails where a context has no such function, or the function does nothing', async () => {
    const { context } = new SecureContexts(material).byDefault as { context: object };
    const prototype = Object.getPrototypeOf(context);
    const before = prototype.enableTicketKeyCallback;
    for (const broken of [undefined, () => {}]) {
      prototype.enableTicketKeyCallback = broken;
      expect(await choosingWorks(material).finally(() => (prototype.enableTicketKeyCallback = before))).toBe(
        false,
      );
    }
  });
});
