// The certificates of a server, as its control plane keeps them: it reads them at the start and at each reload, and makes the
// keys of session tickets.

import type { TlsMaterial, TlsStart } from './material.ts';
import { describeMaterial, readMaterial } from './read-material.ts';
import type { TlsSources } from './sources.ts';
import { createTicketKeys, rotateTicketKeys } from './ticket-keys.ts';
import { choosingWorks } from './ticket-selftest.ts';

export interface CertificatesOptions {
  sources: TlsSources;
  /** Clients may choose HTTP/2. */
  http2: boolean;
  /** Called with lines for the log: certificates that expire soon. */
  warn: (text: string) => void;
  /** Milliseconds for which one key seals session tickets. */
  ticketKeyMs: number;
}

export class Certificates {
  private readonly timer: NodeJS.Timeout;

  /** @param start for every thread that starts. Its material is replaced at each renewal */
  private constructor(
    readonly start: TlsStart,
    private sources: TlsSources,
    private readonly warn: (text: string) => void,
    ticketKeyMs: number,
  ) {
    this.timer = setInterval(() => rotateTicketKeys(start.tickets.memory), ticketKeyMs).unref();
  }

  /** Reads the certificates. @throws Error of one line that names the option */
  static async open(options: CertificatesOptions): Promise<Certificates> {
    const { sources, http2, warn, ticketKeyMs } = options;
    const { material, warnings } = readMaterial(sources);
    for (const line of warnings) warn(line);
    const choosing = await choosingWorks(material);
    if (!choosing)
      warn('Sessions of TLS are not resumed after 12 hours: this Node cannot choose the key of a ticket');
    const tickets = { memory: createTicketKeys(), choosing };
    return new Certificates({ material, tickets, http2 }, sources, warn, ticketKeyMs);
  }

  /**
   * Reads the certificates anew.
   * @param sources take the place of the ones before
   * @returns the material if it has changed
   * @throws Error of one line; then nothing changes
   */
  renew(sources = this.sources): TlsMaterial | undefined {
    const { material, warnings } = readMaterial(sources);
    this.sources = sources;
    for (const line of warnings) this.warn(line);
    if (JSON.stringify(material) === JSON.stringify(this.start.material)) return undefined;
    this.start.material = material;
    return material;
  }

  /** The paths that the certificates are read from. */
  get files(): string[] {
    const { pairs, client } = this.sources;
    const all = [...pairs.flatMap(({ cert, key }) => [...cert, key]), ...(client?.ca ?? [])];
    return all.flatMap((source) => ('file' in source ? source.file : []));
  }

  /** Describes the certificates in a line: `example.com until 2027-02-25`. */
  describe(): string {
    return describeMaterial(this.start.material);
  }

  /** Ends the replacement of ticket keys. */
  close(): void {
    clearInterval(this.timer);
  }
}
