// First rung: the bytes that were read are written back.

import { createEngine } from '../measure/engine.ts';
import { serveRung } from './rung.ts';

const { slot } = createEngine('wasm');
// So few bytes the kernel takes at once: none is overwritten by the next read before it has gone.
serveRung(slot, () => (bytes) => slot.read.subarray(0, bytes));
