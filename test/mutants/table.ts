// All defects, and whether they still fit the sources: this quick check is part of `npm test`.

import { existsSync, readFileSync } from 'node:fs';
import { appDefects } from './app.ts';
import { applicationDefects } from './applications.ts';
import { connectionDefects } from './connection.ts';
import type { Defect } from './defect.ts';
import { durableDefects } from './durable.ts';
import { exchangeDefects } from './exchange.ts';
import { jsDefects } from './js.ts';
import { limiterDefects } from './limiter.ts';
import { memoryDefects } from './memory.ts';
import { modelDefects } from './models.ts';
import { mutexDefects } from './mutex.ts';
import { stateDefects } from './state.ts';
import { wasmDefects } from './wasm.ts';
import { workerDefects } from './workers.ts';

export const DEFECTS: readonly Defect[] = [
  ...wasmDefects,
  ...jsDefects,
  ...limiterDefects,
  ...memoryDefects,
  ...connectionDefects,
  ...exchangeDefects,
  ...workerDefects,
  ...modelDefects,
  ...applicationDefects,
  ...appDefects,
  ...mutexDefects,
  ...stateDefects,
  ...durableDefects,
];

/** What is wrong with the table itself, a line each. Reads the sources from the working directory. */
export function tableErrors(defects: readonly Defect[] = DEFECTS): string[] {
  const errors: string[] = [];
  const names = new Set<string>();
  for (const { name, file, found, put, tests, only } of defects) {
    const complain = (text: string): number => errors.push(`${file}: ${name}: ${text}`);
    if (names.has(`${file} ${name}`)) complain('stands in the table twice');
    names.add(`${file} ${name}`);
    const times = existsSync(file) ? readFileSync(file, 'utf8').split(found).length - 1 : 0;
    if (times !== 1) complain(`its text is found ${times} times, not once: ${JSON.stringify(found)}`);
    if (found === put) complain('changes nothing');
    const texts = tests.map((test) => (existsSync(test) ? readFileSync(test, 'utf8') : ''));
    if (texts.length === 0 || texts.includes('')) complain(`there is no ${tests.join(', ')}`);
    if (only !== undefined && !texts.some((text) => text.includes(only)))
      complain(`no test has '${only}' in its name`);
  }
  return errors;
}
