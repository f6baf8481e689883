// The colours of subjects: hotpath stands out, and each of its engines has a colour of its own.

import type { SubjectResult } from '../results.ts';

/** hotpath stands out; its JS engine less than its WASM engine. */
export type Tone = 'own' | 'own-js' | 'other';

export function toneOf(subject: SubjectResult): Tone {
  if (!subject.ours) return 'other';
  return isJs(subject) ? 'own-js' : 'own';
}

export function isWasm({ name }: SubjectResult): boolean {
  return /\bwasm\b/i.test(name);
}

export function isJs(subject: SubjectResult): boolean {
  return /\bjs\b/i.test(subject.name) && !isWasm(subject);
}
