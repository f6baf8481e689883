// --check: tries everything that a start needs, short of binding: options, certificates, tokens, the state folder and the
// application. Every mistake is a line.

import { accessSync, constants, statSync } from 'node:fs';
import { readToken } from '../admin/token.ts';
import type { Options } from '../options.ts';
import type { Probe } from './probe.ts';
import { calledIn, type Settings } from './settings.ts';

/** The outcome of a check. */
export interface Checked {
  mistakes: string[];
  warnings: string[];
}

/** Checks the files that options name, and the application. @param probe has loaded the application's module */
export async function checkStart(
  options: Options,
  settings: Settings,
  probe: Probe | undefined,
): Promise<Checked> {
  const { tls, adminToken, state, redis } = options;
  const mistakes: string[] = [];
  const warnings: string[] = [];
  const attempt = async (action: () => unknown): Promise<void> => {
    try {
      await action();
    } catch (error) {
      mistakes.push((error as Error).message);
    }
  };
  if (tls !== undefined)
    await attempt(async () => {
      const { readMaterial } = await import('../tls/read-material.ts');
      warnings.push(...readMaterial(tls).warnings);
    });
  if (adminToken !== undefined) await attempt(() => readToken(adminToken, calledIn(settings, 'adminToken')));
  if (state !== undefined) await attempt(() => checkFolder(state, calledIn(settings, 'state')));
  if (redis !== undefined)
    await attempt(async () => {
      const name = 'redis';
      await import(name).catch(() => {
        throw new Error(`${calledIn(settings, 'redis')} needs the package redis: npm install redis`);
      });
    });
  if (probe !== undefined) await attempt(async () => warnings.push(...(await probe.prepare(options))));
  return { mistakes, warnings };
}

/** Checks that the state folder can be used, if it is there; a start makes it. */
function checkFolder(path: string, called: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new Error(`${called}: ${path} is no folder: give another path`);
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`${called}: the folder ${path} can't be read and written: give this user its rights`);
  }
}
