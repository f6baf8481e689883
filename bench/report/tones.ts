// Which subjects stand out, and which of hotpath's engines one is, by its name.

import type { SubjectResult } from '../results.ts';

/** hotpath's own stand out; its JS engine is the quieter of the two. */
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
