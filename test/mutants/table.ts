// The table of all defects, and a check of the table by itself. locate.ts compares it with the sources.

import { adminDefects } from './admin.ts';
import { appDefects } from './app.ts';
import { applicationDefects } from './applications.ts';
import { certificateDefects } from './certificates.ts';
import { connectionDefects } from './connection.ts';
import type { Defect } from './defect.ts';
import { deploymentDefects } from './deployment.ts';
import { developingDefects } from './developing.ts';
import { durableDefects } from './durable.ts';
import { exchangeDefects } from './exchange.ts';
import { figureDefects } from './figures.ts';
import { http2Defects } from './http2.ts';
import { jsDefects } from './js.ts';
import { limiterDefects } from './limiter.ts';
import { logDefects } from './logs.ts';
import { memoryDefects } from './memory.ts';
import { modelDefects } from './models.ts';
import { mutexDefects } from './mutex.ts';
import { optionDefects } from './options.ts';
import { redirectDefects } from './redirects.ts';
import { secureConnectionDefects } from './secure-connections.ts';
import { stateDefects } from './state.ts';
import { testingDefects } from './testing.ts';
import { tlsDefects } from './tls.ts';
import { wasmDefects } from './wasm.ts';
import { workerDefects } from './workers.ts';

export const DEFECTS: readonly Defect[] = [
  ...wasmDefects,
  ...jsDefects,
  ...limiterDefects,
  ...memoryDefects,
  ...connectionDefects,
  ...exchangeDefects,
  ...adminDefects,
  ...figureDefects,
  ...http2Defects,
  ...logDefects,
  ...workerDefects,
  ...modelDefects,
  ...applicationDefects,
  ...testingDefects,
  ...appDefects,
  ...mutexDefects,
  ...stateDefects,
  ...deploymentDefects,
  ...durableDefects,
  ...developingDefects,
  ...optionDefects,
  ...redirectDefects,
  ...secureConnectionDefects,
  ...tlsDefects,
  ...certificateDefects,
];

/** Describes mistakes of the table that no change of the sources can cause, a line each. */
export function tableErrors(defects: readonly Defect[] = DEFECTS): string[] {
  const errors: string[] = [];
  const names = new Set<string>();
  for (const { name, file, found, put, tests } of defects) {
    const complain = (text: string): number => errors.push(`${file}: ${name}: ${text}`);
    if (names.has(`${file} ${name}`)) complain('stands in the table twice');
    names.add(`${file} ${name}`);
    if (found === put) complain('changes nothing');
    if (found === '') complain('quotes nothing');
    if (tests.length === 0) complain('names no test file');
  }
  return errors;
}
