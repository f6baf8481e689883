// Makes a failing input small and readable: fewer bytes, fewer cuts, plainer bytes, as long as it fails in the
// same way. Inputs are mutated bytes, so they shrink as bytes, whatever grammar they came from.

import { type Input, tidyCuts } from './input.ts';

/** Bytes that mean the least, the plainest first. */
const PLAIN = ['a', '0', '1', ' ', '/', ':'];
const TRIALS_MAX = 20_000;

/** @param fails whether an input fails in the same way */
export function minimise(input: Input, fails: (input: Input) => boolean): Input {
  let best = input;
  let trials = 0;
  /** Shrinks an input that fails. */
  const take = (candidate: Input): boolean => {
    if (trials++ >= TRIALS_MAX || !fails(candidate)) return false;
    best = candidate;
    return true;
  };

  take({ ...best, limits: 'usual' });
  take({ ...best, draining: false });
  take({ ...best, cuts: [] });
  let before: Input;
  do {
    before = best;
    for (let size = best.text.length; size >= 1; size = size > 8 ? size >> 1 : size - 1)
      for (let at = 0; at < best.text.length; ) if (!take(without(best, at, at + size))) at += size;
    for (const cut of best.cuts) take({ ...best, cuts: best.cuts.filter((other) => other !== cut) });
    for (let at = 0; at < best.text.length; at++)
      for (const byte of PLAIN) if (best.text[at] === byte || take(withByte(best, at, byte))) break;
  } while (best !== before);
  return best;
}

function without({ text, cuts, ...rest }: Input, from: number, to: number): Input {
  const shorter = text.slice(0, from) + text.slice(to);
  const moved = cuts.map((cut) => (cut <= from ? cut : Math.max(from, cut - (to - from))));
  return { ...rest, text: shorter, cuts: tidyCuts(moved, shorter.length) };
}

function withByte(input: Input, at: number, byte: string): Input {
  return { ...input, text: input.text.slice(0, at) + byte + input.text.slice(at + 1) };
}
