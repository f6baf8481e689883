// Decides at a reload whether new certificates are all that has changed, so that the threads need not be replaced.

import type { Certificates } from '../tls/certificates.ts';
import type { TlsMaterial } from '../tls/material.ts';
import type { TlsSources } from '../tls/sources.ts';
import { fingerprintOf } from './fingerprint.ts';

export interface RenewalOptions {
  certificates: Certificates;
  /** URL of the application's module; undefined for the built-in application, which never changes. */
  app: string | undefined;
  /** Gives the certificates to every thread. */
  apply: (material: TlsMaterial) => Promise<void>;
  note: (text: string) => void;
}

export class Renewal {
  /** The application's files when the threads that serve loaded them; undefined if unknown. */
  private loaded: string | undefined;

  constructor(private readonly options: RenewalOptions) {}

  /**
   * Loads the application in all threads.
   * @throws the error of `load`
   */
  async whileLoading<T>(load: () => Promise<T>): Promise<T> {
    // A file that changes while it is loaded has changed.
    const before = await this.files();
    const result = await load();
    this.loaded = before;
    return result;
  }

  /**
   * Reads the certificates anew.
   * @returns whether nothing else has changed since the threads loaded the application
   * @throws Error of one line; then nothing changes
   */
  async suffices(): Promise<boolean> {
    const { app, certificates } = this.options;
    if (!(await this.read())) return false;
    const only = app === undefined || (this.loaded !== undefined && (await this.files()) === this.loaded);
    const why =
      only && app !== undefined
        ? "; the app's files have not changed, so the workers stay: reload once more to replace them"
        : '';
    this.options.note(`Reloaded the certificates: ${certificates.describe()}${why}`);
    return only;
  }

  /**
   * Reads the certificates anew, and puts them in force.
   * @param sources take the place of the ones before
   * @throws Error of one line; then nothing changes
   */
  async renew(sources?: TlsSources): Promise<void> {
    const { certificates, note } = this.options;
    if (await this.read(sources)) note(`Reloaded the certificates: ${certificates.describe()}`);
  }

  private async read(sources?: TlsSources): Promise<boolean> {
    const material = this.options.certificates.renew(sources);
    if (material !== undefined) await this.options.apply(material);
    return material !== undefined;
  }

  private async files(): Promise<string | undefined> {
    const { app, certificates } = this.options;
    return app && (await fingerprintOf(app, certificates.files));
  }
}
